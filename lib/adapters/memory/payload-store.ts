import type { PayloadStore } from '../../ports/payload-store.ts';
import { MemoryTable, type Table } from './table.ts';

/** Payloads in a table, by hash. */
export class MemoryPayloadStore implements PayloadStore {
  readonly #payloads: Table<string, string>;

  constructor(payloads: Table<string, string> = new MemoryTable()) {
    this.#payloads = payloads;
  }

  async put(hash: string, json: string): Promise<void> {
    if (this.#payloads.get(hash) === undefined) this.#payloads.set(hash, json);
  }

  async get(hash: string): Promise<string | undefined> {
    return this.#payloads.get(hash);
  }
}
