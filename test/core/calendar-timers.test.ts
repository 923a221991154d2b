import { describe, expect, test } from 'vitest';
import type { CalendarRule } from 'tutti';
import { Instance } from './instance.ts';
import { Checkout, Nudge, tripOf, type TripContext } from './trip-contracts.ts';
import { fly, FLIGHT, started } from './trip-steps.ts';

const NINE: CalendarRule = { monthly: 31, at: '09:00', zone: 'Europe/Paris' };
const TEN: CalendarRule = { monthly: 31, at: '10:00', zone: 'Europe/Paris' };

const until = (rule: CalendarRule) => async (ctx: TripContext) => {
  await ctx.until(rule);
  return ctx.now().toISOString();
};

const resultOf = (trip: Instance): unknown => trip.entries('ProcessCompleted')[0]?.data;

describe('ctx.until of a calendar rule', () => {
  test('waits for its next instant, which the journal holds with the rule', async () => {
    const trip = await started(until(NINE));
    expect(trip.entries('TimerSet')).toEqual([
      { type: 'TimerSet', n: 1, path: 'until:1', due: Date.parse('2026-01-31T08:00:00Z'), rule: 'monthly 31 09:00 Europe/Paris' },
    ]);
    await trip.passes('31 days');
    expect(resultOf(trip)).toBe('2026-01-31T08:00:00.000Z');
  });

  test('in a loop has each instant once, and the 28th of February', async () => {
    const trip = await started(async (ctx) => {
      const at: string[] = [];
      while (at.length < 3) {
        await ctx.until({ monthly: 'last', at: '09:00', zone: 'UTC' });
        at.push(ctx.now().toISOString().slice(0, 10));
      }
      return at;
    });
    await trip.passes('100 days');
    expect(resultOf(trip)).toEqual(['2026-01-31', '2026-02-28', '2026-03-31']);
  });

  test('keeps its number and order beside other timers', async () => {
    const trip = await started(async (ctx) => {
      await Promise.all([ctx.sleep('1 day'), ctx.until({ cron: '0 12 * * *', zone: 'UTC' }), ctx.sleep('2 days')]);
    });
    expect(trip.timers()).toEqual(['sleep:1 in 86400000 ms', 'sleep:2 in 172800000 ms', 'until:1 in 43200000 ms']);
    await trip.passes('2 days');
    expect(trip.status).toBe('completed');
  });

  test('sets no timer if its scope fails before its instant is computed', async () => {
    const trip = await started(async (ctx) => {
      const failing = ctx.scope('s', async (ctx) => {
        void ctx.until(NINE).catch(() => undefined);
        throw ctx.fail('too late');
      });
      await failing.catch(() => undefined);
      await ctx.sleep('1 day');
    });
    expect(trip.trace().filter((entry) => entry.startsWith('Timer'))).toEqual(['TimerSet sleep:1']);
  });

  test('is cancelled with its scope', async () => {
    const trip = await started(async (ctx) => ctx.race({ nine: ctx.scope('s', async () => ctx.until(NINE)), flown: fly(ctx) }));
    await trip.completes('flights.book', FLIGHT);
    expect(trip.status).toBe('completed');
    expect(trip.timers()).toEqual([]);
  });

  test('replays by its rule, whatever instant the zone data of the machine gives', async () => {
    const trip = new Instance(tripOf(until(NINE)), { compare: false });
    await trip.starts(Checkout);
    const moved = trip.journal.map((entry) => (entry.type === 'TimerSet' ? { ...entry, due: entry.due + 3_600_000 } : entry));
    expect(await trip.differences(moved)).toEqual([]);
  });

  test.each<[string, (ctx: TripContext) => Promise<unknown>, RegExp]>([
    ['another rule', until(TEN), /until:1 has rule monthly 31 10:00 Europe\/Paris, in the journal it is monthly 31 09:00 Europe\/Paris/],
    [
      'an instant in its place',
      async (ctx) => ctx.until('2026-01-31T08:00:00Z'),
      /until:1 has rule undefined, in the journal it is monthly 31 09:00/,
    ],
    ['a new wait beside it', async (ctx) => Promise.all([until(NINE)(ctx), until(TEN)(ctx)]), /the code now decides TimerSet until:2/],
  ])('does not replay with %s', async (_, body, difference) => {
    const trip = new Instance(tripOf(until(NINE)), { compare: false });
    await trip.starts(Checkout);
    expect((await trip.rebuilt(tripOf(body))).run.bug?.message).toMatch(difference);
  });

  test.each<[string, CalendarRule, RegExp]>([
    ['a day that no month has', { monthly: 32, at: '09:00', zone: 'UTC' }, /has the day 32/],
    ['a minute that does not exist', { cron: '61 9 * * *', zone: 'UTC' }, /"61 9 \* \* \*", which is invalid/],
    ['a date that never comes', { cron: '0 9 30 2 *', zone: 'UTC' }, /has no instant after 2026-01-01/],
  ])('with %s is POISON', async (_, rule, message) => {
    expect((await started(until(rule))).bug).toMatchObject({ code: 'POISON', message: expect.stringMatching(message) as string });
  });
});

test('ctx.each ends at the instant of a calendar rule', async () => {
  const trip = await started(async (ctx) => {
    const words: string[] = [];
    for await (const { data } of ctx.each([Nudge], { until: NINE })) words.push(data.word);
    return words;
  });
  await trip.happens(Nudge, { word: 'a' });
  await trip.passes('31 days');
  expect(resultOf(trip)).toEqual(['a']);
  expect(trip.entries('TimerSet')[0]).toMatchObject({ path: 'shop.nudge:1/timeout', rule: 'monthly 31 09:00 Europe/Paris' });
});

test('ctx.each that its code leaves before its instant is computed sets no timer', async () => {
  const trip = await started(async (ctx) => {
    await ctx.sleep('1 day');
    for await (const { data } of ctx.each([Nudge], { until: NINE })) return data.word;
    return null;
  });
  await trip.happens(Nudge, { word: 'early' });
  await trip.passes('1 day');
  expect(resultOf(trip)).toBe('early');
  expect(trip.timers()).toEqual([]);
});

test('ctx.each that its code leaves before the first turn sets no timer', async () => {
  const trip = await started(async (ctx) => {
    const turns = ctx.each([Nudge], { until: NINE })[Symbol.asyncIterator]();
    await turns.return?.();
    await ctx.sleep('1 day');
  });
  expect(trip.trace().filter((entry) => entry.startsWith('Timer'))).toEqual(['TimerSet sleep:1']);
});
