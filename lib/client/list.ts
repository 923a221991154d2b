import { GATES, isGate } from '../contract/gate.ts';
import { isKey, KEYS } from '../contract/keys.ts';
import { decodeHead, formatFault } from '../format/head-codec.ts';
import { tenantOf } from '../contract/wire/process-id.ts';
import type { AnyProcess } from '../contract/process-contract.ts';
import { thrownText } from '../contract/wire/thrown-text.ts';
import type { InstanceFilter, InstanceIndex, ListPlace } from '../ports/instance-index.ts';
import type { Head } from '../ports/process-store.ts';
import type { Reach } from './connection.ts';
import { descriptionOf, waitingFor, type Status, type Summary } from './describe.ts';
import type { ParkedCount } from './parked-count.ts';
import { namesOf } from './instance.ts';

/** Filters for instances. An instance is listed if it matches all of them. */
export interface ListFilter {
  readonly process?: Pick<AnyProcess, 'name'>;
  readonly status?: Status | Status[];
  readonly tag?: Readonly<Record<string, string>>;
  /** Only instances with a command whose outcome is unknown. */
  readonly unresolved?: boolean;
  /** Only paused instances. */
  readonly paused?: boolean;
  /** Inclusive, as `startedBefore` is. */
  readonly startedAfter?: Date;
  readonly startedBefore?: Date;
  /** Terms such as `process:book-trip tag.region=eu waited:>3h` (docs/operations.md#filters). */
  readonly where?: string;
}

/** Lists the instances of the client's tenant, newest start first. The index is eventually consistent; `describe` reads consistently. */
export async function* listInstances(reach: Reach, filter: ListFilter = {}): AsyncGenerator<Summary, void, undefined> {
  for await (const head of matchingHeads(reach, filter))
    if (isShown(head, filter)) yield instanceSummary(reach, head, await waitingFor(reach, head));
}

/**
 * The heads that match the filter, newest start first, all or those behind `after`. The grammar of `where` is loaded with the first filter
 * that has one.
 */
export async function* matchingHeads(reach: Reach, filter: ListFilter, after?: ListPlace): AsyncGenerator<Head, void, undefined> {
  const { where, ...others } = filter;
  const plain = { ...indexFilter(reach, others), ...(after && { after }) };
  if (where === undefined) return yield* reach.ports.index.list(plain);
  const [{ parseWhere, indexed, fits }, { factsOf }] = await Promise.all([import('./where.ts'), import('./operations/facts.ts')]);
  const parsed = parseWhere(where, reach.ports.clock.now());
  const served = indexed(parsed);
  const both = { ...served, ...plain, ...(served.tags && { tags: { ...served.tags, ...plain.tags } }) };
  for await (const head of reach.ports.index.list(both)) if (fits(parsed, factsOf(reach, head))) yield head;
}

/** Keys and gates are instances of the engine: they are listed if the filter names their process, or while they are stuck; a gate while starts wait. */
export function isShown(head: Head, { process }: ListFilter): boolean {
  const { pid, status } = head;
  if (isGate(pid)) return status === 'stuck' || process?.name === GATES || holdsStarts(head);
  return !isKey(pid) || status === 'stuck' || process?.name === KEYS;
}

/** Whether starts wait in the head of a gate. */
function holdsStarts(head: Head): boolean {
  return formatFault(head) === undefined && (decodeHead(head).waiting?.length ?? 0) > 0;
}

/** A head that this build cannot read, for example of a newer format, must not hide the other instances. */
export function instanceSummary(reach: Reach, head: Head, parked: ParkedCount = {}): Summary {
  try {
    const { run, status, started, why, paused, original } = descriptionOf(reach, head, parked);
    return { ...namesOf(head.pid), run, status, started, why, ...(paused && { paused }), ...(original && { original }) };
  } catch (error) {
    const why = `its head cannot be read: ${thrownText(error)}`;
    return { ...namesOf(head.pid), run: head.run, status: head.status as Status, started: new Date(head.startedAt), why };
  }
}

export function indexFilter(
  reach: Pick<Reach, 'tenant'>,
  { process, status, tag, unresolved, paused, startedAfter, startedBefore }: ListFilter,
): InstanceFilter {
  return {
    tenant: tenantOf(reach),
    ...(process === undefined ? {} : { process: process.name }),
    ...(status === undefined ? {} : { statuses: [status].flat() }),
    ...(tag === undefined ? {} : { tags: tag }),
    ...(unresolved === true ? { unresolved } : {}),
    ...(paused === true ? { paused } : {}),
    ...(startedAfter === undefined ? {} : { startedAfter: startedAfter.getTime() }),
    ...(startedBefore === undefined ? {} : { startedBefore: startedBefore.getTime() }),
  };
}

/** Yields the matching heads of all tenants, tenant by tenant. For tools that operate on a whole system: a client acts within one tenant. */
export async function* headsOfAll(
  index: Pick<InstanceIndex, 'list' | 'tenants'>,
  filter: Omit<InstanceFilter, 'tenant'>,
): AsyncGenerator<Head, void, undefined> {
  for (const tenant of await index.tenants()) yield* index.list({ ...filter, tenant });
}
