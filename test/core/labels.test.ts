import { expect, test } from 'vitest';
import type { JournalEntry } from '../../lib/core/journal-entry.ts';
import { replayEntries } from '../../lib/engine/replay-journal.ts';
import { frontEndOf } from '../../lib/process/front-end.ts';
import { Instance } from './instance.ts';
import { Checkout, Nudge, tripOf, type TripContext } from './trip-contracts.ts';
import { fly, FLIGHT, started } from './trip-steps.ts';

const clashing = async (ctx: TripContext): Promise<unknown> =>
  Promise.all([
    ctx.scope('leg', async (ctx) => ctx.scope('seat', async (ctx) => ctx.waitFor(Nudge))),
    ctx.scope('leg:1/seat', async (ctx) => ctx.waitFor(Nudge, { timeout: '1 hour' })),
  ]);

test('each step has its own path, whatever the labels of scopes', async () => {
  const trip = await started(clashing);
  expect(trip.entries('ScopeOpened').map(({ path }) => path)).toEqual(['leg:1', 'leg:1/seat:1', 'leg%3A1%2Fseat:1']);
  await trip.happens(Nudge);
  await trip.happens(Nudge);
  expect(trip.status).toBe('completed');
});

test('a percent sign is escaped too, so that two labels never give one path', async () => {
  const trip = await started(async (ctx) => {
    for (const label of ['a/b', 'a%2Fb', 'a/b']) await ctx.scope(label, async () => {});
  });
  expect(trip.entries('ScopeOpened').map(({ path }) => path)).toEqual(['a%2Fb:1', 'a%252Fb:1', 'a%2Fb:2']);
});

test('the label of a compensation is escaped too, and the compensation runs under that path', async () => {
  const trip = await started(async (ctx) => {
    ctx.compensate('seat 7/a', async (ctx) => fly(ctx));
    throw ctx.errors.Refused({ why: 'test' });
  });
  await trip.completes('flights.book', FLIGHT);
  expect(trip.entries('CompensationStarted')[0]?.path).toBe('seat 7%2Fa:1/run:1');
  expect(trip.status).toBe('failed');
});

test('the journal of a release that did not escape labels replays, even with two equal paths, and continues with escaped labels', async () => {
  const code = tripOf(async (ctx) => {
    await clashing(ctx);
    await ctx.scope('leg/2', async (ctx) => ctx.waitFor(Nudge));
  });
  const trip = new Instance(code, { compare: false });
  await trip.starts(Checkout);
  for (let i = 0; i < 2; i += 1) await trip.happens(Nudge);
  const unescaped = (entry: JournalEntry): JournalEntry =>
    'path' in entry && entry.path.startsWith('leg%3A') ? { ...entry, path: decodeURIComponent(entry.path) } : entry;
  const recorded = trip.journal.map(unescaped);
  expect(recorded.filter((entry) => 'path' in entry && entry.path === 'leg:1/seat:1')).toHaveLength(4);
  const { definition, environment, image } = trip;
  expect(await replayEntries({ definition, environment, frontEndOf, pid: image.pid, run: image.run, entries: recorded })).toEqual({
    differences: [],
    skipped: [],
  });
});
