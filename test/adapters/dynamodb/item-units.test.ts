import { expect, test } from 'vitest';
import { indexWrites, itemBytes, readUnits, writeUnits } from '../../../lib/adapters/dynamodb/item-units.ts';
import { encodeHeadItem } from '../../../lib/adapters/dynamodb/head-item.ts';
import type { Head } from '../../../lib/ports/process-store.ts';

const head: Head = {
  pid: 'default#book-trip#cart-42',
  version: 1,
  writer: 'w1',
  run: 'r1',
  status: 'running',
  definition: 'book-trip@1',
  clock: 1,
  control: '{"format":2,"seq":1}',
  tail: [],
  tailFrom: 0,
  startedAt: 1,
};

test('the size of an item is the bytes of its attribute names and values', () => {
  expect(itemBytes({ pk: { S: 'abc' }, b: { B: new Uint8Array(10) } })).toBe(2 + 3 + 1 + 10);
});

test('text counts as bytes of UTF-8', () => {
  expect(itemBytes({ pk: { S: 'ü' } })).toBe(2 + 2);
});

test('a number takes a byte per two significant digits, and one more', () => {
  expect(itemBytes({ v: { N: '12345' } })).toBe(1 + 3 + 1);
  expect(itemBytes({ v: { N: '1700' } })).toBe(1 + 1 + 1);
});

test('a list and a map take three bytes, and one per element', () => {
  expect(itemBytes({ early: { L: [{ S: 'ab' }, { S: 'c' }] } })).toBe(5 + 3 + 1 + 2 + 1 + 1);
  expect(itemBytes({ tags: { M: { team: { S: 'eu' } } } })).toBe(4 + 3 + 1 + 4 + 2);
});

test('a write costs a unit per started KB of the larger of the item before and after', () => {
  expect([writeUnits(1024), writeUnits(1025), writeUnits(10, 2049), writeUnits(0)]).toEqual([1, 2, 3, 1]);
});

test('a strongly consistent read costs a unit per started 4 KB, and one if there is no item', () => {
  expect([readUnits(0), readUnits(4096), readUnits(4097)]).toEqual([1, 1, 2]);
});

test('the list index is written once for a new instance and twice for a change of status', () => {
  expect(indexWrites(head, undefined)).toBe(1);
  expect(indexWrites({ ...head, version: 2 }, head)).toBe(0);
  expect(indexWrites({ ...head, status: 'completed' }, head)).toBe(2);
});

test('the due index is written once for a new or removed due time, and twice for one that moves', () => {
  const due = { ...head, due: 5 };
  expect([indexWrites(due, head), indexWrites({ ...head, due: 6 }, due), indexWrites(head, due)]).toEqual([1, 2, 1]);
});

test('a journal tail makes the head larger by its compressed size', () => {
  const entry = JSON.stringify({ type: 'CommandAnswered', n: 1, data: 'x'.repeat(900) });
  const added = itemBytes(encodeHeadItem({ ...head, tail: [entry] })) - itemBytes(encodeHeadItem(head));
  expect(added).toBeGreaterThan(0);
  expect(added).toBeLessThan(200);
});
