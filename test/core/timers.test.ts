import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import * as z from 'zod';
import { decider, timer } from 'tutti';
import { Instance } from './instance.ts';
import { Checkout, notes, Nudge, tripOf, type TripContext } from './trip-contracts.ts';

const MINUTE = 60_000;
const HORIZON = 15 * MINUTE;

const started = async (body: (ctx: TripContext) => Promise<unknown>, options: Parameters<typeof tripOf>[1] = {}): Promise<Instance> => {
  const trip = new Instance(tripOf(body, options));
  await trip.starts(Checkout);
  return trip;
};

/** Invariant T (lib/core/timers.ts), and its consequences. */
const expectInvariantT = (instance: Instance): void => {
  const earliest = instance.earliestDue();
  const { tickAt = Infinity, due = Infinity, clock } = instance.image;
  if (earliest === Infinity) return;
  if (earliest - clock <= HORIZON) expect(tickAt).toBeLessThanOrEqual(earliest);
  else expect(Math.min(tickAt, due)).toBeLessThanOrEqual(earliest);
};

const ticksSent = (instance: Instance): number[] =>
  instance.image.pendingSends.filter((fire) => fire.kind === 'tick').map((fire) => fire.at);

describe('sleep', () => {
  test('within the threshold sends one tick for its instant', async () => {
    const trip = await started((ctx) => ctx.sleep('10 minutes'));
    expect(ticksSent(trip)).toEqual([trip.now + 10 * MINUTE]);
    expect(trip.image.tickAt).toBe(trip.now + 10 * MINUTE);
    expect(trip.image.due).toBeUndefined();
    await trip.passes('10 minutes');
    expect(trip.status).toBe('completed');
  });

  test('beyond the threshold is in the due index, and sends no tick', async () => {
    const trip = await started((ctx) => ctx.sleep('30 days'));
    expect(ticksSent(trip)).toEqual([]);
    expect(trip.image.due).toBe(trip.now + 30 * 24 * 60 * MINUTE);
    await trip.passes('30 days');
    expect(trip.status).toBe('completed');
  });

  test('until an instant in the past ends at once', async () => {
    const trip = await started((ctx) => ctx.until('2020-01-01T00:00:00Z'));
    expect(trip.status).toBe('completed');
    expect(trip.trace()).toEqual(['ProcessStarted', 'TimerSet until:1', 'TimerFired', 'ProcessCompleted']);
  });

  test('until a Date ends at that instant', async () => {
    const trip = await started((ctx) => ctx.until(new Date(ctx.now().getTime() + MINUTE)));
    expect(trip.timers()).toEqual(['until:1 in 60000 ms']);
  });

  test('two at one instant end in the order of their requests', async () => {
    const seen: string[] = [];
    const trip = new Instance(
      tripOf(async (ctx) => {
        await Promise.all(
          ['a', 'b'].map(async (name) => {
            await ctx.sleep('1 minute');
            seen.push(name);
          }),
        );
      }),
      { compare: false },
    );
    await trip.starts(Checkout);
    await trip.passes('1 minute');
    expect(seen).toEqual(['a', 'b']);
    expect(trip.entries('TimerFired')).toHaveLength(2);
  });
});

describe('ticks', () => {
  test('an early tick changes nothing and waits', async () => {
    const trip = await started((ctx) => ctx.sleep('10 minutes'));
    const { tickAt = 0, tail } = trip.image;
    expect(await trip.ticks(tickAt)).toBe('wait');
    expect(trip.image.tail).toEqual(tail);
    expect(trip.image.tickAt).toBe(tickAt);
  });

  test('a later wake-up sends no second tick; an earlier one does, and the replaced tick is then a duplicate', async () => {
    const trip = await started(async (ctx) => {
      const first = ctx.sleep('5 minutes');
      await ctx.waitFor(Nudge);
      const later = ctx.sleep('8 minutes');
      await ctx.waitFor(Nudge);
      const sooner = ctx.sleep('1 minute');
      await Promise.all([first, later, sooner]);
    });
    const { now } = trip;
    await trip.happens(Nudge);
    expect(ticksSent(trip)).toEqual([]);
    await trip.happens(Nudge);
    expect(ticksSent(trip)).toEqual([now + MINUTE]);
    trip.now = now + MINUTE;
    expect(await trip.ticks(now + 5 * MINUTE)).toBe('dup');
    expect(await trip.ticks(now + MINUTE)).toBe('apply');
    expect(trip.image.tickAt).toBe(now + 5 * MINUTE);
  });

  test('a tick without a due timer arms the next, without a journal entry', async () => {
    const trip = await started(async (ctx) => {
      await Promise.all([ctx.waitFor(Nudge, { timeout: '1 minute' }), ctx.sleep('10 minutes')]);
    });
    const { now } = trip;
    await trip.happens(Nudge);
    expect(trip.image.tickAt).toBe(now + MINUTE);
    const { length } = trip.journal;
    trip.now = now + MINUTE;
    expect(await trip.ticks(now + MINUTE)).toBe('apply');
    expect(trip.journal).toHaveLength(length);
    expect(trip.image.tickAt).toBe(now + 10 * MINUTE);
  });
});

