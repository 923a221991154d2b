import { describe, expect, test } from 'vitest';
import { tripOf, Checkout, Nudge, notes, type TripContext } from './trip-contracts.ts';
import { fly, started } from './trip-steps.ts';
import { Instance } from './instance.ts';

const DAY = 86_400_000;

/** Collects the words of the nudges until the end of the loop. */
const collecting =
  (until?: Parameters<TripContext['each']>[1], busy?: (ctx: TripContext) => Promise<unknown>) =>
  async (ctx: TripContext): Promise<readonly string[]> => {
    const words: string[] = [];
    for await (const message of ctx.each([Nudge], until)) {
      if (message.data.word === 'stop') break;
      words.push(message.data.word);
      await busy?.(ctx);
    }
    return words;
  };

const resultOf = (trip: Instance): unknown => trip.entries('ProcessCompleted')[0]?.data;

describe('ctx.each', () => {
  test('yields each message with its type, id, source and time, in order of arrival, also of those before the loop', async () => {
    const trip = await started(async (ctx) => {
      await ctx.sleep('1 day');
      const seen: unknown[] = [];
      for await (const message of ctx.each([Nudge, Checkout])) {
        seen.push({ ...message, data: message.type });
        if (Checkout.is(message)) return seen;
      }
      return seen;
    });
    await trip.happens(Nudge, {}, { id: 'n-1' });
    await trip.passes('1 day');
    await trip.happens(Nudge, {}, { id: 'n-2' });
    await trip.starts(Checkout, {}, { id: 'c-2', onOpen: 'signal' });
    expect(resultOf(trip)).toEqual([
      { type: 'shop.nudge', data: 'shop.nudge', id: 'n-1', source: 'shop', time: '2026-01-01T00:00:00.000Z' },
      { type: 'shop.nudge', data: 'shop.nudge', id: 'n-2', source: 'shop', time: '2026-01-02T00:00:00.000Z' },
      { type: 'shop.checkout', data: 'shop.checkout', id: 'c-2', source: 'shop', time: '2026-01-02T00:00:00.000Z' },
    ]);
  });

  test.each<[string, NonNullable<Parameters<TripContext['each']>[1]>]>([
    ['a duration from its begin', { until: '3 days' }],
    ['a Date', { until: new Date('2026-01-04T00:00:00Z') }],
    ['an instant', { until: '2026-01-04T01:00:00+01:00' }],
  ])('has one timer for the whole loop, which ends at %s', async (_, until) => {
    const trip = await started(collecting(until));
    for (const word of ['a', 'b']) await trip.happens(Nudge, { word });
    expect(trip.timers()).toEqual([`shop.nudge:1/timeout in ${3 * DAY} ms`]);
    await trip.passes('4 days');
    expect(resultOf(trip)).toEqual(['a', 'b']);
    expect(trip.trace().filter((entry) => entry.includes('Timer'))).toEqual(['TimerSet shop.nudge:1/timeout', 'TimerFired']);
  });

  test('yields the messages that came before its end, and leaves later ones unread, if its body is busy at the end', async () => {
    const trip = await started(collecting({ until: '2 days' }, (ctx) => ctx.sleep('3 days')));
    await trip.happens(Nudge, { word: 'a' });
    await trip.passes('1 day');
    await trip.happens(Nudge, { word: 'in time' });
    await trip.passes('1 day');
    await trip.happens(Nudge, { word: 'too late' }, { id: 'late' });
    await trip.passes('9 days');
    expect(resultOf(trip)).toEqual(['a', 'in time']);
    expect(trip.entries('EventsUnread')).toEqual([expect.objectContaining({ ids: ['late'] })]);
  });

  test('has neither a timer nor a wait after a break, and replays', async () => {
    const trip = await started(async (ctx) => {
      const words = await collecting({ until: '9 days' })(ctx);
      await ctx.sleep('1 day');
      return words;
    });
    await trip.happens(Nudge, { word: 'a' });
    await trip.happens(Nudge, { word: 'stop' });
    expect(trip.timers()).toEqual([`sleep:1 in ${DAY} ms`]);
    expect(trip.entries('TimerCleared')).toEqual([expect.objectContaining({ path: 'shop.nudge:1/timeout' })]);
    await trip.happens(Nudge, { word: 'unread' });
    await trip.passes('1 day');
    expect(resultOf(trip)).toEqual(['a']);
  });

  test('ends, with its timer, if its body throws a failure', async () => {
    const trip = await started(async (ctx) => {
      for await (const { data } of ctx.each([Nudge], { until: '9 days' })) throw ctx.fail(data.word);
    });
    await trip.happens(Nudge, { word: 'no' });
    expect(trip.status).toBe('failed');
    expect(trip.entries('TimerCleared')).toHaveLength(1);
  });

  test.each([
    ['while it waits', async () => undefined],
    ['while its body is busy', async (ctx: TripContext) => ctx.sleep('1 day')],
  ])('is cancelled with its scope %s', async (_, busy) => {
    const trip = await started(collecting({ until: '9 days' }, busy));
    await trip.happens(Nudge, { word: 'a' });
    await trip.operates('cancel');
    expect(trip.status).toBe('cancelled');
    expect(trip.timers()).toEqual([]);
  });

  test('has no timer if it begins after the cancellation', async () => {
    const trip = await started(async (ctx) => {
      await ctx.sleep('1 day').catch(() => undefined);
      return collecting({ until: '9 days' })(ctx);
    });
    await trip.operates('cancel');
    expect(trip.status).toBe('cancelled');
    expect(trip.entries('TimerSet')).toHaveLength(1);
  });

  test('in a scope that loses a race is cancelled with it', async () => {
    const trip = await started(async (ctx) =>
      ctx.race({ words: ctx.scope('words', async () => collecting({ until: '9 days' })(ctx)), flown: fly(ctx) }),
    );
    await trip.completes('flights.book', { reference: 'f' });
    expect(trip.status).toBe('completed');
    expect(trip.timers()).toEqual([]);
  });

  test.each<[string, (ctx: TripContext) => Promise<unknown>, RegExp]>([
    ['no events', async (ctx) => ctx.each([])[Symbol.asyncIterator]().next(), /waits for each of no events/],
    ['an event that it does not receive', collectingOther, /waits for trips\.booked, which neither/],
    ['an end that is no instant', collecting({ until: 'soon' }), /A duration was "soon"/],
  ])('of %s is POISON', async (_, body, message) => {
    expect((await started(body)).bug).toMatchObject({ code: 'POISON', message: expect.stringMatching(message) as string });
  });
});

