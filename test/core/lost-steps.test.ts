import { describe, expect, test } from 'vitest';
import type { JournalEntry } from '../../lib/core/journal-entry.ts';
import { replayEntries } from '../../lib/engine/replay-journal.ts';
import { frontEndOf } from '../../lib/process/front-end.ts';
import { Instance } from './instance.ts';
import { Checkout, notes, Nudge, tripOf, type TripContext } from './trip-contracts.ts';
import { fly, FLIGHT, PAID, pay, ROOM, started, stay } from './trip-steps.ts';

const REMEDY = 'make a new step, wait with ctx.until(deadline), or put the loop in a scope.';

/** Pays, then runs the body until a nudge has come. */
const nudged = async (body: (ctx: TripContext) => Promise<unknown>): Promise<Instance> => {
  const trip = await started(async (ctx) => {
    await pay(ctx);
    return body(ctx);
  });
  await trip.completes('payments.charge', PAID);
  await trip.happens(Nudge);
  return trip;
};

describe('a step that lost a race must not be awaited again: that is a bug, and nothing is undone (S9)', () => {
  const deadlined = (race: (ctx: TripContext, end: ReturnType<TripContext['sleep']>) => Promise<unknown>) =>
    nudged(async (ctx) => {
      const end = ctx.sleep('10 days');
      await ctx.race({ end, nudged: ctx.waitFor(Nudge) });
      return race(ctx, end);
    });

  test.each<[string, string, (ctx: TripContext, end: ReturnType<TripContext['sleep']>) => Promise<unknown>]>([
    ['raced again', 'is a branch of race:2 too', (ctx, end) => ctx.race({ end, nudged: ctx.waitFor(Nudge) })],
    ['a branch of an any', 'is a branch of any:1 too', (ctx, end) => ctx.any({ end, nudged: ctx.waitFor(Nudge) })],
    ['awaited', 'is awaited afterwards', (_, end) => end],
    ['awaited and caught', 'is awaited afterwards', (_, end) => end.catch(() => 'fine')],
    ['raced by Promise.race', 'is awaited afterwards', (ctx, end) => Promise.race([end, ctx.waitFor(Nudge)])],
    ['one of Promise.all', 'is awaited afterwards', (_, end) => Promise.all([end, end])],
  ])('is a bug if the step is %s', async (_, what, race) => {
    const trip = await deadlined(race);
    expect(trip.bug).toEqual({ code: 'POISON', message: `sleep:1 lost race:1 and ${what}: ${REMEDY}` });
    expect(trip.open()).toEqual([]);
    expect(trip.status).toBe('running');
  });

  test('a call that completed before it lost was undone, so its value is no longer returned', async () => {
    const trip = await started(async (ctx) => {
      const [flight, room] = [fly(ctx), stay(ctx)];
      await Promise.all([flight, room]);
      await ctx.race({ room, flight });
      return flight;
    });
    await trip.completes('flights.book', FLIGHT);
    await trip.completes('hotels.book', ROOM);
    expect(trip.bug?.message).toContain('flights.book:1 lost race:1 and is awaited afterwards');
  });

  test('the step may be undone, which changes nothing, and a loop in a scope makes new steps', async () => {
    const trip = await nudged(async (ctx) => {
      const end = ctx.sleep('10 days');
      await ctx.race({ end, nudged: ctx.waitFor(Nudge) });
      await ctx.undo(end);
      return 'fine';
    });
    expect(trip.entries('ProcessCompleted')[0]?.data).toBe('fine');
  });

  test('two open races must not share a branch that one of them loses', async () => {
    for (const kind of ['race', 'any'] as const) {
      const trip = await nudged(async (ctx) => {
        const end = ctx.sleep('10 days');
        await Promise.all([ctx.race({ end, nudged: ctx.waitFor(Nudge) }), ctx[kind]({ end, asked: ctx.call(notes.ask, { text: '' }) })]);
      });
      expect(trip.bug?.message).toBe(`sleep:1 lost race:1 and is a branch of ${kind === 'race' ? 'race:2' : 'any:1'} too: ${REMEDY}`);
    }
  });

  test('a helper that awaited the step before it lost does not cancel a process that was not cancelled', async () => {
    const trip = await nudged(async (ctx) => {
      const end = ctx.sleep('10 days');
      const ended = end.then(() => 'ended');
      await ctx.race({ end, nudged: ctx.waitFor(Nudge) });
      return ended;
    });
    expect(trip.bug?.message).toBe(
      `The process itself ends with the cancellation of a step that lost race:1, though nothing cancelled it: ${REMEDY}`,
    );
    expect(trip.open()).toEqual([]);
  });

  test('a helper that awaited the step before it lost does not cancel a scope that was not cancelled', async () => {
    const trip = await nudged(async (ctx) => {
      const end = ctx.sleep('10 days');
      const ended = end.then(() => 'ended');
      await ctx.race({ end, nudged: ctx.waitFor(Nudge) });
      await ctx.scope('rest', async () => ended);
    });
    expect(trip.bug?.message).toContain('The scope rest:1 ends with the cancellation of a step that lost race:1');
  });

  test('code that catches such a cancellation continues', async () => {
    const trip = await nudged(async (ctx) => {
      const end = ctx.sleep('10 days');
      const ended = end.catch(() => 'caught');
      await ctx.race({ end, nudged: ctx.waitFor(Nudge) });
      return ended;
    });
    expect(trip.entries('ProcessCompleted')[0]?.data).toBe('caught');
  });

  test('a compensation that fails with the cancellation of its scope makes the instance stuck, as any other failure does', async () => {
    const trip = await nudged(async (ctx) =>
      ctx.race({
        nudged: ctx.waitFor(Nudge),
        scope: ctx.scope('s', async (ctx) => {
          ctx.compensate('sorry', (_ctx, failure) => Promise.reject(failure));
          await ctx.sleep('10 days');
        }),
      }),
    );
    expect(trip.image.stuck?.code).toBe('COMPENSATION');
  });

  test('a process that was cancelled ends cancelled, whatever it awaits', async () => {
    const trip = await started(async (ctx) => {
      const end = ctx.sleep('10 days');
      const ended = end.then(() => 'ended');
      const first = ctx.race({ end, nudged: ctx.waitFor(Nudge) });
      await Promise.allSettled([first, ended]);
      return ended;
    });
    await trip.operates('cancel');
    expect(trip.entries('ProcessCancelled')[0]?.reason).toBe('requested');
  });

  test.each<[string, (ctx: TripContext, end: ReturnType<TripContext['sleep']>) => Promise<unknown>, readonly JournalEntry[]]>([
    ['awaited it', async (_ctx, end) => end.catch(() => {}), []],
    [
      'raced it again',
      async (ctx, end) => ctx.race({ end, nudged: ctx.waitFor(Nudge) }).catch(() => {}),
      [{ type: 'BranchWon', path: 'race:2', winner: 'end' }],
    ],
    ['had it in an any', async (ctx, end) => ctx.any({ end }).catch(() => {}), []],
    [
      'ended a scope with its cancellation',
      async (ctx, end) => ctx.scope('s', async () => end).catch(() => {}),
      [
        { type: 'ScopeOpened', path: 's:1' },
        { type: 'ScopeClosed', path: 's:1', status: 'failed' },
      ],
    ],
  ])('the journal of a release that allowed a process that %s replays', async (_, misuse, recorded) => {
    const code = (rest: typeof misuse) =>
      tripOf(async (ctx) => {
        const end = ctx.sleep('10 days');
        await ctx.race({ end, nudged: ctx.waitFor(Nudge) });
        await rest(ctx, end);
        await ctx.call(notes.ask, { text: 'later' });
      });
    const trip = new Instance(code(async () => {}));
    await trip.starts(Checkout);
    await trip.happens(Nudge);
    const entries = [...trip.journal.slice(0, -1), ...recorded, ...trip.journal.slice(-1)];
    const { definition, environment } = new Instance(code(misuse));
    expect(await replayEntries({ definition, environment, frontEndOf, pid: trip.image.pid, run: trip.image.run, entries })).toEqual({
      differences: [],
      skipped: [],
    });
  });
});
