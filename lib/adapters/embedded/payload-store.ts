import { createHash } from 'node:crypto';
import { MemoryPayloadStore } from '../memory/payload-store.ts';
import type { Table } from '../memory/table.ts';
import type { Codec } from './log/field-text.ts';
import type { OrderedLog } from './log/log.ts';
import { LoggedTable } from './log/logged-table.ts';
import { stateCorrupt } from './state-corrupt.ts';

/** Payloads cached in memory, because most are read soon after they are put. */
const PAYLOADS_KEPT = 200;
/** One payload has up to 20 MB. */
const CHARACTERS_KEPT = 16_000_000;
/** A writer names a value soon after it has put it. */
const FRESH_MS = 3_600_000;
/** SHA-256 in hex. */
const HASH_LENGTH = 64;

/** Payloads in a logged table, with the semantics of the memory adapter. A value that is read is compared with the hash that is its key. */
export class SqlitePayloadStore extends MemoryPayloadStore {
  readonly #directory: string;
  /** By hash: the instances that have put the value in this hour, and in the last one. */
  #put = new Map<string, Set<string>>();
  #putBefore = new Map<string, Set<string>>();
  #putSince = performance.now();

  constructor(payloads: Table<string, string>, directory: string) {
    super(payloads);
    this.#directory = directory;
  }

  override async put(pid: string, hash: string, json: string): Promise<void> {
    if (performance.now() - this.#putSince > FRESH_MS) {
      this.#putBefore = this.#put;
      this.#put = new Map();
      this.#putSince = performance.now();
    }
    this.#put.set(hash, (this.#put.get(hash) ?? new Set<string>()).add(pid));
    await super.put(pid, hash, json);
  }

  /** Whether the value was put so lately that its writer may not have named it yet. */
  isFresh(hash: string): boolean {
    return [this.#put, this.#putBefore].some((put) => (put.get(hash)?.size ?? 0) > 0);
  }

  /** No value counts as fresh because of this instance, whose data is erased. */
  override forget(pid: string): void {
    for (const put of [this.#put, this.#putBefore]) for (const pids of put.values()) pids.delete(pid);
  }

  override async get(pid: string, hash: string): Promise<string | undefined> {
    return this.#checked(await super.get(pid, hash), hash);
  }

  override async fetch(reference: string): Promise<string | undefined> {
    const json = await super.fetch(reference);
    return json === undefined ? undefined : this.#checked(json, reference.slice(-HASH_LENGTH));
  }

  #checked(json: string | undefined, hash: string): string | undefined {
    if (json === undefined || createHash('sha256').update(json).digest('hex') === hash) return json;
    throw stateCorrupt(this.#directory, { file: 'state.db', what: `has another value under the hash ${hash} of the table payloads` });
  }
}

export function payloadTable(log: OrderedLog): LoggedTable<string, string> {
  return new LoggedTable(log, {
    name: 'payloads',
    key: 'text',
    codec: payloadCodec,
    keep: PAYLOADS_KEPT,
    keepCharacters: { most: CHARACTERS_KEPT, of: (text) => text.length },
  });
}

export const payloadCodec: Codec<string> = {
  encode: (writer, text) => writer.string(text),
  decode: (reader) => reader.string() ?? '',
};
