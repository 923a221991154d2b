/**
 * What an item costs. Sizes are those that capacity is counted by: the names and the values of all attributes, without the
 * 100 bytes an item that only storage is charged with. What the items are is told by the encoders of the DynamoDB adapters.
 */
import type { AttributeValue } from '@aws-sdk/client-dynamodb';
import type { HeadItem } from '../lib/adapters/dynamodb/head-item.ts';
import type { Head } from '../lib/ports/process-store.ts';

export const itemBytes = (item: HeadItem): number => {
  let bytes = 0;
  for (const [name, value] of Object.entries(item)) bytes += Buffer.byteLength(name) + valueBytes(value);
  return bytes;
};

/** A list or map has 3 bytes of its own, and one for each element. */
const CONTAINER_BYTES = 3;

const valueBytes = (value: AttributeValue): number => {
  if (value.S !== undefined) return Buffer.byteLength(value.S);
  if (value.N !== undefined) return numberBytes(value.N);
  if (value.B !== undefined) return value.B.byteLength;
  if (value.L !== undefined) return CONTAINER_BYTES + value.L.reduce((sum, each) => sum + 1 + valueBytes(each), 0);
  if (value.M !== undefined)
    return CONTAINER_BYTES + Object.entries(value.M).reduce((sum, [name, each]) => sum + 1 + itemBytes({ [name]: each }), 0);
  return 1;
};

/** One byte for two significant digits, and one more. */
const numberBytes = (value: string): number => Math.ceil(value.replace(/^-?0*|\.|0+$/g, '').length / 2) + 1;

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
