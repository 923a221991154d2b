import type { PayloadStore } from '../../ports/payload-store.ts';
import { MemoryTable, type Table } from './table.ts';

const REFERENCE = /^payload:([0-9a-f]{64})$/;

/** The reference to a value in a message of an embedded runtime: it has one store, so the hash is enough. */
export function embeddedReference(_pid: string, hash: string): string {
  return `payload:${hash}`;
}

/** Payloads in a table, by hash: equal values of several instances are one. */
export class MemoryPayloadStore implements PayloadStore {
  readonly reference = embeddedReference;
  readonly #payloads: Table<string, string>;

  constructor(payloads: Table<string, string> = new MemoryTable()) {
    this.#payloads = payloads;
  }

  async put(_pid: string, hash: string, json: string): Promise<void> {
    if (this.#payloads.get(hash) === undefined) this.#payloads.set(hash, json);
  }

  async get(_pid: string, hash: string): Promise<string | undefined> {
    return this.#payloads.get(hash);
  }

  isOf(reference: string): boolean {
    return REFERENCE.test(reference);
  }

  async fetch(reference: string): Promise<string | undefined> {
    const hash = REFERENCE.exec(reference)?.[1];
    return hash === undefined ? undefined : this.#payloads.get(hash);
  }
}
