import Box from '@cloudscape-design/components/box';
import ButtonDropdown, { type ButtonDropdownProps } from '@cloudscape-design/components/button-dropdown';
import FormField from '@cloudscape-design/components/form-field';
import Header from '@cloudscape-design/components/header';
import Input from '@cloudscape-design/components/input';
import Select from '@cloudscape-design/components/select';
import SpaceBetween from '@cloudscape-design/components/space-between';
import Table from '@cloudscape-design/components/table';
import type { ReactNode } from 'react';
import type { ListedSchedule, SchedulesView } from '../../lib/console/views.ts';
import { ActButton, commandLine, refusalOf, useActing, type Operation } from '../act.tsx';
import { LIST_EVERY, useSystem, useView } from '../api.ts';
import { Go, instanceAddress } from '../navigate.tsx';
import { Loaded } from '../problem.tsx';
import { createOperation, schedulable } from '../create-schedule.tsx';
import { post } from '../request.ts';
import { AsOf, At, Data, StatusWord, Until } from '../text.tsx';
import { READS } from '../paths.ts';

/** The schedules, with their next and last times. */
export default function SchedulesPage(): ReactNode {
  const system = useSystem();
  const schedules = useView<SchedulesView>(READS.schedules, LIST_EVERY);
  return (
    <Loaded query={schedules}>
      {(view) => (
        <Table
          variant="full-page"
          contentDensity="compact"
          wrapLines
          items={view.schedules}
          ariaLabels={{ tableLabel: 'Schedules' }}
          header={
            <Header
              variant="awsui-h1-sticky"
              counter={`(${view.schedules.length})`}
              description={<AsOf at={view.asOf} />}
              actions={
                <ActButton
                  act="schedules"
                  operation={() => createOperation(system)}
                  {...(schedulable(system).length === 0 && { disabledReason: 'The system has no process that a schedule can start.' })}
                >
                  Create a schedule
                </ActButton>
              }
            >
              Schedules
            </Header>
          }
          empty={<Box color="text-body-secondary">The system has no schedule.</Box>}
          columnDefinitions={[
            {
              id: 'name',
              header: 'Schedule',
              isRowHeader: true,
              cell: (row) => (
                <>
                  <b>
                    <Data>{row.name}</Data>
                  </b>
                  <div className="quiet">
                    {row.process}, {row.origin === 'system' ? 'from the code' : 'from a client'}
                  </div>
                </>
              ),
            },
            { id: 'status', header: 'Status', cell: (row) => <Status row={row} /> },
            {
              id: 'times',
              header: 'Times',
              cell: (row) => (
                <>
                  <span className="code">{row.cron}</span>
                  <div className="quiet">{row.zone}</div>
                </>
              ),
            },
            { id: 'next', header: 'Next', cell: ({ next }) => (next ? <Until at={next.at} /> : '–') },
            {
              id: 'last',
              header: 'Last',
              cell: ({ last, process }) =>
                last ? (
                  <>
                    {last.result === 'started' ? <Go to={instanceAddress({ process, id: last.id })}>{last.result}</Go> : last.result}{' '}
                    <At at={last.at} />
                  </>
                ) : (
                  '–'
                ),
            },
            {
              id: 'running',
              header: 'Running',
              cell: ({ running, waiting, process }) => (
                <>
                  {running.length === 0 && '–'}
                  {running.slice(0, 3).map((id) => (
                    <div key={id}>
                      <Go to={instanceAddress({ process, id })}>
                        <Data>{id}</Data>
                      </Go>
                    </div>
                  ))}
                  {waiting.length > 0 && <div className="quiet">{waiting.length} wait</div>}
                </>
              ),
            },
            { id: 'overlap', header: 'Overlap', cell: (row) => row.overlap },
            { id: 'counts', header: 'Started, skipped, missed', cell: (row) => `${row.started}, ${row.skipped}, ${row.missed}` },
            { id: 'acts', header: 'Operations', cell: (row) => <Acts row={row} /> },
          ]}
        />
      )}
    </Loaded>
  );
}

