import Button from '@cloudscape-design/components/button';
import Container from '@cloudscape-design/components/container';
import Header from '@cloudscape-design/components/header';
import SpaceBetween from '@cloudscape-design/components/space-between';
import Box from '@cloudscape-design/components/box';
import type { ReactNode } from 'react';
import type {
  CausesView,
  CountsView,
  ExampleView,
  InstanceCount,
  SchedulesView,
  ServicesView,
  VersionsView,
} from '../../lib/console/views.ts';
import { ActButton, useActing } from '../act.tsx';
import { LIST_EVERY, useSystem, useView } from '../api.ts';
import { operations } from '../later-operations.ts';
import { Go, instanceAddress, listAddress } from '../navigate.tsx';
import { Loaded } from '../problem.tsx';
import { get } from '../request.ts';
import { Ago, AsOf, count, Data, many, StatusWord, Until, withoutAnswer } from '../text.tsx';
import { READS } from '../paths.ts';

/** The instances that do not move, then the number of instances of each process. */
export default function HomeView(): ReactNode {
  const system = useSystem();
  const counts = useView<CountsView>(READS.counts, LIST_EVERY);
  return (
    <Loaded query={counts}>
      {(view) => (
        <SpaceBetween size="l">
          <Header
            variant="h1"
            description={<AsOf at={view.asOf} />}
            actions={
              <SpaceBetween direction="horizontal" size="xs">
                {system.events
                  .filter(({ hasExample }) => hasExample)
                  .map(({ type }) => (
                    <PublishAnother key={type} type={type} />
                  ))}
                <ActButton
                  act="publish"
                  operation={async () => (await operations()).publishOperation(system)}
                  {...(system.events.length === 0 && { disabledReason: 'The system knows no event.' })}
                >
                  Publish an event
                </ActButton>
                <ActButton act="start" operation={async () => (await operations()).startOperation(system)}>
                  Start an instance
                </ActButton>
              </SpaceBetween>
            }
          >
            Overview
          </Header>
          <Attention view={view} />
          <Counts counts={view.counts} />
          <div className="two">
            <Waits />
            <Next />
          </div>
          <Draining />
        </SpaceBetween>
      )}
    </Loaded>
  );
}

/** Publishes an event like those of the file of `tutti dev`, with an id of its own. The dialog shows its data. */
function PublishAnother({ type }: { readonly type: string }): ReactNode {
  const system = useSystem();
  const { open, notice } = useActing();
  return (
    <Button
      variant="primary"
      onClick={() =>
        void get<ExampleView>(`/api/events/${encodeURIComponent(type)}/example`).then(
          ({ data }) => open(operations().then(({ publishOperation }) => publishOperation(system, { type, data }))),
          (error: Error) => notice(error.message, 'error'),
        )
      }
    >
      {`Publish another ${type.slice(type.lastIndexOf('.') + 1)}`}
    </Button>
  );
}

function Attention({ view }: { readonly view: CountsView }): ReactNode {
  const causes = useView<CausesView>(READS.causes, LIST_EVERY);
  const stuck = total(view.counts, 'stuck');
  const tiles = [
    { name: 'stuck', number: stuck.count, more: stuck.more, to: '/stuck', tone: 'bad' },
    { name: 'parked events', number: view.parked, more: view.moreParked === true, to: '/parked', tone: 'bad' },
    { name: 'paused', ...numbered(total(view.counts, 'paused')), to: listAddress('status:paused'), tone: 'wait' },
    { name: 'running', ...numbered(total(view.counts, 'running')), to: listAddress('status:running'), tone: 'run' },
  ];
  return (
    <Container
      header={
        <Header
          variant="h2"
          description={stuck.count + view.parked === 0 ? 'Nothing needs an operator.' : 'The stuck and the parked need an operator.'}
        >
          Now
        </Header>
      }
    >
      <SpaceBetween size="m">
        <div className="tiles">
          {tiles.map(({ name, number, more, to, tone }) => (
            <div key={name} className={`tile ${number > 0 ? tone : 'off'}`}>
              <Go to={to} variant="secondary" fontSize="heading-m">
                <span className="tile-number number">{count(number, more)}</span> {name}
              </Go>
            </div>
          ))}
        </div>
        {(causes.data?.causes ?? []).slice(0, 5).map((group) => (
          <div key={`${group.process} ${group.reason}`} className="cause">
            <StatusWord status={group.status} />
            <Go to={listAddress(`status:${group.status} process:${group.process}`)}>{many(group.count, 'instance')}</Go> of {group.process}:{' '}
            <Data>{group.reason}</Data>
          </div>
        ))}
      </SpaceBetween>
    </Container>
  );
}

const STATUSES = ['stuck', 'paused', 'running', 'failed', 'cancelled', 'terminated', 'completed'] as const;

