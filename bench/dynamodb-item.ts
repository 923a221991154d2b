/**
 * What a head, a journal chunk or a payload is as a DynamoDB item, and what it costs.
 * Sizes are those that capacity is counted by: the names and the values of all attributes, without the 100 bytes an item
 * that only storage is charged with.
 */
import { deflateRawSync } from 'node:zlib';
import type { Head, JournalChunk } from '../lib/ports/process-store.ts';

type Value = string | number | Uint8Array | readonly string[] | Readonly<Record<string, string>>;
export type Item = Readonly<Record<string, Value>>;

/** Shards of the list index, and of the due index: one digit each is enough for a size. */
const LIST_SHARD = '7';
const DUE_SHARD = 'D#15';

export const headItem = (head: Head): Item => {
  const [tenant = '', definition = ''] = head.pid.split('#');
  return {
    pk: head.pid,
    sk: 'H',
    v: head.version,
    run: head.run,
    w: head.writer,
    st: head.status,
    def: head.definition,
    u: head.clock,
    b: deflated([String(head.tailFrom), head.control, ...head.tail]),
    ...(head.status !== 'early' && { lsh: `L#${tenant}#${definition}#${head.status}#${LIST_SHARD}`, lsk: `${head.startedAt}#${head.run}` }),
    ...(head.due !== undefined && { dsh: DUE_SHARD, due: head.due }),
    ...(head.closedAt !== undefined && { closed: head.closedAt }),
    ...(head.why !== undefined && { why: head.why }),
    ...(head.tags && { tags: head.tags }),
    ...(head.early && { early: head.early }),
  };
};

export const chunkItem = (chunk: JournalChunk): Item => {
  const place = (index: number): string => String(index).padStart(6, '0');
  return {
    pk: chunk.pid,
    sk: `J#${chunk.run}#${place(chunk.from)}#${place(chunk.from + chunk.entries.length - 1)}`,
    b: deflated(chunk.entries),
  };
};

export const payloadItem = (hash: string, json: string): Item => ({ pk: `P#${hash}`, sk: 'P', j: json });

const deflated = (lines: readonly string[]): Uint8Array => deflateRawSync(lines.join('\n'));

export const itemBytes = (item: Item): number => {
  let bytes = 0;
  for (const [name, value] of Object.entries(item)) bytes += Buffer.byteLength(name) + valueBytes(value);
  return bytes;
};

/** A list or map has 3 bytes of its own, and one for each element. */
const CONTAINER_BYTES = 3;

const valueBytes = (value: Value): number => {
  if (typeof value === 'string') return Buffer.byteLength(value);
  if (typeof value === 'number') return numberBytes(value);
  if (value instanceof Uint8Array) return value.byteLength;
  if (Array.isArray(value)) return CONTAINER_BYTES + value.reduce((sum: number, each: string) => sum + 1 + Buffer.byteLength(each), 0);
  return (
    CONTAINER_BYTES + Object.entries(value).reduce((sum, [name, each]) => sum + 1 + Buffer.byteLength(name) + Buffer.byteLength(each), 0)
  );
};

/** One byte for two significant digits, and one more. */
const numberBytes = (value: number): number => Math.ceil(String(Math.abs(value)).replace(/^0+|\.|0+$/g, '').length / 2) + 1;

/** A write unit for every KB that was begun, of the item before or after the write, whichever is larger. */
export const writeUnits = (bytes: number, bytesBefore = 0): number => Math.max(1, Math.ceil(Math.max(bytes, bytesBefore) / 1024));

/** Strongly consistent: a read unit for every 4 KB that were begun, also where nothing was found. */
export const readUnits = (bytes: number): number => Math.max(1, Math.ceil(bytes / 4096));

/**
 * Writes to the two indexes: an entry that appears or vanishes is one, one whose key changes is two. What
 * they project is immutable, so nothing else is written.
 */
export const indexWrites = (head: Head, previous: Head | undefined): number =>
  keyWrites(previous && listKey(previous), listKey(head)) + keyWrites(previous?.due, head.due);

const listKey = (head: Head): string | undefined => (head.status === 'early' ? undefined : head.status);

const keyWrites = (before: string | number | undefined, after: string | number | undefined): number => {
  if (before === after) return 0;
  return (before === undefined ? 0 : 1) + (after === undefined ? 0 : 1);
};