describe('waitFor', () => {
  test('takes the first unread event that matches, even from before the call', async () => {
    const trip = await started(async (ctx) => {
      await ctx.call(notes.ask, { text: 'ok?' });
      const { word } = await ctx.waitFor(Nudge, { match: ({ word }) => word.startsWith('b') });
      const next = await ctx.waitFor(Nudge);
      return [word, next.word];
    });
    for (const word of ['a', 'b1', 'b2']) await trip.happens(Nudge, { word });
    await trip.completes('notes.ask', { answer: 'yes' });
    expect(trip.entries('ProcessCompleted')[0]?.data).toEqual(['b1', 'a']);
    expect(trip.entries('EventsUnread')[0]?.ids).toHaveLength(1);
  });

  test('gives an event to the first of several matching waits', async () => {
    const trip = await started(async (ctx) => {
      const [first, second] = await Promise.all([ctx.waitFor(Nudge, { timeout: '1 day' }), ctx.waitFor(Nudge)]);
      return [first?.word, second.word];
    });
    await trip.happens(Nudge, { word: 'one' });
    expect(trip.timers()).toEqual([]);
    await trip.happens(Nudge, { word: 'two' });
    expect(trip.entries('ProcessCompleted')[0]?.data).toEqual(['one', 'two']);
  });

  test('resolves with undefined after its time-out, and then takes no event', async () => {
    const trip = await started(async (ctx) => {
      const nudge = await ctx.waitFor(Nudge, { timeout: '1 minute' });
      await ctx.sleep('1 day');
      return nudge === undefined;
    });
    await trip.passes('1 minute');
    await trip.happens(Nudge);
    expect(trip.entries('EventTaken')).toEqual([]);
    await trip.passes('1 day');
    expect(trip.entries('ProcessCompleted')[0]?.data).toBe(true);
  });

  test('a start of an open id is an event if onOpen is signal', async () => {
    const trip = await started(async (ctx) => (await ctx.waitFor(Checkout)).note, { onOpen: 'signal' });
    expect(await trip.starts(Checkout, { note: 'again' })).toBe('apply');
    expect(trip.entries('ProcessCompleted')[0]?.data).toBe('again');
  });

  test('a refused start of an open id is journaled, and published as start-rejected', async () => {
    const trip = await started((ctx) => ctx.sleep('1 day'));
    expect(await trip.starts(Checkout, {}, { id: 'other' })).toBe('reject');
    expect(trip.published()).toEqual([{ process: 'trip', pid: 'default#trip#a', startid: 'other', reason: 'open' }]);
    expect(trip.entries('StartRejected')).toHaveLength(1);
    expect(await trip.starts(Checkout, {}, { id: 'other' })).toBe('dup');
  });
});

describe('the time-out of a process', () => {
  test('cancels the process, and its commands are undone', async () => {
    const trip = await started((ctx) => ctx.waitFor(Nudge), { timeout: '1 hour' });
    await trip.passes('1 hour');
    expect(trip.status).toBe('cancelled');
    expect(trip.entries('ProcessCancelled')[0]?.reason).toBe('timeout');
  });

  test('is forgotten when the process ends before', async () => {
    const trip = await started((ctx) => ctx.waitFor(Nudge), { timeout: '1 hour' });
    await trip.happens(Nudge);
    expect(trip.status).toBe('completed');
    expect(trip.wakeAt()).toBe(Infinity);
  });
});

