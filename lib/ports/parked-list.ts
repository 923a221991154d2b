import { isKeptBy, scopeKey, type HoldScope } from '../contract/holds.ts';
import type { InstanceIndex } from './instance-index.ts';
import type { ParkedEvent } from './parking-store.ts';

/** A parked event without its message. */
export type ParkedSummary = Omit<ParkedEvent, 'body' | 'redrivenAt' | 'discarded'>;

/** Filters of the list. An event must fit all of them. */
export interface ParkedFilter {
  /** Parked beside this instance; `''`: parked beside none. @default all */
  readonly pid?: string;
  /** Parked beside instances of this tenant. @default all, and those beside no instance */
  readonly tenant?: string;
  readonly reason?: string;
  /** The type of the event. */
  readonly type?: string;
  /** Only events that an operator must handle, which are those that do not expire. */
  readonly waiting?: true;
  /** Parked at this time or later, in milliseconds since the epoch. */
  readonly parkedAfter?: number;
  /** Parked at this time or earlier, in milliseconds since the epoch. */
  readonly parkedBefore?: number;
}

export interface ParkedPage {
  readonly events: readonly ParkedSummary[];
  /** The start of the next page, for `after`. Absent on the last page. */
  readonly next?: string;
}

/** The parked events of all instances, and those beside no instance. Redriven and discarded events are left out. */
export interface ParkedList {
  /** The oldest first, at most `max`, behind `after`. It may lag behind the store. */
  list(filter: ParkedFilter, max: number, after?: string): Promise<ParkedPage>;
}

/** The number of events that an operator must handle, counted up to `max`. Those of what is paused wait by an operator's choice. */
export async function countWaiting(parking: ParkedList, max: number): Promise<number> {
  let count = 0;
  let after: string | undefined;
  do {
    const page = await parking.list({ waiting: true }, Math.min(COUNTED_AT_A_TIME, max - count), after);
    count += page.events.filter(({ reason }) => !CHOSEN.has(reason)).length;
    after = page.next;
  } while (after !== undefined && count < max);
  return count;
}

const COUNTED_AT_A_TIME = 500;
const CHOSEN: ReadonlySet<string> = new Set(['PAUSED', 'HELD']);

/** The instances that a hold has paused and the starts that it has parked. */
export interface Held {
  /** Pids of instances. */
  readonly paused: readonly string[];
  readonly parked: readonly { readonly pid: string; readonly id: string }[];
  /** How long the indexes may lag behind the store, in milliseconds. */
  readonly lagMs: number;
}

/** Finds what a hold holds. It may lag behind the store. */
export interface HeldIndex {
  find(scope: HoldScope, most: number): Promise<Held>;
}

/** Held events and instances, from the index of instances and the list of parked events. */
export function heldIndex(ports: { readonly index: Pick<InstanceIndex, 'list'>; readonly parking: ParkedList }, lagMs: number): HeldIndex {
  return {
    find: async (scope, most) => ({
      paused: await pausedBy(ports.index, scope, most),
      parked: await parkedBy(ports.parking, scope, most),
      lagMs,
    }),
  };
}

async function pausedBy(index: Pick<InstanceIndex, 'list'>, scope: HoldScope, most: number): Promise<readonly string[]> {
  const { tenant, process } = scope;
  const hold = scopeKey(scope);
  const found: string[] = [];
  for await (const head of index.list({
    tenant,
    ...(process !== undefined && { process }),
    statuses: ['running', 'stuck'],
    paused: true,
  })) {
    if (head.paused !== undefined && (JSON.parse(head.paused) as { readonly hold?: string }).hold === hold) found.push(head.pid);
    if (found.length === most) break;
  }
  return found;
}

/** A start that two holds keep is parked by one of them; at its end it is parked again, by the other one. */
async function parkedBy(parking: ParkedList, scope: HoldScope, most: number): Promise<Held['parked']> {
  const found: Held['parked'][number][] = [];
  let after: string | undefined;
  do {
    const page = await parking.list({ tenant: scope.tenant, reason: 'HELD' }, most, after);
    for (const { pid, id, detail } of page.events) if (isKeptBy(scope, detail)) found.push({ pid, id });
    after = page.next;
  } while (after !== undefined && found.length < most);
  return found.slice(0, most);
}
