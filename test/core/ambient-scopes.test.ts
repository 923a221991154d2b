import { describe, expect, test } from 'vitest';
import { processContract } from '../../lib/contract/process-contract.ts';
import { replayEntries } from '../../lib/engine/replay-journal.ts';
import { frontEndOf } from '../../lib/process/front-end.ts';
import type { Instance } from './instance.ts';
import { Nudge, tripOf, type TripContext } from './trip-contracts.ts';
import { FLIGHT, fly, PAID, pay, started, stay } from './trip-steps.ts';

type Body = (ctx: TripContext) => Promise<unknown>;

/** The same process twice: with the `ctx` that each scope passes, and with the outermost `ctx` alone. */
const twins: readonly (readonly [what: string, passed: Body, outermost: Body, story: (trip: Instance) => Promise<unknown>])[] = [
  [
    'a call in a scope',
    (ctx) => ctx.scope('s', async (ctx) => (await pay(ctx), await ctx.sleep('1 day'))),
    (ctx) => ctx.scope('s', async () => (await pay(ctx), await ctx.sleep('1 day'))),
    async (trip) => (await trip.completes('payments.charge', PAID), await trip.passes('2 days')),
  ],
  [
    'a scope in a scope, and steps after both',
    (ctx) =>
      ctx
        .scope('a', async (ctx) => (await ctx.scope('b', async (ctx) => ctx.waitFor(Nudge)), await ctx.sleep('1 day')))
        .then(() => ctx.sleep('1 day')),
    (ctx) =>
      ctx
        .scope('a', async () => (await ctx.scope('b', async () => ctx.waitFor(Nudge)), await ctx.sleep('1 day')))
        .then(() => ctx.sleep('1 day')),
    async (trip) => (await trip.happens(Nudge), await trip.passes('3 days')),
  ],
  [
    'every other request',
    (ctx) =>
      ctx.scope('s', async (ctx) => {
        ctx.tag({ a: 'b' });
        ctx.view({ stage: 'one' });
        ctx.pivot();
        ctx.compensate('c', async (ctx) => ctx.tag({ c: 'd' }));
        await ctx.race({ nap: ctx.sleep('1 day'), nudge: ctx.waitFor(Nudge, { match: () => true }) });
        await ctx.undo();
      }),
    (ctx) =>
      ctx.scope('s', async () => {
        ctx.tag({ a: 'b' });
        ctx.view({ stage: 'one' });
        ctx.pivot();
        ctx.compensate('c', async () => ctx.tag({ c: 'd' }));
        await ctx.race({ nap: ctx.sleep('1 day'), nudge: ctx.waitFor(Nudge, { match: () => true }) });
        await ctx.undo();
      }),
    (trip) => trip.passes('2 days'),
  ],
];

