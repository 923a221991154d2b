import { describe, expect, test } from 'vitest';
import { Nudge, payments, type TripContext } from './trip-contracts.ts';
import { fly, pay, started } from './trip-steps.ts';

/** The body runs until its flight is sold out and it is nudged. */
const bugAfter = async (body: (ctx: TripContext) => Promise<unknown>, checks = true) => {
  const trip = await started(body, { checks });
  await trip.fails('flights.book', 'SoldOut');
  if (trip.image.status === 'running' && !trip.bug) await trip.happens(Nudge, { id: 'a' });
  return trip.bug;
};

describe('a step that failed and that no code has awaited', () => {
  test('is UNAWAITED_STEP when its scope ends', async () => {
    expect(
      await bugAfter(async (ctx) => {
        void fly(ctx);
        await ctx.waitFor(Nudge);
        return 'fine';
      }),
    ).toEqual({ code: 'UNAWAITED_STEP', message: 'flights.book:1 failed, and was never awaited: flights.book says SoldOut.' });
  });

  test('is UNAWAITED_STEP in an inner scope, and if the step is a scope', async () => {
    const inner = await bugAfter(async (ctx) =>
      ctx.scope('inner', async (ctx) => {
        void fly(ctx);
        await ctx.waitFor(Nudge);
      }),
    );
    expect(inner?.message).toContain('inner:1/flights.book:1 failed, and was never awaited');
    const scope = await bugAfter(async (ctx) => {
      void ctx.scope('inner', async (ctx) => fly(ctx));
      await ctx.waitFor(Nudge);
    });
    expect(scope?.message).toContain('inner:1 failed, and was never awaited');
  });

  test('continues in production, with the failure in its journal', async () => {
    const body = async (ctx: TripContext): Promise<void> => {
      void fly(ctx);
      await ctx.waitFor(Nudge);
    };
    expect(await bugAfter(body, false)).toBeUndefined();
  });

  const awaiting: Record<string, (ctx: TripContext) => Promise<unknown>> = {
    'by await': async (ctx) => {
      const flight = fly(ctx);
      await ctx.waitFor(Nudge);
      await flight.catch(() => undefined);
    },
    'after it has failed': async (ctx) => {
      const flight = fly(ctx);
      await ctx.waitFor(Nudge);
      try {
        await flight;
      } catch {
        // The failure was awaited; this case needs no more.
      }
    },
    'by then': async (ctx) => {
      fly(ctx).then(
        () => undefined,
        () => undefined,
      );
      await ctx.waitFor(Nudge);
    },
    'by Promise.allSettled': async (ctx) => {
      await Promise.allSettled([fly(ctx), ctx.waitFor(Nudge)]);
    },
    'by ctx.any': async (ctx) => {
      await ctx.any({ flight: fly(ctx), nudged: ctx.waitFor(Nudge) });
    },
    'by an async function that returns it': async (ctx) => {
      const booked = (async () => fly(ctx))().catch(() => undefined);
      await ctx.waitFor(Nudge);
      await booked;
    },
  };
  test.each(Object.entries(awaiting))('is no bug if it is awaited: %s', async (_how, body) => {
    expect(await bugAfter(body)).toBeUndefined();
  });

  test('is no bug if it was cancelled', async () => {
    const trip = await started(async (ctx) => {
      await ctx.race({ payment: pay(ctx), nudged: ctx.waitFor(Nudge) });
    });
    await trip.happens(Nudge, { id: 'a' });
    expect(trip.bug).toBeUndefined();
    expect(payments.charge.name).toBe('payments.charge');
  });
});
