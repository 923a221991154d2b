import Box from '@cloudscape-design/components/box';
import Button from '@cloudscape-design/components/button';
import ExpandableSection from '@cloudscape-design/components/expandable-section';
import Header from '@cloudscape-design/components/header';
import SpaceBetween from '@cloudscape-design/components/space-between';
import Table from '@cloudscape-design/components/table';
import { useInfiniteQuery } from '@tanstack/react-query';
import { useState, type ReactNode } from 'react';
import type {
  DiscardResponse,
  Json,
  ListedParked,
  ParkedEventView,
  ParkedGroupsView,
  ParkedView,
  PublishedResult,
  RedriveResponse,
  SignalResult,
  SystemView,
} from '../../lib/console/views.ts';
import { ActButton, commandLine, useActing, type Operation } from '../act.tsx';
import { LIST_EVERY, useSystem, useView } from '../api.ts';
import { Go, instanceAddress, useParameter } from '../navigate.tsx';
import { NextPage } from '../next-page.tsx';
import { Loaded, Problem } from '../problem.tsx';
import { get, instancePath, post, withParameters } from '../request.ts';
import { initialValue, missingMember, SchemaForm } from '../schema-form.tsx';
import { Ago, AsOf, Data, many, Until } from '../text.tsx';

const PAGE = 50;
/** The most events of one request. */
const MOST = 100;

/** Events that no instance has taken, by reason, with their redrive and their discard. */
export default function ParkedPage(): ReactNode {
  const [reason, setReason] = useParameter('reason');
  const [process] = useParameter('process');
  const [id] = useParameter('id');
  return (
    <SpaceBetween size="l">
      <Groups chosen={reason} choose={setReason} />
      <Events key={reason} reason={reason} process={process} id={id} />
    </SpaceBetween>
  );
}

function Groups({ chosen, choose }: { readonly chosen: string; readonly choose: (reason: string) => void }): ReactNode {
  const groups = useView<ParkedGroupsView>('/api/parked/groups', LIST_EVERY);
  return (
    <Loaded query={groups}>
      {(view) => (
        <Table
          variant="container"
          contentDensity="compact"
          wrapLines
          items={view.groups}
          header={
            <Header variant="h1" counter={`(${view.groups.length})`} description={<AsOf at={view.asOf} />}>
              Reasons of parked events
            </Header>
          }
          ariaLabels={{ tableLabel: 'Reasons of parked events' }}
          empty={<Box color="text-body-secondary">No event is parked.</Box>}
          columnDefinitions={[
            {
              id: 'reason',
              header: 'Reason',
              isRowHeader: true,
              minWidth: 120,
              cell: (group) => (
                <Button variant="inline-link" onClick={() => choose(chosen === group.reason ? '' : group.reason)}>
                  {group.reason}
                </Button>
              ),
            },
            { id: 'count', header: 'Events', cell: (group) => group.count },
            { id: 'type', header: 'Type', cell: (group) => <Data>{group.type ?? '–'}</Data> },
            { id: 'process', header: 'Process', cell: (group) => <Data>{group.process ?? '–'}</Data> },
            {
              id: 'times',
              header: 'First and last',
              minWidth: 130,
              cell: (group) => (
                <>
                  <div>
                    <Ago at={group.first} />
                  </div>
                  <Ago at={group.last} />
                </>
              ),
            },
            { id: 'detail', header: 'For example', cell: (group) => <Data>{group.example.detail}</Data>, minWidth: 220 },
            { id: 'remedy', header: 'Remedy', cell: (group) => group.remedy ?? '–', minWidth: 220 },
          ]}
        />
      )}
    </Loaded>
  );
}

