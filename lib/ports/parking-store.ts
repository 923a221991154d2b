import type { Channel } from './message-queue.ts';

/** An event that could not be applied, kept for a person. Nothing that was accepted is ever dropped. */
export interface ParkedEvent {
  /** The instance beside which it is parked, or `''` where none is known (malformed, forged). */
  readonly pid: string;
  /** `<sentAt zero-padded to 15 digits>#<messageId>`: sorts in order of arrival; putting it twice is putting it once. */
  readonly id: string;
  /** Why: a code (`POISON`, `STUCK`, `MALFORMED`, `FORBIDDEN`, `EARLY_EXPIRED`, `UNKNOWN_PROCESS`, `TOO_MANY_HOPS`, `DEAD_LETTER`, …). */
  readonly reason: string;
  /** One sentence for the reader. */
  readonly detail: string;
  /** What the message says of the event in it, where it says anything. */
  readonly event?: ParkedIdentity;
  /** The message as it came. */
  readonly body: string;
  /** Where it came to first, and who sent it as the queue knew it: it is admitted as that again. @default as of a received message */
  readonly channel?: Channel;
  readonly senderId?: string;
  readonly parkedAt: number;
  /** When it was sent back to the inbox. */
  readonly redrivenAt?: number;
  /** When it may be removed: nobody need act on it. @default it is kept until it is sent back */
  readonly expiresAt?: number;
}

/** One putting of a parked event. */
export type ParkedCopy = Pick<ParkedEvent, 'id' | 'parkedAt'>;

export interface ParkedIdentity {
  readonly id: string;
  readonly type: string;
  readonly source: string;
}

export interface ParkingStore {
  /** Puts unconditionally. */
  park(event: ParkedEvent): Promise<void>;
  /** By id, of these ids or of all, redriven ones left out; one that has expired may be among them for some days. Strongly consistent. */
  parked(pid: string, ids?: readonly string[]): Promise<readonly ParkedEvent[]>;
  /**
   * Marks as sent back what was read. An id that is unknown, or that was parked again at another time, is ignored: the copy that was sent may be
   * parked under the same id before the mark (test/models/redrive.pml, MARKS_WHAT_IS_THERE).
   */
  redriven(pid: string, events: readonly ParkedCopy[], at: number): Promise<void>;
  /**
   * Counts the attempts under a mark that were begun and have not ended: 1 before the attempt, durably; -1 after.
   * A mark is the id of a message, or `<id>/<pid>` for one of the instances that the message concerns.
   * Returns the count with this change.
   */
  attempt(mark: string, change: 1 | -1): Promise<number>;
}