describe('rings', () => {
  test('the ring holds 64 event ids, and its floor is the time from which the journal is read', async () => {
    const trip = await started((ctx) => ctx.sleep('1 day'));
    const first = new Date(trip.now).toISOString();
    for (let i = 0; i < 64; i += 1) {
      await trip.happens(Nudge, {}, { id: `e${i}` });
      trip.now += 1000;
    }
    expect(trip.image.signalsFloor).toBeUndefined();
    expect(await trip.happens(Nudge, {}, { id: 'e0', time: first })).toBe('dup');
    await trip.happens(Nudge, {}, { id: 'e64' });
    expect(trip.image.signals).toHaveLength(64);
    expect(await trip.happens(Nudge, {}, { id: 'e0', time: first })).toBe('verify');
    expect(await trip.happens(Nudge, {}, { id: 'e1' })).toBe('dup');
  });

  test('the ring holds 16 ids of starts and operations', async () => {
    const trip = await started((ctx) => ctx.sleep('1 day'));
    for (let i = 0; i < 20; i += 1) await trip.starts(Checkout, {}, { id: `s${i}` });
    expect(trip.image.starts).toHaveLength(16);
    expect(await trip.starts(Checkout, {}, { id: 's19' })).toBe('dup');
  });
});

const Nothing = z.object({});
const [one, two, three] = [timer('one'), timer('two'), timer('three')];
const TIMERS = [one, two, three];
const clock = decider('clock', { state: Nothing, initial: () => ({}) })
  .on(
    Nudge.byId((nudge) => nudge.id),
    (state, { word }) => {
      const [which = '0', how = '', minutes = '0'] = word.split(' ');
      const chosen = TIMERS[Number(which)] ?? one;
      if (how === 'clear') return [state, chosen.clear()];
      return [state, how === 'in' ? chosen.in(`${Number(minutes)} minutes`) : chosen.within(`${Number(minutes)} minutes`)];
    },
  )
  .on(one, (state) => state)
  .on(two, (state) => [state, three.within('3 minutes')])
  .on(three, (state) => state);

test('Invariant T: after every commit a tick or the due index wakes the instance in time, each commit sends at most one tick, and no instant is applied twice', async () => {
  const change = fc
    .tuple(fc.nat(2), fc.constantFrom('in', 'within', 'clear'), fc.nat(40))
    .map(([which, how, minutes]) => ({ word: `${which} ${how} ${minutes}` }));
  const wait = fc.nat(30).map((minutes) => ({ minutes }));
  await fc.assert(
    fc.asyncProperty(fc.array(fc.oneof(change, wait), { maxLength: 30 }), async (acts) => {
      const instance = new Instance(clock, { compare: false });
      await instance.starts(Nudge, { word: '0 clear' });
      const inFlight: number[] = [];
      const applied = new Set<number>();
      const afterCommit = (): void => {
        expectInvariantT(instance);
        const sent = ticksSent(instance);
        expect(sent.length).toBeLessThanOrEqual(1);
        inFlight.push(...sent);
        if (instance.image.tickAt !== undefined) expect(inFlight).toContain(instance.image.tickAt);
      };
      for (const act of acts) {
        if ('word' in act) {
          await instance.starts(Nudge, { word: act.word });
          afterCommit();
          continue;
        }
        // Every tick that was sent comes, and the sweeper finds due instances, each at its time.
        const until = instance.now + act.minutes * MINUTE;
        for (;;) {
          const next = Math.min(...inFlight, instance.image.due ?? Infinity);
          if (next > until) break;
          instance.now = Math.max(instance.now, next);
          if (inFlight.includes(next)) inFlight.splice(inFlight.indexOf(next), 1);
          if ((await instance.ticks(next)) === 'dup') continue;
          expect(applied.has(next)).toBe(false);
          applied.add(next);
          afterCommit();
        }
        instance.now = until;
        expect(instance.earliestDue()).toBeGreaterThan(until);
      }
    }),
    { numRuns: 60 },
  );
});