function Events({ reason, process, id }: { readonly reason: string; readonly process: string; readonly id: string }): ReactNode {
  const [selected, setSelected] = useState<readonly ListedParked[]>([]);
  const pages = useInfiniteQuery({
    queryKey: ['/api/parked', reason, process, id],
    queryFn: ({ pageParam, signal }) =>
      get<ParkedView>(withParameters('/api/parked', { reason, process, id, limit: PAGE, after: pageParam }), signal),
    initialPageParam: '',
    getNextPageParam: (last) => last.next,
    refetchInterval: LIST_EVERY,
  });
  const rows = pages.data?.pages.flatMap(({ events }) => events) ?? [];
  const chosen = selected.filter((each) => rows.some((row) => keyOf(row) === keyOf(each)));
  const none = chosen.length === 0 ? 'Choose events first.' : chosen.length > MOST ? `At most ${MOST} at once.` : undefined;
  return (
    <Table
      variant="container"
      contentDensity="compact"
      wrapLines
      items={rows}
      trackBy={keyOf}
      selectionType="multi"
      selectedItems={chosen}
      onSelectionChange={({ detail }) => setSelected(detail.selectedItems)}
      loading={pages.isPending}
      loadingText="Loading parked events"
      header={
        <Header
          variant="h2"
          counter={`(${rows.length}${pages.hasNextPage ? '+' : ''})`}
          description={
            [reason && `reason ${reason}`, process && `process ${process}`, id && `id ${id}`].filter(Boolean).join(', ') ||
            'The oldest first'
          }
          actions={
            <SpaceBetween direction="horizontal" size="xs">
              <ActButton act="discard" operation={() => discardOperation(chosen)} {...(none !== undefined && { disabledReason: none })}>
                Discard
              </ActButton>
              <ActButton
                act="redrive"
                variant="primary"
                operation={() => redriveOperation(chosen)}
                {...(none !== undefined && { disabledReason: none })}
              >
                Redrive
              </ActButton>
            </SpaceBetween>
          }
        >
          Parked events
        </Header>
      }
      ariaLabels={{
        tableLabel: 'Parked events',
        selectionGroupLabel: 'Events',
        allItemsSelectionLabel: () => 'Choose all',
        itemSelectionLabel: (_, row) => `Choose ${row.eventId ?? row.key.id}`,
      }}
      empty={pages.error ? <Problem error={pages.error} /> : <Box color="text-body-secondary">No event is parked.</Box>}
      columnDefinitions={[
        { id: 'type', header: 'Type', isRowHeader: true, cell: (row) => <Data>{row.type ?? 'unknown'}</Data>, minWidth: 140 },
        {
          id: 'instance',
          header: 'Instance',
          minWidth: 150,
          cell: (row) =>
            row.process !== undefined && row.id !== undefined ? (
              <span data-row>
                <Go to={instanceAddress({ process: row.process, id: row.id })}>
                  <Data>{`${row.process} ${row.id}`}</Data>
                </Go>
              </span>
            ) : (
              '–'
            ),
        },
        { id: 'reason', header: 'Reason', cell: (row) => row.reason },
        { id: 'detail', header: 'Detail', cell: (row) => <Data>{row.detail}</Data>, minWidth: 240 },
        { id: 'parked', header: 'Parked', cell: (row) => <Ago at={row.parked} /> },
        { id: 'expires', header: 'Expires', cell: (row) => (row.expires ? <Until at={row.expires} /> : 'never') },
        { id: 'source', header: 'Source', cell: (row) => <Data>{row.source ?? row.sender ?? '–'}</Data> },
        { id: 'edit', header: 'Message', cell: (row) => <Edit row={row} /> },
      ]}
      footer={<NextPage pages={pages}>Show {PAGE} more</NextPage>}
    />
  );
}

/** Reads the message, then opens the form of its data. */
function Edit({ row }: { readonly row: ListedParked }): ReactNode {
  const system = useSystem();
  const { open, notice } = useActing();
  const { pid, id, parkedAt } = row.key;
  return (
    <Button
      variant="inline-link"
      ariaLabel={`Edit ${row.eventId ?? id}`}
      onClick={() =>
        void get<ParkedEventView>(withParameters('/api/parked/event', { pid, id, parkedAt })).then(
          (view) => open(editOperation(system, row, view)),
          (error: Error) => notice(error.message, 'error'),
        )
      }
    >
      Edit
    </Button>
  );
}

function keyOf({ key }: ListedParked): string {
  return JSON.stringify([key.pid, key.id, key.parkedAt]);
}

