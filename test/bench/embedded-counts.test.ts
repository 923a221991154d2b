import { expect, test } from 'vitest';
import { isHeld } from '../../bench/counted-cases.ts';
import { embeddedRow } from '../../bench/embedded-counts.ts';

test('a booking in a folder makes no more records, characters, rows, promises and stringifications than its limits say', async () => {
  const { checks } = await embeddedRow(20);
  expect(checks.filter((check) => !isHeld(check))).toEqual([]);
  // Five decisions, four commands with a claim and a reply each, and nine messages: a count of nothing would hold every limit.
  for (const { what, counted, atMost } of checks) expect([what, counted > atMost / 3]).toEqual([what, true]);
});
