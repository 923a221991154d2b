import { instantText } from '../contract/wire/wire.ts';
import { countInstances } from '../client/count.ts';
import { groupByCause } from '../client/operations/causes.ts';
import { operationsOn } from '../client/operations/operations-on.ts';
import { matchingHeads } from '../client/list.ts';
import { versionsInUse } from '../client/versions.ts';
import { costView, instanceCost } from './cost.ts';
import { exampleView } from './example.ts';
import { definitionFlow, instanceFlow } from './flow-view.ts';
import { BUILT_IN, instanceRows } from './instance-rows.ts';
import { instanceView } from './instance-view.ts';
import { journalView, valueView } from './journal-rows.ts';
import { openApi } from './open-api.ts';
import { servicesView, tasksView } from './open-work.ts';
import { bulkJobs, OPERATION_ROUTES } from './operation-routes.ts';
import { parkedEventView } from './parked-event.ts';
import { parkedGroups, parkedView } from './parked-views.ts';
import { invalid, type QueryKind } from './request-values.ts';
import type { Call, Route } from './route.ts';
import { systemView } from './system-view.ts';
import { timelineView } from './timeline.ts';
import type { BulkResultsView, CausesView, CountsView, SchedulesView, VersionsView } from './views.ts';

/** Parked events that a count reads. */
const PARKED_COUNTED_MAX = 1_000;
const INSTANCE = '/api/instances/{process}/{id}';

function view(
  path: string,
  returns: string,
  run: Route['run'],
  { about, query }: { readonly about: string; readonly query?: Readonly<Record<string, QueryKind>> },
): Route {
  return { method: 'GET', path, returns, run, about, ...(query && { query }) };
}

/** The paths of the API. */
export const ROUTES: readonly Route[] = [
  view('/api/openapi.json', 'the OpenAPI document', async () => openApi(ROUTES), { about: 'Describes this API.' }),
  view('/api/system', 'SystemView', systemView, { about: 'Returns the contracts of the system, and the operations that are possible.' }),
  view('/api/counts', 'CountsView', counts, {
    about: 'Counts the instances of a filter by process and status, and the parked events that need an operator.',
    query: { where: 'text' },
  }),
  view('/api/instances', 'InstancesView', instanceRows, {
    about: 'Lists the instances of a filter, the newest start first.',
    query: { where: 'text', limit: 'count', after: 'text' },
  }),
  view('/api/causes', 'CausesView', causes, { about: 'Groups the instances of a filter by cause.', query: { where: 'text' } }),
  view(INSTANCE, 'InstanceView', instanceView, {
    about: 'Returns an instance. With If-None-Match, the answer is 304 until it changes; wait holds it for so many seconds.',
    query: { wait: 'index' },
  }),
  view(`${INSTANCE}/journal`, 'JournalView', journalView, {
    about: 'Returns a page of the journal, from its end.',
    query: { before: 'index', limit: 'count', number: 'count' },
  }),
  view(`${INSTANCE}/values/{dataref}`, 'ValueView', valueView, { about: 'Returns a large value that an entry names.' }),
  view(`${INSTANCE}/timeline`, 'TimelineView', timelineView, {
    about: 'Returns the last steps of a run, now or as after one of its entries.',
    query: { limit: 'count', at: 'index', number: 'count' },
  }),
  view(`${INSTANCE}/flow`, 'FlowView', instanceFlow, {
    about: 'Returns the diagram of the process with the progress of the instance, now or as after one of its entries.',
    query: { at: 'index', number: 'count' },
  }),
  view('/api/flows/{process}', 'FlowView', definitionFlow, {
    about: 'Returns the diagram of a process, with the number of open instances at each node.',
    query: { version: 'count', code: 'text' },
  }),
  view('/api/events/{type}/example', 'ExampleView', exampleView, {
    about: 'Returns data for an event that starts an instance which does not exist yet.',
  }),
  view('/api/parked', 'ParkedView', parkedView, {
    about: 'Lists parked events, the oldest first.',
    query: { process: 'text', id: 'text', reason: 'text', type: 'text', waiting: 'flag', limit: 'count', after: 'text' },
  }),
  view('/api/parked/event', 'ParkedEventView', parkedEventView, {
    about: 'Returns a parked event with its message.',
    query: { pid: 'text', id: 'text', parkedAt: 'text' },
  }),
  view('/api/parked/groups', 'ParkedGroupsView', parkedGroups, { about: 'Groups the parked events that need an operator.' }),
  view('/api/tasks', 'TasksView', tasksView, {
    about: 'Lists the deferred commands, the oldest first.',
    query: { process: 'text', command: 'text', after: 'text' },
  }),
  view('/api/services', 'ServicesView', servicesView, { about: 'Lists the services with their queues and open commands.' }),
  view('/api/schedules', 'SchedulesView', schedules, { about: 'Lists the schedules that have not ended.' }),
  view('/api/schedules/{name}', 'SchedulesView', schedules, { about: 'Returns one schedule.' }),
  view('/api/bulk', 'BulkView', (call) => bulkJobs(call, { do: 'list' }), { about: 'Lists the bulk jobs, the newest first.' }),
  view('/api/bulk/{id}', 'BulkView', (call) => bulkJobs(call, { do: 'describe', id: call.path['id'] as string }), {
    about: 'Returns one bulk job.',
  }),
  view('/api/bulk/{id}/results', 'BulkResultsView', bulkResults, {
    about: 'Lists the results of a bulk job.',
    query: { result: 'text', limit: 'count', after: 'index' },
  }),
  view('/api/versions', 'VersionsView', versions, { about: 'Counts the open runs of each version.' }),
  view('/api/cost', 'CostView', costView, {
    about: 'Returns the dollars of one instance on average, by process and version, with the assumptions.',
    query: { process: 'text' },
  }),
  view(`${INSTANCE}/cost`, 'CostView', instanceCost, { about: 'Returns the dollars of the current run of an instance.' }),
  ...OPERATION_ROUTES,
];

