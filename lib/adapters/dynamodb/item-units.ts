import type { AttributeValue } from '@aws-sdk/client-dynamodb';
import type { Head } from '../../ports/process-store.ts';
import type { HeadItem } from './head-item.ts';

/**
 * The bytes of an item that count for capacity units: those of the names and values of all attributes, without the 100 bytes per item that
 * count for storage only.
 */
export function itemBytes(item: HeadItem): number {
  let bytes = 0;
  for (const [name, value] of Object.entries(item)) bytes += Buffer.byteLength(name) + valueBytes(value);
  return bytes;
}

/** A list or map takes 3 bytes, and one more per element. */
const CONTAINER_BYTES = 3;

function valueBytes(value: AttributeValue): number {
  if (value.S !== undefined) return Buffer.byteLength(value.S);
  if (value.N !== undefined) return numberBytes(value.N);
  if (value.B !== undefined) return value.B.byteLength;
  if (value.L !== undefined) return CONTAINER_BYTES + value.L.reduce((sum, each) => sum + 1 + valueBytes(each), 0);
  if (value.M !== undefined)
    return CONTAINER_BYTES + Object.entries(value.M).reduce((sum, [name, each]) => sum + 1 + itemBytes({ [name]: each }), 0);
  return 1;
}

/** A number takes one byte per two significant digits, and one more. */
function numberBytes(value: string): number {
  return Math.ceil(value.replace(/^-?0*|\.|0+$/g, '').length / 2) + 1;
}

/** A write takes one unit per started KB of the larger of the item before and after it. */
export function writeUnits(bytes: number, bytesBefore = 0): number {
  return Math.max(1, Math.ceil(Math.max(bytes, bytesBefore) / 1024));
}

/** A strongly consistent read takes one unit per started 4 KB, and one if there is no item. */
export function readUnits(bytes: number): number {
  return Math.max(1, Math.ceil(bytes / 4096));
}

/**
 * Writes to the two indexes: one for an entry that appears or disappears, two for an entry whose key changes. The projected
 * attributes are immutable, so there are no other writes.
 */
export function indexWrites(head: Head, previous: Head | undefined): number {
  return keyWrites(previous && listKey(previous), listKey(head)) + keyWrites(previous?.due, head.due);
}

function listKey(head: Head): string | undefined {
  return head.status === 'early' ? undefined : head.status;
}

function keyWrites(before: string | number | undefined, after: string | number | undefined): number {
  if (before === after) return 0;
  return (before === undefined ? 0 : 1) + (after === undefined ? 0 : 1);
}