function Status({ row }: { readonly row: ListedSchedule }): ReactNode {
  return (
    <>
      <StatusWord status={row.status} />
      {row.paused && (
        <div className="quiet">
          by <Data>{`${row.paused.by}: ${row.paused.reason}`}</Data>
        </div>
      )}
    </>
  );
}

type Name = 'pause' | 'resume' | 'trigger' | 'backfill' | 'delete';

const TEXTS: Readonly<Record<Name, { readonly verb: string; readonly explains: string }>> = {
  trigger: { verb: 'Start now', explains: 'It starts an instance now, beside its times.' },
  pause: { verb: 'Pause', explains: 'It starts nothing until it is resumed. Times that pass meanwhile are skipped.' },
  resume: { verb: 'Resume', explains: 'It starts at its times again.' },
  backfill: {
    verb: 'Backfill',
    explains: 'It starts the times of the range, one after the other. A time whose instance exists is not started again.',
  },
  delete: { verb: 'Delete', explains: 'It ends. Running instances go on; waiting times are not started.' },
};

function Acts({ row }: { readonly row: ListedSchedule }): ReactNode {
  const { open } = useActing();
  const refusal = refusalOf(useSystem().acts.schedules);
  const names: readonly Name[] = [
    row.status === 'paused' ? 'resume' : 'pause',
    'trigger',
    'backfill',
    ...(row.origin === 'client' ? (['delete'] as const) : []),
  ];
  const items = names.map((name): ButtonDropdownProps.Item => ({
    id: name,
    text: TEXTS[name].verb,
    ...(refusal !== undefined && { disabled: true, disabledReason: refusal }),
  }));
  return (
    <ButtonDropdown
      variant="inline-icon"
      items={items}
      expandToViewport
      ariaLabel={`Operations of ${row.name}`}
      onItemClick={({ detail }) => open(operationOf(row, detail.id as Name))}
    />
  );
}

interface Values {
  readonly overlap: string;
  readonly from: string;
  readonly to: string;
}

const OVERLAPS = ['skip', 'queue-one', 'queue-all', 'cancel', 'allow'] as const;

function operationOf({ name, overlap: own }: ListedSchedule, act: Name): Operation<Values> {
  const asksOverlap = act === 'trigger' || act === 'backfill';
  const options = [
    { value: '', label: act === 'backfill' ? 'queue-all' : `${own}, its own` },
    ...OVERLAPS.map((value) => ({ value, label: value })),
  ];
  return {
    act: 'schedules',
    title: `${TEXTS[act].verb}: ${name}`,
    verb: TEXTS[act].verb,
    explains: TEXTS[act].explains,
    isGrave: act === 'delete',
    values: { overlap: '', from: '', to: '' },
    ...(asksOverlap && {
      form: (values: Values, change: (values: Values) => void) => (
        <SpaceBetween size="s">
          {act === 'backfill' && (
            <>
              <FormField label="From" constraintText="An instant such as 2026-11-30T06:00:00Z" stretch>
                <Input value={values.from} onChange={({ detail }) => change({ ...values, from: detail.value })} />
              </FormField>
              <FormField label="To" constraintText="Included" stretch>
                <Input value={values.to} onChange={({ detail }) => change({ ...values, to: detail.value })} />
              </FormField>
            </>
          )}
          <FormField label="If an instance of it is running" stretch>
            <Select
              options={options}
              selectedOption={options.find(({ value }) => value === values.overlap) ?? null}
              onChange={({ detail }) => change({ ...values, overlap: detail.selectedOption.value ?? '' })}
            />
          </FormField>
        </SpaceBetween>
      ),
    }),
    missing: ({ from, to }) =>
      act === 'backfill' && (Number.isNaN(Date.parse(from)) || Number.isNaN(Date.parse(to))) ? 'Write two instants.' : undefined,
    line: ({ overlap, from, to }, reason) => commandLine(['schedules', act, name], { from, to, overlap, reason }),
    send: ({ overlap, from, to }, reason) =>
      post<SchedulesView>(`/api/schedules/${encodeURIComponent(name)}/${act}`, {
        reason,
        ...(overlap !== '' && { overlap }),
        ...(act === 'backfill' && { from: new Date(from).toISOString(), to: new Date(to).toISOString() }),
      }),
    done: () => `${TEXTS[act].verb}: ${name}.`,
  };
}
