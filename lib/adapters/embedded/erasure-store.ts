import type { ErasureRequest, ErasureStore } from '../../ports/erasure-store.ts';
import type { MemoryParkingStore } from '../memory/parking-store.ts';
import type { SqlitePayloadStore } from './payload-store.ts';
import { keysBeside, removeUnder, unstoredOf } from './retirement-store.ts';
import type { SqliteTables } from './tables.ts';

export interface ErasureOptions {
  readonly parking: MemoryParkingStore;
  readonly payloads: SqlitePayloadStore;
  /** Prefix of the keys of command records. */
  readonly recordPrefix: string;
  /** Queues of the engine: all others have commands. */
  readonly engineQueues: ReadonlySet<string>;
}

/**
 * Erases instances of a folder: journals, command records, parked events, and the large values that no other instance names.
 *
 * B1 A record stays while a command of its instance is queued: a copy of that command would run again without it.
 * B2 Instances share large values, so the sweep looks for those that nothing in the folder names any more (payload-sweep.ts).
 * B3 The log and free pages of the database hold what was deleted, so both are written again at last. That holds the thread, so it is left out
 *    if nothing was removed, unless the caller wants it.
 */
export class SqliteErasureStore implements ErasureStore {
  readonly #tables: SqliteTables;
  readonly #options: ErasureOptions;

  constructor(tables: SqliteTables, options: ErasureOptions) {
    this.#tables = tables;
    this.#options = options;
  }

  async erase(pid: string, instant: number, { rewrites = false }: ErasureRequest = {}): Promise<boolean> {
    const { chunks, records, log } = this.#tables;
    const { parking, payloads, recordPrefix } = this.#options;
    if (this.#isQueued(`${pid}/`)) return false;
    const next = log.nextNumber;
    for (const remove of unstoredOf({ chunks, records }, recordPrefix, new Set([pid])).get(pid) ?? []) remove();
    removeUnder(chunks, keysBeside(pid));
    removeUnder(records, `${recordPrefix}${pid}/`);
    parking.forget(pid, instant);
    payloads.forget(pid);
    const isChanged = log.nextNumber > next;
    const { sweepPayloads } = await import('./payload-sweep.ts');
    const swept = await sweepPayloads(this.#tables, { isFresh: (hash) => payloads.isFresh(hash) });
    if (rewrites || isChanged || swept > 0) log.scrub();
    return true;
  }

  /** Whether a queue of a service has a message that names a command of the instance. */
  #isQueued(commands: string): boolean {
    for (const { queue, detail } of this.#tables.messages.resident())
      if (!this.#options.engineQueues.has(queue) && detail.includes(commands)) return true;
    return false;
  }
}
