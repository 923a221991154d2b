import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { billUsd, lineUsd } from '../../bench/bill.ts';
import { otherBills, tuttiBill } from '../../bench/bills.ts';
import { countCosts } from '../../bench/count-costs.ts';
import { AIMS, costPage } from '../../bench/cost-page.ts';

const counted = await countCosts();

test('docs/cost.md equals the output of npm run cost', () => {
  const page = readFileSync(new URL('../../docs/cost.md', import.meta.url), 'utf8');
  expect(page, 'Run `npm run cost` and look at what changed').toBe(costPage(counted));
});

test('a million bookings cost at most the limits, with one message per batch and with ten', () => {
  expect(billUsd(tuttiBill(counted.oneByOne))).toBeLessThanOrEqual(AIMS[1]);
  expect(billUsd(tuttiBill(counted.tensCold))).toBeLessThanOrEqual(AIMS[10]);
  expect(billUsd(tuttiBill(counted.tens))).toBeLessThan(billUsd(tuttiBill(counted.tensCold)));
});

test('every message is on the bill as often as it was put, sent, received and deleted', () => {
  const { events, ticks, commands, sendCalls } = counted.oneByOne;
  expect([events, commands]).toEqual([5, 4]);
  const requests = tuttiBill(counted.oneByOne).filter(({ price }) => price === 'queueRequest');
  expect(requests.reduce((sum, { quantity }) => sum + quantity, 0)).toBe(events + sendCalls + 2 * (events + ticks + commands));
  expect(lineUsd(requests[0]!)).toBeCloseTo(5 * 0.4);
});

test('Tutti is the cheapest engine that the page compares', () => {
  const own = billUsd(tuttiBill(counted.oneByOne));
  for (const { engine, bill } of otherBills(counted.oneByOne)) expect([engine, billUsd(bill) > own]).toEqual([engine, true]);
});
