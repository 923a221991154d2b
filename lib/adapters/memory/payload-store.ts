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
  readonly #owners: Map<string, Set<string>> | undefined;

  /** `owners`: the instances that have put each value, for `forget`. @default they are not known */
  constructor(payloads: Table<string, string> = new MemoryTable(), owners?: Map<string, Set<string>>) {
    this.#payloads = payloads;
    this.#owners = owners;
  }

  async put(pid: string, hash: string, json: string): Promise<void> {
    if (this.#payloads.get(hash) === undefined) this.#payloads.set(hash, json);
    if (this.#owners) this.#owners.set(hash, (this.#owners.get(hash) ?? new Set<string>()).add(pid));
  }

  /** Removes the values that this instance alone has put. */
  forget(pid: string): void {
    for (const [hash, owners] of this.#owners ?? []) {
      if (!owners.delete(pid) || owners.size > 0) continue;
      this.#owners?.delete(hash);
      this.#payloads.delete(hash);
    }
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
