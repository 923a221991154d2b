import fc from 'fast-check';
import { expect, test } from 'vitest';
import { decodeChunk, encodeChunk } from '../../../lib/adapters/dynamodb/chunk-item.ts';
import { decodeHeadItem, encodeHeadItem, HEAD_ATTRIBUTES } from '../../../lib/adapters/dynamodb/head-item.ts';
import { DUE_INDEX, LIST_INDEX } from '../../../lib/adapters/dynamodb/tables.ts';
import type { Head } from '../../../lib/ports/process-store.ts';
import { head } from '../../contracts/process-store.contract.ts';

const text = fc.string({ unit: 'grapheme' });
const json = fc.json({ maxDepth: 3 });
const instant = fc.nat({ max: 4_000_000_000_000 });
const optional: fc.Arbitrary<Partial<Head>> = fc.record(
  {
    due: instant,
    closedAt: instant,
    hotUntil: instant,
    unresolved: fc.nat(),
    why: text,
    tags: fc.dictionary(text, text),
    early: fc.array(text),
  },
  { requiredKeys: [] },
);
const heads: fc.Arbitrary<Head> = fc
  .record({
    version: fc.nat(),
    writer: text,
    run: fc.stringMatching(/^[a-z0-9]{0,26}$/),
    status: fc.constantFrom<Head['status']>('early', 'running', 'completed', 'failed', 'cancelled', 'terminated', 'stuck'),
    control: fc.oneof(fc.constant(''), json),
    tail: fc.array(json),
    tailFrom: fc.nat(),
    clock: instant,
    startedAt: instant,
  })
  .chain((required) => optional.map((rest) => head({ ...required, ...rest })));

test('a head that is encoded as an item and decoded again is unchanged', () => {
  fc.assert(
    fc.property(heads, (each) => {
      expect(decodeHeadItem(encodeHeadItem(each))).toEqual(each);
    }),
  );
});

test('an item has only attributes that a commit writes', () => {
  const known = new Set<string>(['pk', 'sk', ...HEAD_ATTRIBUTES]);
  fc.assert(
    fc.property(heads, (each) => {
      expect(Object.keys(encodeHeadItem(each)).filter((name) => !known.has(name))).toEqual([]);
    }),
  );
});

test('a head is in the list index unless it is an early buffer, and in the due index while it has a due time', () => {
  fc.assert(
    fc.property(heads, (each) => {
      const item = encodeHeadItem(each);
      expect([LIST_INDEX.partition.name in item, LIST_INDEX.sort.name in item]).toEqual([each.status !== 'early', true]);
      expect([DUE_INDEX.partition.name in item, DUE_INDEX.sort.name in item]).toEqual(Array(2).fill(each.due !== undefined));
    }),
  );
});

test('a journal chunk that is encoded as an item and decoded again is unchanged', () => {
  const chunks = fc.record({
    pid: text,
    run: fc.stringMatching(/^[a-z0-9]{0,26}$/),
    from: fc.nat(99_999_999),
    entries: fc.array(json, { minLength: 1 }),
  });
  fc.assert(
    fc.property(chunks, (chunk) => {
      expect(decodeChunk(encodeChunk(chunk), chunk.run)).toEqual(chunk);
    }),
  );
});
