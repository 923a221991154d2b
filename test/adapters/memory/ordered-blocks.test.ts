import * as fc from 'fast-check';
import { expect, test } from 'vitest';
import { OrderedBlocks } from '../../../lib/adapters/memory/ordered-blocks.ts';

const numbers = (left: number, right: number): number => left - right;
const below = fc.nat(3_000);

test('entries are in order behind every place, as a sorted list of them would be', () => {
  fc.assert(
    fc.property(fc.array(below), fc.array(fc.tuple(fc.boolean(), below)), below, (first, changes, place) => {
      const blocks = new OrderedBlocks(numbers, [...new Set(first)]);
      const expected = new Set(first);
      for (const [isAdded, entry] of changes) {
        if (isAdded) {
          blocks.add(entry);
          expected.add(entry);
        } else {
          blocks.delete(entry);
          expected.delete(entry);
        }
      }
      expect([...blocks.behind(place)]).toEqual([...expected].filter((entry) => entry > place).sort(numbers));
    }),
    { numRuns: 300 },
  );
});

test('many entries that come in falling order, and go again, leave nothing', () => {
  const blocks = new OrderedBlocks(numbers);
  for (let entry = 5_000; entry > 0; entry -= 1) blocks.add(entry);
  expect([...blocks.behind(0)]).toEqual(Array.from({ length: 5_000 }, (_, n) => n + 1));
  for (let entry = 1; entry <= 5_000; entry += 1) blocks.delete(entry);
  expect([...blocks.behind(0)]).toEqual([]);
});
