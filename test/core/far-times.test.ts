import { expect, test } from 'vitest';
import { milliseconds } from '../../lib/contract/duration.ts';
import { INSTANT_MAX } from '../../lib/contract/instant.ts';
import type { JournalEntry } from '../../lib/core/journal-entry.ts';
import { replayEntries } from '../../lib/engine/replay-journal.ts';
import { frontEndOf } from '../../lib/process/front-end.ts';
import { Instance } from './instance.ts';
import { Checkout, Nudge, tripOf, type TripContext } from './trip-contracts.ts';
import { started } from './trip-steps.ts';

test('a timer beyond the calendar is set to its end, and a longer duration counts as 100 years', async () => {
  const trip = await started((ctx) => Promise.all([ctx.until(new Date(8.64e15)), ctx.sleep('999999999 days')]));
  const { clock } = trip.image;
  expect(trip.entries('TimerSet').map(({ due }) => due)).toEqual([INSTANT_MAX, clock + milliseconds('36525 days')]);
});

/** A start, and a timer as a release recorded it. */
const recordedTimer = async (sleeps: (ctx: TripContext) => Promise<unknown>, path: string, due: number): Promise<readonly string[]> => {
  const trip = new Instance(tripOf((ctx) => ctx.waitFor(Nudge)));
  await trip.starts(Checkout);
  const entries: JournalEntry[] = [...trip.journal, { type: 'TimerSet', n: 1, path, due }];
  const { definition, environment } = new Instance(tripOf(sleeps));
  return (await replayEntries({ definition, environment, frontEndOf, pid: trip.image.pid, run: trip.image.run, entries })).differences;
};

test('the journal of a release that read an instant in its own time zone, or beyond every calendar, replays', async () => {
  expect(await recordedTimer((ctx) => ctx.until('2030-03-31'), 'until:1', Date.parse('2030-03-31'))).toEqual([]);
  expect(await recordedTimer((ctx) => ctx.until('December 24, 2030'), 'until:1', Date.parse('December 24, 2030'))).toEqual([]);
  expect(await recordedTimer((ctx) => ctx.sleep('999999999 days'), 'sleep:1', 8.64e16)).toEqual([]);
});

test('a timer with another instant is a difference', async () => {
  const [difference] = await recordedTimer((ctx) => ctx.until('2030-03-31T08:00:00Z'), 'until:1', 7);
  expect(difference).toContain('until:1 has due');
  expect((await recordedTimer((ctx) => ctx.sleep('999999999 days'), 'sleep:1', 7))[0]).toContain('sleep:1 has due');
  expect((await recordedTimer((ctx) => ctx.sleep('999999999 days'), 'sleep:2', 7))[0]).toContain('sleep:1');
});