describe('each enclosing ctx acts in the scope of the running code', () => {
  describe.each([
    ['in development and tests', true],
    ['in production', false],
  ])('%s', (_, checks) => {
    test.each(twins)('%s is journaled as with the ctx that the scope passes', async (_, passed, outermost, story) => {
      const [one, other] = [await started(passed, { checks }), await started(outermost, { checks })];
      await story(one);
      await story(other);
      expect(other.bug).toBeUndefined();
      expect(other.status).toBe('completed');
      expect(other.journal).toEqual(one.journal);
    });

    test('of two racing scopes that use the outermost ctx, the loser alone is undone', async () => {
      const trip = await started(
        (ctx) =>
          ctx.race({
            flown: ctx.scope('fly', async () => (await fly(ctx), await ctx.sleep('2 days'))),
            paid: ctx.scope('pay', async () => (await pay(ctx), await ctx.sleep('1 day'))),
          }),
        { checks },
      );
      await trip.completes('flights.book', FLIGHT);
      await trip.completes('payments.charge', PAID);
      await trip.passes('1 day');
      expect(trip.open()).toEqual(['flights.cancel (undo)']);
      await trip.completes('flights.cancel');
      expect(trip.status).toBe('completed');
    });

    test('a helper needs no ctx of the scope that calls it', async () => {
      const trip = await started(
        async (ctx) => {
          const helper = async (): Promise<void> => {
            await pay(ctx);
            await stay(ctx);
          };
          await ctx.scope('one', helper);
        },
        { checks },
      );
      await trip.completes('payments.charge', PAID);
      expect(trip.commands().map(({ path }) => path)).toEqual(['one:1/hotels.book:1']);
    });

    test('a random number still comes from the generator of the ctx', async () => {
      const drawn: string[] = [];
      await started(async (ctx) => ctx.scope('s', async (inner) => void drawn.push(ctx.uuid(), inner.uuid(), ctx.uuid())), {
        checks,
        compare: false,
      });
      const own: string[] = [];
      await started(async (ctx) => void own.push(ctx.uuid(), ctx.uuid()), { checks, compare: false });
      expect([drawn[0], drawn[2]]).toEqual(own);
      expect(own).not.toContain(drawn[1]);
    });

    test.each<[string, Body]>([
      ['a ctx that left its scope', async (ctx) => (await ctx.scope('s', async (inner) => inner)).sleep('1 day')],
      [
        'code that the scope did not await',
        async (ctx) => {
          let last: Promise<unknown> = Promise.resolve();
          const nap = ctx.sleep('1 day');
          await ctx.scope('s', async () => void (last = nap.then(() => ctx.sleep('1 day'))));
          await last;
        },
      ],
    ])('%s is WRONG_SCOPE after the scope has ended, because nothing would undo the step', async (_, body) => {
      const trip = await started(body, { checks });
      if (!trip.bug) await trip.passes('1 day');
      expect(trip.bug).toMatchObject({
        code: 'WRONG_SCOPE',
        message: expect.stringContaining('was called after the scope s:1 had ended') as string,
      });
    });
  });

  test('the journal of an earlier release that holds a step of an ended scope replays', async () => {
    const trip = await started(async (ctx) => (await ctx.scope('s', async () => 1), ctx.sleep('1 day')));
    const recorded = trip.journal.map((entry) => (entry.type === 'TimerSet' ? { ...entry, path: 's:1/sleep:1' } : entry));
    const later = tripOf(async (ctx) => {
      const inner = await ctx.scope('s', async (inner) => inner);
      await inner.sleep('1 day');
    });
    const { pid, run } = trip.image;
    const environment = { ...trip.environment, checks: false };
    expect(await replayEntries({ definition: processContract(later), environment, frontEndOf, pid, run, entries: recorded })).toEqual({
      differences: [],
      skipped: [],
    });
  });

  test('a ctx whose open scope does not contain the code is WRONG_SCOPE in tests, and acts in its own scope in production', async () => {
    const body: Body = async (ctx) => {
      let inner = ctx;
      const scope = ctx.scope('s', async (given) => ((inner = given), given.sleep('1 day')));
      await Promise.all([scope, ctx.scope('other', async () => inner.sleep('2 days'))]);
    };
    expect((await started(body)).bug).toEqual({
      code: 'WRONG_SCOPE',
      message:
        'ctx.sleep of the scope s:1 was called in the scope other:1, which it does not contain: use the ctx of a scope that is around the code.',
    });
    expect((await started(body, { checks: false })).timers()).toEqual(['s:1/sleep:1 in 86400000 ms', 's:1/sleep:2 in 172800000 ms']);
  });

  test('a scope that was cancelled still rejects later steps of its code', async () => {
    const caught: unknown[] = [];
    const trip = await started(async (ctx) => {
      const lost = ctx.scope('slow', async () => {
        try {
          await ctx.sleep('2 days');
        } catch {
          await ctx.sleep('1 day').catch((error: unknown) => caught.push((error as { code: string }).code));
        }
      });
      await ctx.race({ lost, nap: ctx.sleep('1 day') });
    });
    await trip.passes('1 day');
    expect(trip.status).toBe('completed');
    expect(caught).toEqual(['CANCELLED', 'CANCELLED']);
  });
});