async function counts({ reach, query }: Call): Promise<CountsView> {
  const where = query.text('where');
  const tenant = reach.tenant === undefined ? {} : { tenant: reach.tenant };
  const parked = await reach.ports.parking.list({ waiting: true, ...tenant }, PARKED_COUNTED_MAX);
  const counted = await countInstances(reach, where === undefined ? {} : { where });
  return {
    counts: where?.includes(BUILT_IN)
      ? counted
      : counted.filter(({ process, status }) => !process.startsWith(BUILT_IN) || status === 'stuck'),
    parked: parked.events.length,
    ...(parked.next !== undefined && { moreParked: true }),
    asOf: nowText(reach),
  };
}

async function causes({ reach, query }: Call): Promise<CausesView> {
  const where = query.text('where');
  return { causes: await groupByCause(reach, matchingHeads(reach, where === undefined ? {} : { where })), asOf: nowText(reach) };
}

async function schedules({ reach, path }: Call): Promise<SchedulesView> {
  const name = path['name'];
  const { tenant } = reach;
  const found = await operationsOn(reach).schedules({ ...(name !== undefined && { name }), ...(tenant !== undefined && { tenant }) });
  return { ...found, asOf: nowText(reach) };
}

const RESULTS = 200;
const RESULTS_MAX = 2_000;

async function bulkResults({ reach, path, query }: Call): Promise<BulkResultsView> {
  const limit = query.number('limit') ?? RESULTS;
  if (limit > RESULTS_MAX) throw invalid(`The parameter limit is ${limit}: expected at most ${RESULTS_MAX}.`);
  const { tenant } = reach;
  const { results = [] } = await operationsOn(reach).bulk({
    do: 'results',
    id: path['id'] as string,
    ...(tenant !== undefined && { tenant }),
  });
  const wanted = query.text('result');
  const fitting = wanted === undefined ? results : results.filter(({ result }) => result === wanted);
  const from = query.number('after') ?? 0;
  return { results: fitting.slice(from, from + limit), ...(fitting.length > from + limit && { next: String(from + limit) }) };
}

async function versions({ reach }: Call): Promise<VersionsView> {
  return { versions: await versionsInUse(reach), asOf: nowText(reach) };
}

function nowText({ ports }: Call['reach']): string {
  return instantText(ports.clock.now());
}
