import type { Channel } from './message-queue.ts';

/** An event that could not be applied, kept for an operator. An accepted event is never dropped. */
export interface ParkedEvent {
  /** The instance beside which it is parked, or `''` if none is known (malformed, forged). */
  readonly pid: string;
  /** `<sentAt zero-padded to 15 digits>#<messageId>`: sorts in order of arrival, and parking is idempotent. */
  readonly id: string;
  /** A code (`POISON`, `STUCK`, `MALFORMED`, `FORBIDDEN`, `EARLY_EXPIRED`, `UNKNOWN_PROCESS`, `TOO_MANY_HOPS`, `DEAD_LETTER`, …). */
  readonly reason: string;
  /** One sentence for the reader. */
  readonly detail: string;
  /** The identity of the event that the message contains, if it can be read. */
  readonly event?: ParkedIdentity;
  /** The body of the message, unchanged. */
  readonly body: string;
  /** Its first channel and its sender, with which a redrive admits it again. @default as of a received message */
  readonly channel?: Channel;
  readonly senderId?: string;
  readonly parkedAt: number;
  /** Time of its redrive to the inbox. */
  readonly redrivenAt?: number;
  /** An operator has taken it out of the lists: it is never applied. */
  readonly discarded?: Discarded;
  /** Time from which it may be removed, because no operator must handle it. @default it is kept until it is redriven */
  readonly expiresAt?: number;
}

/** The discard of an event by an operator. */
export interface Discarded {
  readonly at: number;
  /** The principal; `sender`: the principal that the queue has recorded. */
  readonly by: string;
  readonly sender?: string;
  readonly reason: string;
}

/** One copy of a parked event. */
export type ParkedCopy = Pick<ParkedEvent, 'id' | 'parkedAt'>;

export interface ParkedIdentity {
  readonly id: string;
  readonly type: string;
  readonly source: string;
}

export interface ParkingStore {
  /** Writes unconditionally. */
  park(event: ParkedEvent): Promise<void>;
  /**
   * The parked events of an instance, of `ids` or all, by id. Without redriven and discarded ones; expired ones may remain for days. Strongly consistent.
   */
  parked(pid: string, ids?: readonly string[]): Promise<readonly ParkedEvent[]>;
  /**
   * Marks the copies that were read as redriven. An unknown id is ignored, and one that was parked again since: the redriven copy may be
   * parked under the same id before the mark (test/models/redrive.pml, MARKS_WHAT_IS_THERE).
   */
  redriven(pid: string, events: readonly ParkedCopy[], at: number): Promise<void>;
  /** Marks the copies that were read as discarded, and keeps them as it keeps redriven ones. Ignores what `redriven` ignores. */
  discarded(pid: string, events: readonly ParkedCopy[], discarded: Discarded): Promise<void>;
  /**
   * Counts the attempts under a mark that have begun and not ended. A caller adds 1 durably before an attempt, and -1 after it. A mark is
   * the id of a message, or `<id>/<pid>` for one of the instances that the message concerns. `starts/<tenant>/<minute>` counts starts, which
   * have no end. Returns the new count.
   */
  attempt(mark: string, change: 1 | -1): Promise<number>;
}
