import Box from '@cloudscape-design/components/box';
import Header from '@cloudscape-design/components/header';
import Table from '@cloudscape-design/components/table';
import type { ReactNode } from 'react';
import type { ServicesView } from '../../lib/console/views.ts';
import { LIST_EVERY, useView } from '../api.ts';
import { Go, instanceAddress, listAddress } from '../navigate.tsx';
import { Loaded } from '../problem.tsx';
import { Ago, AsOf, count, Data, many } from '../text.tsx';
import { READS } from '../paths.ts';

/** The services with their queues, and the oldest command that each has not answered. */
export default function ServicesPage(): ReactNode {
  const services = useView<ServicesView>(READS.services, LIST_EVERY);
  return (
    <Loaded query={services}>
      {(view) => (
        <Table
          variant="full-page"
          contentDensity="compact"
          wrapLines
          items={view.services}
          ariaLabels={{ tableLabel: 'Services' }}
          header={
            <Header
              variant="awsui-h1-sticky"
              counter={`(${view.services.length})`}
              description={
                <>
                  <AsOf at={view.asOf} />
                  {view.services[0] && (
                    <span className="quiet">
                      ; open commands are those of {view.more ? 'the newest ' : ''}
                      {many(view.services[0].sampled, 'running instance')}
                    </span>
                  )}
                </>
              }
            >
              Services
            </Header>
          }
          empty={<Box color="text-body-secondary">The system has no service.</Box>}
          columnDefinitions={[
            {
              id: 'name',
              header: 'Service',
              isRowHeader: true,
              cell: (row) => (
                <span data-row>
                  <Go to={listAddress(`waits:${row.name}`)}>
                    <Data>{row.name}</Data>
                  </Go>
                </span>
              ),
            },
            { id: 'open', header: 'Open commands', cell: (row) => count(row.open) },
            {
              id: 'oldest',
              header: 'Oldest',
              cell: ({ oldest }) =>
                oldest ? (
                  <>
                    <Ago at={oldest.since} />, {oldest.command} in{' '}
                    <Go to={instanceAddress(oldest)}>
                      <Data>{oldest.id}</Data>
                    </Go>
                  </>
                ) : (
                  '–'
                ),
              minWidth: 220,
            },
            { id: 'failing', header: 'Failing', cell: (row) => (row.failing > 0 ? <span className="failing">{row.failing}</span> : '–') },
            { id: 'queued', header: 'Queued', cell: (row) => numberOf(row.queued) },
            { id: 'flight', header: 'In flight', cell: (row) => numberOf(row.inFlight) },
            {
              id: 'dead',
              header: 'Dead letters',
              cell: (row) =>
                row.dead !== undefined && row.dead > 0 ? <span className="failing">{count(row.dead)}</span> : numberOf(row.dead),
            },
            {
              id: 'error',
              header: 'Last error',
              cell: (row) => (row.lastError === undefined ? '–' : <Data>{row.lastError}</Data>),
              minWidth: 220,
            },
          ]}
        />
      )}
    </Loaded>
  );
}

function numberOf(value: number | undefined): ReactNode {
  return value === undefined ? <span title="This console cannot read it">–</span> : count(value);
}