async function collectingOther(ctx: TripContext): Promise<void> {
  for await (const _ of ctx.each([{ type: 'trips.booked', '~data': { type: 'trips.booked' } } as never])) return;
}

describe('ctx.every', () => {
  const reminding = (act: (ctx: TripContext, n: number) => unknown) => async (ctx: TripContext) => {
    const next = await ctx.race({ nudged: ctx.waitFor(Nudge), reminding: ctx.every('1 day', async (n) => act(ctx, n)) });
    return next.winner;
  };

  test('acts after each period, never wins its race, and is cancelled with it', async () => {
    const trip = await started(reminding((ctx, n) => ctx.send(notes.notify, { text: `day ${n}` })));
    await trip.passes('60 hours');
    expect(trip.entries('CommandIssued').map(({ path }) => path)).toEqual(['every:1/notes.notify:1', 'every:1/notes.notify:2']);
    await trip.happens(Nudge);
    expect(trip.status).toBe('completed');
    expect(trip.timers()).toEqual([]);
  });

  test('leaves out the turns whose instants pass while it acts, and does not drift', async () => {
    const at: number[] = [];
    const trip = new Instance(
      tripOf(
        reminding(async (ctx) => {
          at.push(ctx.now().getTime());
          if (at.length === 1) await ctx.sleep('60 hours');
          else await ctx.sleep('1 hour');
        }),
      ),
      { compare: false },
    );
    await trip.starts(Checkout);
    const from = trip.now;
    await trip.passes('6 days');
    expect(at.map((each) => (each - from) / DAY)).toEqual([1, 4, 5, 6]);
  });

  test('undoes what it called when its race is decided', async () => {
    const trip = await started(reminding((ctx) => fly(ctx)));
    await trip.passes('1 day');
    await trip.completes('flights.book', { reference: 'f' });
    await trip.happens(Nudge);
    expect(trip.open()).toEqual(['flights.cancel (undo)']);
  });

  test('fails with a failure of its code', async () => {
    const trip = await started(reminding((ctx, n) => Promise.reject(ctx.fail(`day ${n}`))));
    await trip.passes('1 day');
    expect(trip.status).toBe('failed');
  });

  test('is POISON for a period of 0', async () => {
    expect((await started(async (ctx) => ctx.every('0 days', () => undefined))).bug?.message).toContain(
      'every "0 days": expected a longer',
    );
  });
});
