import type { ParkingStore } from '../../ports/parking-store.ts';
import { BACKOFF_SECONDS_MAX } from '../../contract/backoff.ts';

/** A worker remembers at most this many marks that it could not remove. */
const OWED_MAX = 1_000;

/**
 * Marks of attempts that have begun and not ended. A mark that could not be removed, because the store failed, is removed with the next
 * one: otherwise an outage would leave marks on messages that have ended no worker.
 */
export class Marks {
  readonly #parking: Pick<ParkingStore, 'attempt'>;
  #owed: string[] = [];

  constructor(parking: Pick<ParkingStore, 'attempt'>) {
    this.#parking = parking;
  }

  /** Returns how many attempts under this mark have not ended, this one included. Throws if the store fails: then no attempt may begin. */
  async begin(mark: string): Promise<number> {
    const owed = this.#owed;
    this.#owed = [];
    for (const [i, each] of owed.entries()) {
      try {
        await this.#parking.attempt(each, -1);
      } catch (error) {
        this.#owed.push(...owed.slice(i));
        throw error;
      }
    }
    return this.#parking.attempt(mark, 1);
  }

  /** Returns the error that kept the mark, if the store failed. */
  async end(mark: string): Promise<unknown> {
    try {
      await this.#parking.attempt(mark, -1);
      return undefined;
    } catch (error) {
      if (this.#owed.length < OWED_MAX) this.#owed.push(mark);
      return error;
    }
  }
}

/**
 * Finds the instance whose code left a rejected promise without a handler. Node reports only that there is one, at the end of the turn in
 * which it was rejected, and then ends the process.
 *
 * W1 While an engine decides, such a rejection is noted here instead. No decision that was in progress is committed.
 * W2 Each of those instances is then decided again, alone: a rejection that is noted again meanwhile is its own.
 * W3 A rejection of no instance is thrown, as Node would have done.
 * W4 An engine that is abandoned in the middle, as in a test, notes nothing any more: a rejection that it held back would be lost.
 */
export class RejectionWatch {
  /** Number of noted rejections. An instance compares it before and after it has decided. */
  count = 0;
  #watchers = 0;
  #attributed = false;
  #abandoned = false;
  #noted: unknown[] = [];
  readonly #note = (reason: unknown): void => {
    this.count += 1;
    this.#noted.push(reason);
  };

  begin(): void {
    if (this.#abandoned) return;
    this.#watchers += 1;
    if (this.#watchers === 1) process.on('unhandledRejection', this.#note);
  }

  /** Attributes the last noted rejection to an instance. Returns the rejected value. */
  attribute(): unknown {
    this.#attributed = true;
    return this.#noted.at(-1);
  }

  end(): void {
    if (this.#abandoned) return;
    this.#watchers -= 1;
    if (this.#watchers > 0) return;
    process.off('unhandledRejection', this.#note);
    const noted = this.#noted;
    const attributed = this.#attributed;
    this.#noted = [];
    this.#attributed = false;
    // Other listeners of this event have received it already.
    if (noted.length === 0 || attributed || process.listenerCount('unhandledRejection') > 0) return;
    setImmediate(() => {
      throw noted[0];
    });
  }

  /** For an engine that will never call `end`. A noted rejection happens again in the next engine. */
  abandon(): void {
    this.#abandoned = true;
    process.off('unhandledRejection', this.#note);
  }
}

/** Node reports a rejection when a turn of the event loop has run all its microtasks. */
export function turnOver(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve));
}

/**
 * After this many faults in a row, without a batch that had none, the ports are down, and redeliveries are not the fault of the messages.
 */
const FAULTS_MIN = 3;
/** After this time all messages that were released because of these faults have been redelivered. */
const REMEMBERED_MS = BACKOFF_SECONDS_MAX * 1000;

/**
 * Whether messages are redelivered because a port failed, as one worker has seen it. A message that was received often may be the one that
 * ends its workers, and is then run under a mark; after an outage every message was received often, and a mark would cost two writes for
 * each. A new worker remembers nothing, so a message that ends its workers is marked all the same.
 */
export class PortHealth {
  #inARow = 0;
  #downUntil = 0;
  #faults = 0;

  /** Number of faults so far. */
  get faults(): number {
    return this.#faults;
  }

  failed(now: number): void {
    this.#faults += 1;
    this.#inARow += 1;
    if (this.#inARow >= FAULTS_MIN) this.#downUntil = now + REMEMBERED_MS;
  }

  worked(): void {
    this.#inARow = 0;
  }

  wasDown(now: number): boolean {
    return now < this.#downUntil;
  }
}
