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

/** The number of events that an operator must handle, counted up to `max`. Those of paused instances wait by an operator's choice. */
export async function countWaiting(parking: ParkedList, max: number): Promise<number> {
  let count = 0;
  let after: string | undefined;
  do {
    const page = await parking.list({ waiting: true }, Math.min(COUNTED_AT_A_TIME, max - count), after);
    count += page.events.filter(({ reason }) => reason !== PAUSED).length;
    after = page.next;
  } while (after !== undefined && count < max);
  return count;
}

const COUNTED_AT_A_TIME = 500;
const PAUSED = 'PAUSED';
