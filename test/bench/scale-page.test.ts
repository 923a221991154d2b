import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { countBooking } from '../../bench/booking-counts.ts';
import { QUOTAS } from '../../bench/quotas.ts';
import { scalePage } from '../../bench/scale-page.ts';
import { DEFAULT_CONCURRENCY } from '../../lib/cdk/prop-checks.ts';

const counted = await countBooking(10, true);
const page = readFileSync(new URL('../../docs/scale.md', import.meta.url), 'utf8');

test('docs/scale.md equals the output of npm run cost', () => {
  expect(page, 'Run `npm run cost` and look at what changed').toBe(scalePage(counted));
});

test('the limits of docs/scale.md are the quotas divided by the counted calls, the lowest first', () => {
  const rates = [...page.matchAll(/^\| ([\d,]+) \| (.+?) \| .+ \|$/gm)].map(([, rate = '', what]) => ({
    rate: Number(rate.replaceAll(',', '')),
    what,
  }));
  const limits = rates.slice(0, 7);
  expect(limits.map(({ rate }) => rate)).toEqual(limits.map(({ rate }) => rate).toSorted((one, other) => one - other));
  const puts = Math.floor(QUOTAS.putEvents['us-east-1'] / counted.busEvents);
  expect(limits).toContainEqual({ rate: puts, what: expect.stringContaining('PutEvents') as string });
  expect(page).toContain(`${DEFAULT_CONCURRENCY} copies of advance-processes, the default`);
});
