import { instantText } from '../contract/wire/wire.ts';
import { countInstances } from '../client/count.ts';
import { groupByCause } from '../client/operations/causes.ts';
import { matchingHeads } from '../client/list.ts';
import { instanceRows } from './instance-rows.ts';
import type { Call, Route } from './route.ts';
import type { CausesView, CountsView } from './views.ts';

/** Parked events that a count reads. */
const PARKED_COUNTED_MAX = 1_000;

/** The paths of the API. */
export const ROUTES: readonly Route[] = [
  {
    method: 'GET',
    path: '/api/counts',
    about: 'Counts the instances of a filter by process and status, and the parked events that need an operator.',
    returns: 'CountsView',
    query: { where: 'text' },
    run: counts,
  },
  {
    method: 'GET',
    path: '/api/instances',
    about: 'Lists the instances of a filter, the newest start first.',
    returns: 'InstancesView',
    query: { where: 'text', limit: 'count', after: 'text' },
    run: instanceRows,
  },
  {
    method: 'GET',
    path: '/api/causes',
    about: 'Groups the instances of a filter by cause.',
    returns: 'CausesView',
    query: { where: 'text' },
    run: causes,
  },
];

async function counts({ reach, query }: Call): Promise<CountsView> {
  const where = query.text('where');
  const tenant = reach.tenant === undefined ? {} : { tenant: reach.tenant };
  const parked = await reach.ports.parking.list({ waiting: true, ...tenant }, PARKED_COUNTED_MAX);
  return {
    counts: await countInstances(reach, where === undefined ? {} : { where }),
    parked: parked.events.length,
    ...(parked.next !== undefined && { moreParked: true }),
    asOf: instantText(reach.ports.clock.now()),
  };
}

async function causes({ reach, query }: Call): Promise<CausesView> {
  const where = query.text('where');
  return {
    causes: await groupByCause(reach, matchingHeads(reach, where === undefined ? {} : { where })),
    asOf: instantText(reach.ports.clock.now()),
  };
}
