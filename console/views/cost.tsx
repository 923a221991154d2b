import Box from '@cloudscape-design/components/box';
import Container from '@cloudscape-design/components/container';
import Header from '@cloudscape-design/components/header';
import SpaceBetween from '@cloudscape-design/components/space-between';
import Table from '@cloudscape-design/components/table';
import type { ReactNode } from 'react';
import type { CostView } from '../../lib/console/views.ts';
import { useView } from '../api.ts';
import { Go } from '../navigate.tsx';
import { Loaded } from '../problem.tsx';
import { count, Data } from '../text.tsx';

/** Dollars of one instance of each process and version, from the calls that their journals tell and list prices. */
export default function CostPage(): ReactNode {
  const cost = useView<CostView>('/api/cost');
  return <Loaded query={cost}>{(view) => <Cost view={view} title="Cost" variant="h1" />}</Loaded>;
}

export function Cost({
  view,
  title,
  variant,
}: {
  readonly view: CostView;
  readonly title: string;
  readonly variant: 'h1' | 'h2';
}): ReactNode {
  return (
    <SpaceBetween size="l">
      <Table
        variant="container"
        contentDensity="compact"
        wrapLines
        items={view.rows}
        ariaLabels={{ tableLabel: title }}
        header={
          <Header variant={variant} description={`List prices of ${view.region}, ${view.pricesOf}`}>
            {title}
          </Header>
        }
        empty={<Box color="text-body-secondary">No instance has been counted.</Box>}
        columnDefinitions={[
          {
            id: 'process',
            header: 'Process',
            isRowHeader: true,
            cell: (row) => (
              <span data-row>
                <Go to={`/process/${encodeURIComponent(row.process)}`}>
                  <Data>{`${row.process}@${row.version}`}</Data>
                </Go>
              </span>
            ),
          },
          { id: 'usd', header: 'One instance', cell: (row) => <span className="number">{dollars(row.usd)}</span> },
          { id: 'million', header: 'A million', cell: (row) => <span className="number">${(row.usd * 1_000_000).toFixed(2)}</span> },
          { id: 'instances', header: 'Counted instances', cell: (row) => count(row.instances) },
          {
            id: 'parts',
            header: 'Parts',
            minWidth: 320,
            cell: (row) => (
              <details>
                <summary>{largest(row)}</summary>
                <table className="parts">
                  <tbody>
                    {row.parts.map((part) => (
                      <tr key={part.name}>
                        <td>{part.name}</td>
                        <td className="number">{part.calls.toFixed(1)} calls</td>
                        <td className="number">{dollars(part.usd)}</td>
                      </tr>
                    ))}
                  </tbody>
                </table>
              </details>
            ),
          },
        ]}
      />
      <Container header={<Header variant="h2">Assumptions</Header>}>
        <ul className="plain">
          {view.assumptions.map((line) => (
            <li key={line}>{line}</li>
          ))}
        </ul>
      </Container>
    </SpaceBetween>
  );
}

function largest({ parts }: CostView['rows'][number]): string {
  const [first] = parts.toSorted((one, other) => other.usd - one.usd);
  return first ? `most of it: ${first.name}` : 'no calls';
}

function dollars(usd: number): string {
  return `$${usd < 0.01 ? usd.toFixed(8).replace(/0+$/, '') : usd.toFixed(4)}`;
}
