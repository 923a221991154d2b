import { expect, test } from 'vitest';
import { backoffSeconds } from '../../lib/contract/backoff.ts';

test('a backoff doubles with each delivery up to 15 minutes, and is at least half of that', () => {
  const counts = [1, 2, 3, 9, 10, 20, 1_000];
  expect(counts.map((count) => backoffSeconds(count, 0))).toEqual([1, 2, 4, 256, 450, 450, 450]);
  expect(counts.map((count) => backoffSeconds(count, 0.999))).toEqual([2, 4, 8, 512, 900, 900, 900]);
});
