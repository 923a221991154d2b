import type { ParkedEvent } from './parking-store.ts';

/** A parked event without its message. */
export type ParkedSummary = Omit<ParkedEvent, 'body' | 'redrivenAt'>;

/** Which parked events are listed: those that fit all that is given. */
export interface ParkedFilter {
  /** Beside this instance; `''` for those that are parked apart. @default all */
  readonly pid?: string;
  /** Beside instances of this tenant. @default all, and those that are parked apart */
  readonly tenant?: string;
  readonly reason?: string;
  /** Of the event. */
  readonly type?: string;
  /** Only what needs a person, so what does not expire. */
  readonly waiting?: true;
  /** Parked then or later, milliseconds since the epoch. */
  readonly parkedAfter?: number;
  /** Parked then or before. */
  readonly parkedBefore?: number;
}

export interface ParkedPage {
  readonly events: readonly ParkedSummary[];
  /** Where the next page begins; absent after the last one. */
  readonly next?: string;
}

/** The parked events of all instances and those of none, redriven ones left out. */
export interface ParkedList {
  /** The oldest first, at most `max`, behind `after`. It may lag behind the store. */
  list(filter: ParkedFilter, max: number, after?: string): Promise<ParkedPage>;
}

/** How many events need a person, counted up to `max`. */
export async function countWaiting(parking: ParkedList, max: number): Promise<number> {
  let count = 0;
  let after: string | undefined;
  do {
    const page = await parking.list({ waiting: true }, Math.min(COUNTED_AT_A_TIME, max - count), after);
    count += page.events.length;
    after = page.next;
  } while (after !== undefined && count < max);
  return count;
}

const COUNTED_AT_A_TIME = 500;
