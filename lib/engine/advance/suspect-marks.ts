import type { ParkingStore } from '../../ports/parking-store.ts';

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