function redriveOperation(events: readonly ListedParked[]): Operation<undefined> {
  return {
    act: 'redrive',
    title: `Redrive ${many(events.length, 'event')}`,
    verb: 'Redrive',
    hasReason: false,
    explains: 'Each event is sent again, as it came. One that still fits nothing is parked again.',
    values: undefined,
    line: () => commandLine(['redrive', ...wordsOf(events)], { yes: true }),
    send: () => post<RedriveResponse>('/api/parked/redrive', { events: events.map(({ key }) => key) }),
    done: (result) => {
      const { sent, left } = result as RedriveResponse;
      return `${many(sent, 'event')} sent${left > 0 ? `; ${left} could not be sent and stay parked` : ''}.`;
    },
  };
}

function discardOperation(events: readonly ListedParked[]): Operation<undefined> {
  return {
    act: 'discard',
    title: `Discard ${many(events.length, 'event')}`,
    verb: 'Discard',
    isGrave: true,
    explains: 'They leave the lists and are never applied. They are kept with your reason until they expire.',
    values: undefined,
    line: (_, reason) => commandLine(['discard', ...wordsOf(events)], { because: reason, yes: true }),
    send: (_, reason) => post<DiscardResponse>('/api/parked/discard', { reason, events: events.map(({ key }) => key) }),
    done: (result) => {
      const { discarded, left } = result as DiscardResponse;
      return `${many(discarded, 'event')} discarded${left > 0 ? `; ${left} stay parked` : ''}.`;
    },
  };
}

/** Sends an event with corrected data, then discards the parked one. Its id follows from that of the parked one, so that it is sent once. */
function editOperation(system: SystemView, { key, type = 'unknown' }: ListedParked, view: ParkedEventView): Operation<Json | undefined> {
  const { event, message } = view;
  const contract = system.events.find((each) => each.type === event?.type);
  const id = event?.id === undefined ? undefined : `${event.id.slice(0, 290)}-edited`;
  const { to } = event ?? {};
  const schema = contract?.data ?? {};
  return {
    act: 'discard',
    title: `Edit ${type}`,
    verb: 'Send and discard',
    explains: contract
      ? `The event is ${to ? `sent to ${to.process} ${to.id}` : 'published'} with this data${id === undefined ? '' : ` and the id ${id}`}. Then the parked event is discarded.`
      : 'This console cannot send it: only an event that the system knows can be edited. Publish it again where it came from, then discard it here.',
    values: event?.data ?? initialValue(schema),
    form: (data, change) => (
      <SpaceBetween size="m">
        {contract && <SchemaForm label="Data" schema={schema} value={data} change={change} />}
        <ExpandableSection headerText="The message as it came" defaultExpanded={!contract}>
          <pre className="message" tabIndex={0} aria-label="The message as it came">
            <Data>{message}</Data>
          </pre>
        </ExpandableSection>
      </SpaceBetween>
    ),
    missing: (data) => (contract ? missingMember(schema, data) : 'It cannot be sent from here.'),
    line: (data) => {
      const json = JSON.stringify(data ?? null);
      return to ? commandLine(['signal', to.process, to.id, type, json]) : commandLine(['publish', type, json], { id });
    },
    send: async (data, reason) => {
      if (to) await post<SignalResult>(`${instancePath(to)}/signal`, { event: type, data, ...(id !== undefined && { eventId: id }) });
      else await post<PublishedResult>(`/api/events/${encodeURIComponent(type)}`, { data, ...(id !== undefined && { id }) });
      return post<DiscardResponse>('/api/parked/discard', { reason, events: [key] });
    },
    done: (result) => {
      const { left } = result as DiscardResponse;
      return `Sent again${left > 0 ? '; the parked event could not be discarded and stays in the list' : ', and the parked event is discarded'}.`;
    },
  };
}

/** The command line takes the events of one instance, or all. */
function wordsOf(events: readonly ListedParked[]): readonly string[] {
  const [first] = events;
  const isOne = events.every(({ process, id }) => process === first?.process && id === first?.id);
  return isOne && first?.process !== undefined && first.id !== undefined ? [first.process, first.id] : [];
}
