/**
 * The capacity units of an item. The size that counts for capacity is that of the names and values of all attributes, without the
 * 100 bytes per item that count for storage only. The items come from the encoders of the DynamoDB adapters.
 */
import type { AttributeValue } from '@aws-sdk/client-dynamodb';
import type { HeadItem } from '../lib/adapters/dynamodb/head-item.ts';
import type { Head } from '../lib/ports/process-store.ts';

export const itemBytes = (item: HeadItem): number => {
  let bytes = 0;
  for (const [name, value] of Object.entries(item)) bytes += Buffer.byteLength(name) + valueBytes(value);
  return bytes;
};

/** A list or map takes 3 bytes, and one more per element. */
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

/** A number takes one byte per two significant digits, and one more. */
const numberBytes = (value: string): number => Math.ceil(value.replace(/^-?0*|\.|0+$/g, '').length / 2) + 1;

/** A write takes one unit per started KB of the larger of the item before and after it. */
export const writeUnits = (bytes: number, bytesBefore = 0): number => Math.max(1, Math.ceil(Math.max(bytes, bytesBefore) / 1024));

/** A strongly consistent read takes one unit per started 4 KB, and one if there is no item. */
export const readUnits = (bytes: number): number => Math.max(1, Math.ceil(bytes / 4096));

/**
 * Writes to the two indexes: one for an entry that appears or disappears, two for an entry whose key changes. The projected
 * attributes are immutable, so there are no other writes.
 */
export const indexWrites = (head: Head, previous: Head | undefined): number =>
  keyWrites(previous && listKey(previous), listKey(head)) + keyWrites(previous?.due, head.due);

const listKey = (head: Head): string | undefined => (head.status === 'early' ? undefined : head.status);

const keyWrites = (before: string | number | undefined, after: string | number | undefined): number => {
  if (before === after) return 0;
  return (before === undefined ? 0 : 1) + (after === undefined ? 0 : 1);
};