function Counts({ counts }: { readonly counts: readonly InstanceCount[] }): ReactNode {
  const processes = [...new Set(counts.map(({ process }) => process))].toSorted();
  const of = (process: string, status: string): InstanceCount | undefined =>
    counts.find((each) => each.process === process && each.status === status);
  return (
    <Container
      header={
        <Header variant="h2" counter={`(${processes.length})`}>
          Processes
        </Header>
      }
    >
      {processes.length === 0 && <Box color="text-body-secondary">No instance has been started.</Box>}
      {processes.length > 0 && (
        <div className="counts" role="region" aria-label="Processes" tabIndex={0}>
          <table>
            <thead>
              <tr>
                <th scope="col">Process</th>
                {STATUSES.map((status) => (
                  <th key={status} scope="col">
                    {status}
                  </th>
                ))}
              </tr>
            </thead>
            <tbody>
              {processes.map((process) => (
                <tr key={process}>
                  <th scope="row" data-row>
                    <Go to={`/process/${encodeURIComponent(process)}`}>
                      <Data>{process}</Data>
                    </Go>
                  </th>
                  {STATUSES.map((status) => (
                    <td key={status}>
                      <Count found={of(process, status)} />
                    </td>
                  ))}
                </tr>
              ))}
            </tbody>
          </table>
        </div>
      )}
    </Container>
  );
}

function Count({ found }: { readonly found: InstanceCount | undefined }): ReactNode {
  if (!found) return <span className="quiet">–</span>;
  return <Go to={listAddress(`process:${found.process} status:${found.status}`)}>{count(found.count, found.more)}</Go>;
}

/** One of two boxes of a row. */
function Card({ title, about, children }: { readonly title: string; readonly about: string; readonly children: ReactNode }): ReactNode {
  return (
    <Container
      fitHeight
      header={
        <Header variant="h2" description={about}>
          {title}
        </Header>
      }
    >
      {children}
    </Container>
  );
}

function Waits(): ReactNode {
  const services = useView<ServicesView>(READS.services, LIST_EVERY);
  const rows = (services.data?.services ?? []).filter(({ open }) => open > 0).toSorted((one, other) => since(one) - since(other));
  return (
    <Card title="Waits" about={`The oldest open command of each service${services.data?.more ? ', of the newest running instances' : ''}`}>
      {rows.length === 0 && <Box color="text-body-secondary">No command is open.</Box>}
      <ul className="plain">
        {rows.map((row) => (
          <li key={row.name}>
            <Go to={listAddress(`waits:${row.name}`)}>{row.name}</Go> {many(row.open, 'open command')}
            {row.oldest && (
              <>
                , the oldest <Ago at={row.oldest.since} /> in <Go to={instanceAddress(row.oldest)}>{row.oldest.id}</Go>
              </>
            )}
            {row.failing > 0 && <span className="failing"> {row.failing} failing</span>}
          </li>
        ))}
      </ul>
    </Card>
  );
}

function since({ oldest }: ServicesView['services'][number]): number {
  return oldest ? Date.parse(oldest.since) : Number.POSITIVE_INFINITY;
}

function Next(): ReactNode {
  const schedules = useView<SchedulesView>(READS.schedules, LIST_EVERY);
  const rows = (schedules.data?.schedules ?? [])
    .filter(({ next }) => next !== undefined)
    .toSorted((one, other) => one.next!.at.localeCompare(other.next!.at));
  return (
    <Card title="Schedules" about="The next starts">
      {rows.length === 0 && <Box color="text-body-secondary">No schedule is active.</Box>}
      <ul className="plain">
        {rows.slice(0, 8).map((row) => (
          <li key={row.name}>
            <Go to="/schedules">{row.name}</Go> starts {row.process} <Until at={row.next!.at} />
          </li>
        ))}
      </ul>
    </Card>
  );
}

/** Versions that new instances do not take, with their open runs. */
function Draining(): ReactNode {
  const versions = useView<VersionsView>(READS.versions, LIST_EVERY * 6);
  const newest = new Map<string, number>();
  for (const { process, version } of versions.data?.versions ?? []) newest.set(process, Math.max(version, newest.get(process) ?? 0));
  const old = (versions.data?.versions ?? []).filter(({ process, version }) => version < (newest.get(process) ?? 0));
  if (old.length === 0) return null;
  return (
    <Container header={<Header variant="h2">Earlier versions</Header>}>
      <ul className="plain">
        {old.map(({ process, version, removable, why }) => (
          <li key={`${process}@${version}`}>
            <Go to={listAddress(`process:${process} version:${version} status:open`)}>{`${process}@${version}`}</Go>{' '}
            {removable ? 'can leave the system' : 'must stay'}: {withoutAnswer(why)}
          </li>
        ))}
      </ul>
    </Container>
  );
}

function total(counts: readonly InstanceCount[], status: string): { readonly count: number; readonly more: boolean } {
  const found = counts.filter((each) => each.status === status);
  return { count: found.reduce((sum, each) => sum + each.count, 0), more: found.some(({ more }) => more === true) };
}

function numbered({ count: number, more }: { readonly count: number; readonly more: boolean }): {
  readonly number: number;
  readonly more: boolean;
} {
  return { number, more };
}
