import { instantText } from '../contract/wire/wire.ts';
import { decodeHead, formatFault } from '../format/head-codec.ts';
import type { ListPlace } from '../ports/instance-index.ts';
import type { Head } from '../ports/process-store.ts';
import type { Reach } from '../client/connection.ts';
import { pausedOf, waitingFor } from '../client/describe.ts';
import { splitDefinition } from '../client/instance.ts';
import { instanceSummary, isShown, matchingHeads } from '../client/list.ts';
import { factsOf } from '../client/operations/facts.ts';
import { invalid } from './request-values.ts';
import type { Call } from './route.ts';
import type { InstanceRow, InstancesView, ListedPause } from './views.ts';

/** The begin of the names of built-in processes. Their instances are listed if the filter names them. */
export const BUILT_IN = 'tutti--';
const ROWS = 50;
const ROWS_MAX = 200;

/** A page of the list. It continues after an instance by its start, so that an instance that began meanwhile moves no page. */
export async function instanceRows({ reach, query }: Call): Promise<InstancesView> {
  const limit = query.number('limit') ?? ROWS;
  if (limit > ROWS_MAX) throw invalid(`The parameter limit is ${limit}: expected at most ${ROWS_MAX}.`);
  const [where, after] = [query.text('where'), cursorOf(query.text('after'))];
  const filter = where === undefined ? {} : { where };
  const isNamed = where?.includes(BUILT_IN) ?? false;
  const instances: InstanceRow[] = [];
  let last: Head | undefined;
  for await (const head of matchingHeads(reach, filter, after)) {
    if (!isNamed && !isShown(head, {})) continue;
    if (instances.length === limit) return { instances, next: cursorAfter(last as Head), asOf: instantText(reach.ports.clock.now()) };
    instances.push(await rowOf(reach, head));
    last = head;
  }
  return { instances, asOf: instantText(reach.ports.clock.now()) };
}

export function cursorAfter({ startedAt, pid }: Head): string {
  return `${startedAt}.${pid}`;
}

export function cursorOf(text: string | undefined): ListPlace | undefined {
  if (text === undefined) return undefined;
  const parts = /^(\d{1,15})\.(.+)$/.exec(text);
  if (!parts) throw invalid(`The parameter after is ${JSON.stringify(text)}: expected the next of a page.`);
  return { startedAt: Number(parts[1]), pid: parts[2] as string };
}

async function rowOf(reach: Reach, head: Head): Promise<InstanceRow> {
  const parked = await waitingFor(reach, head);
  const { paused: _paused, started, ...summary } = instanceSummary(reach, head, parked);
  const isReadable = formatFault(head) === undefined && decodes(head);
  const facts = factsOf(reach, head);
  const since = isReadable ? facts.waitedSince() : undefined;
  const waits = isReadable ? facts.waits() : [];
  return {
    ...summary,
    started: started.toISOString(),
    version: splitDefinition(head.definition).version,
    ...listedPauseOf(head, parked),
    ...(head.tags && Object.keys(head.tags).length > 0 && { tags: head.tags }),
    ...(since !== undefined && { waitsSince: instantText(since) }),
    ...(waits.length > 0 && { waits }),
    ...(head.closedAt !== undefined && { closed: instantText(head.closedAt) }),
  };
}

/** A head that cannot be decoded, for example a damaged one, must not hide the others: its row says so. */
function decodes(head: Head): boolean {
  try {
    return decodeHead(head) !== undefined;
  } catch {
    return false;
  }
}

export function listedPauseOf(head: Head, parked: Readonly<Record<string, number>>): { readonly paused?: ListedPause } {
  const paused = pausedOf(head, parked);
  return paused === undefined ? {} : { paused: { ...paused, since: paused.since.toISOString() } };
}
