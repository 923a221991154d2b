import Badge from '@cloudscape-design/components/badge';
import Box from '@cloudscape-design/components/box';
import Header from '@cloudscape-design/components/header';
import SpaceBetween from '@cloudscape-design/components/space-between';
import Table from '@cloudscape-design/components/table';
import type { ReactNode } from 'react';
import type { VersionsView } from '../../lib/console/views.ts';
import { LIST_EVERY, useSystem, useView } from '../api.ts';
import { Go, listAddress } from '../navigate.tsx';
import { Loaded } from '../problem.tsx';
import { Ago, AsOf, count, Data, withoutAnswer } from '../text.tsx';
import { READS } from '../paths.ts';

/** The processes with their versions: which are open, and which can leave the system. */
export default function ProcessesPage(): ReactNode {
  const { processes } = useSystem();
  const versions = useView<VersionsView>(READS.versions, LIST_EVERY);
  return (
    <Loaded query={versions}>
      {(view) => (
        <SpaceBetween size="l">
          <Table
            variant="container"
            contentDensity="compact"
            wrapLines
            items={processes}
            ariaLabels={{ tableLabel: 'Processes' }}
            header={
              <Header variant="h1" counter={`(${processes.length})`}>
                Processes
              </Header>
            }
            empty={<Box color="text-body-secondary">The system has no process, or it does not run.</Box>}
            columnDefinitions={[
              {
                id: 'name',
                header: 'Process',
                isRowHeader: true,
                cell: ({ name }) => (
                  <span data-row>
                    <Go to={`/process/${encodeURIComponent(name)}`}>
                      <Data>{name}</Data>
                    </Go>
                  </span>
                ),
              },
              { id: 'kind', header: 'Kind', cell: ({ kind }) => (kind === 'decider' ? 'decider' : 'process') },
              { id: 'versions', header: 'Versions', cell: ({ versions: listed }) => listed.join(', ') },
              {
                id: 'startedBy',
                header: 'Started by',
                cell: (row) => <Names names={row.input === undefined ? row.startedBy : [...row.startedBy, 'clients']} />,
              },
              { id: 'receives', header: 'Receives', cell: ({ receives }) => <Names names={receives} /> },
              { id: 'publishes', header: 'Publishes', cell: ({ publishes }) => <Names names={publishes} /> },
              { id: 'calls', header: 'Calls', cell: ({ calls }) => <Names names={calls ?? []} /> },
            ]}
          />
          <Versions view={view} />
        </SpaceBetween>
      )}
    </Loaded>
  );
}

/** The open runs of each version. */
export function Versions({ view, process }: { readonly view: VersionsView; readonly process?: string }): ReactNode {
  const rows = process === undefined ? view.versions : view.versions.filter((each) => each.process === process);
  return (
    <Table
      variant="container"
      contentDensity="compact"
      wrapLines
      items={rows}
      ariaLabels={{ tableLabel: 'Versions' }}
      header={
        <Header variant="h2" counter={`(${rows.length})`} description={<AsOf at={view.asOf} />}>
          Versions
        </Header>
      }
      empty={<Box color="text-body-secondary">No version is listed.</Box>}
      columnDefinitions={[
        {
          id: 'version',
          header: 'Version',
          isRowHeader: true,
          cell: (row) => (
            <Go to={listAddress(`process:${row.process} version:${row.version} status:open`)}>{`${row.process}@${row.version}`}</Go>
          ),
        },
        { id: 'running', header: 'Running', cell: (row) => count(row.running) },
        { id: 'stuck', header: 'Stuck', cell: (row) => (row.stuck > 0 ? <span className="failing">{count(row.stuck)}</span> : '0') },
        { id: 'paused', header: 'Paused', cell: (row) => count(row.paused) },
        { id: 'oldest', header: 'Oldest open run', cell: ({ oldest }) => (oldest === undefined ? '–' : <Ago at={oldest} />) },
        { id: 'removable', header: 'Can leave', cell: (row) => (row.removable ? <Badge color="green">yes</Badge> : 'no') },
        { id: 'why', header: 'Why', cell: (row) => <Data>{withoutAnswer(row.why)}</Data>, minWidth: 260 },
      ]}
    />
  );
}

function Names({ names }: { readonly names: readonly string[] }): ReactNode {
  return names.length === 0 ? '–' : <Data>{names.join(', ')}</Data>;
}
