import { describe, expect, test } from 'vitest';
import { decider, timer } from 'tutti';
import * as z from 'zod';
import { ACTIVATION_MAX } from '../../lib/core/journal.ts';
import { REFUSED_STEPS_MAX } from '../../lib/core/run.ts';
import { Instance } from './instance.ts';
import { Booked, Checkout, notes, Nudge, type TripContext } from './trip-contracts.ts';
import { fly, FLIGHT, PAID, pay, started, stay } from './trip-steps.ts';

/** A loop that catches the rejection of its steps. */
const beats = async (beat: () => Promise<unknown>): Promise<never> => {
  for (;;)
    try {
      await beat();
    } catch {
      continue;
    }
};

const GOES_ON = expect.objectContaining({ code: 'POISON', message: expect.stringContaining('trip continues without waiting') });
/** Code that never waits is decided once: a copy from the journal would only repeat it. */
const BRISK = { compare: false };

describe('a loop that catches its cancellation', () => {
  test('waits after the limit of steps: the main work beside it fails, and the process ends failed', async () => {
    const trip = await started(async (ctx) => {
      await pay(ctx);
      await Promise.all([stay(ctx), beats(() => ctx.sleep('1 minute'))]);
    });
    await trip.completes('payments.charge', PAID);
    await trip.fails('hotels.book', 'SoldOut');
    expect(trip.bug).toBeUndefined();
    expect(trip.open()).toEqual(['payments.refund (undo)']);
    await trip.completes('payments.refund');
    expect(trip.status).toBe('failed');
  });

  test('ends cancelled if the process does nothing else: its scope closes without its body, and is undone', async () => {
    const trip = await started(async (ctx) => {
      await pay(ctx);
      return beats(() => ctx.sleep('1 minute'));
    });
    await trip.completes('payments.charge', PAID);
    await trip.passes('3 minutes');
    await trip.operates('cancel');
    await trip.completes('payments.refund');
    expect(trip.bug).toBeUndefined();
    expect(trip.status).toBe('cancelled');
  });

  test('is rejected a thousand times first, so that a cleanup of many steps can finish', async () => {
    let rejections = 0;
    const trip = await started(async (ctx) => {
      for (let i = 0; i < REFUSED_STEPS_MAX; i += 1)
        try {
          await ctx.call(notes.ask, { text: 'ok?' });
        } catch {
          rejections += 1;
        }
      ctx.publish(Booked, { text: `${rejections} rejections` });
    }, BRISK);
    await trip.operates('cancel');
    expect(trip.published()).toEqual([{ text: `${REFUSED_STEPS_MAX} rejections` }]);
    expect(trip.status).toBe('cancelled');
  });

  test('waits in a scope that lost its race, and the process continues', async () => {
    const trip = await started(async (ctx) => {
      const { winner } = await ctx.race({
        nudged: ctx.waitFor(Nudge),
        beating: ctx.scope('beating', async (ctx) => {
          await fly(ctx);
          return beats(() => ctx.waitFor(Nudge));
        }),
      });
      return winner;
    });
    await trip.completes('flights.book', FLIGHT);
    await trip.happens(Nudge);
    await trip.completes('flights.cancel');
    expect(trip.entries('ProcessCompleted')[0]?.data).toBe('nudged');
  });

  test('of scopes waits too, and a later end of its body changes nothing', async () => {
    const trip = await started(
      async (ctx) => {
        const nap = (inner: TripContext) => inner.sleep('1 minute');
        await Promise.race([
          beats(() => ctx.scope('beat', nap)),
          ctx.scope('slow', async (ctx) => {
            await fly(ctx).catch(() => {});
            await ctx.undo();
          }),
        ]);
        throw ctx.errors.Refused({ why: 'test' });
      },
      { ...BRISK, checks: false },
    );
    await trip.operates('cancel');
    await trip.completes('flights.book', FLIGHT);
    await trip.completes('flights.cancel');
    expect(trip.bug).toBeUndefined();
    expect(trip.status).toBe('cancelled');
  });
});

describe('an activation that does not end makes only its own instance stuck', () => {
  const endless: Record<string, (ctx: TripContext) => Promise<unknown>> = {
    'undoes nothing again and again': (ctx) => ctx.undo(),
    'opens scopes that do nothing': (ctx) => ctx.scope('s', async () => {}),
    'races what is over': (() => {
      let over: ReturnType<TripContext['sleep']> | undefined;
      return async (ctx) => {
        over ??= ctx.sleep('0 seconds');
        await ctx.race({ over });
      };
    })(),
    publishes: async (ctx) => ctx.publish(Booked, { text: '' }),
    'sleeps for no time': (ctx) => ctx.sleep('0 seconds'),
  };

  test.each(Object.entries(endless))('a process that %s', async (_, step) => {
    const trip = await started(async (ctx) => {
      for (;;) await step(ctx);
    }, BRISK);
    expect(trip.bug).toEqual(GOES_ON);
  });

  test('a process that catches the refusal is stuck too: no step settles after a bug', async () => {
    let turns = 0;
    const trip = await started(
      (ctx) =>
        beats(async () => {
          turns += 1;
          ctx.tag({});
          await ctx.any({ nap: ctx.race({ nap: ctx.scope('s', async () => {}) }) });
        }),
      BRISK,
    );
    expect(trip.bug).toEqual(GOES_ON);
    expect(turns).toBeLessThanOrEqual(ACTIVATION_MAX + 2);
  });

  test('a decider that sets its timer to zero at each firing is stuck', async () => {
    const again = timer('again');
    const spinning = decider('trip', { state: z.object({}), initial: () => ({}) })
      .on(
        Checkout.byId(({ id }) => id),
        (state) => [state, again.in('0 seconds')],
      )
      .on(again, (state) => [state, again.in('0 seconds')]);
    const trip = new Instance(spinning, BRISK);
    await trip.starts(Checkout);
    expect(trip.bug).toEqual(GOES_ON);
  });

  test('a decider that returns too many actions is stuck', async () => {
    const again = timer('again');
    const greedy = decider('trip', { state: z.object({}), initial: () => ({}) }).on(
      Checkout.byId(({ id }) => id),
      (state) => [state, ...Array.from({ length: ACTIVATION_MAX + 1 }, () => again.in('1 second'))],
    );
    const trip = new Instance(greedy, BRISK);
    await trip.starts(Checkout);
    expect(trip.bug).toEqual(GOES_ON);
  });

  test('a process may read more events at once than an activation may make steps', async () => {
    const trip = await started(async (ctx) => {
      await ctx.sleep('1 hour');
      let words = 0;
      for (; words < ACTIVATION_MAX + 100; words += 1) await ctx.waitFor(Nudge);
      return words;
    }, BRISK);
    for (let i = 0; i < ACTIVATION_MAX + 100; i += 1) {
      // An event that is not newer than the floor of the ring would be looked up in the journal.
      trip.now += 1;
      await trip.happens(Nudge);
    }
    await trip.passes('1 hour');
    expect(trip.bug).toBeUndefined();
    expect(trip.entries('ProcessCompleted')[0]?.data).toBe(ACTIVATION_MAX + 100);
  });
});

describe('a request outside an activation', () => {
  const outside = async (ask: (ctx: TripContext) => unknown): Promise<Instance> => {
    let wake = (): void => {};
    const woken = new Promise<void>((resolve) => {
      wake = resolve;
    });
    const trip = await started(
      async (ctx) => {
        void woken.then(() => ask(ctx));
        await Promise.race([ctx.waitFor(Nudge), woken]);
        return 'nudged';
      },
      { checks: false, compare: false },
    );
    wake();
    await new Promise((resolve) => setImmediate(resolve));
    await trip.happens(Nudge);
    return trip;
  };

  test.each<[string, (ctx: TripContext) => unknown]>([
    ['call', (ctx) => fly(ctx)],
    ['publish', (ctx) => ctx.publish(Booked, { text: '' })],
    ['random', (ctx) => ctx.random()],
    ['uuid', (ctx) => ctx.uuid()],
  ])('of ctx.%s is refused, in production too, and does not throw, because no code would catch the error', async (method, ask) => {
    const trip = await outside(ask);
    expect(trip.bug?.message).toContain(`trip called ctx.${method} outside an activation`);
    expect(trip.open()).toEqual([]);
  });

  test('is refused, as is the end of a body that a native timer woke', async () => {
    expect((await outside((ctx) => ctx.now())).bug?.message).toContain('trip ended its body outside an activation');
    const inner = await outside((ctx) => ctx.id);
    expect(inner.entries('ProcessCompleted')).toEqual([]);
  });

  test('is refused after the process has ended too', async () => {
    const trip = await started(
      async (ctx) => {
        void ctx.scope('s', async () => {}).then(() => ctx.publish(Booked, { text: 'late' }));
        return 'over';
      },
      { checks: false },
    );
    expect(trip.published()).toEqual([]);
    expect(trip.status).toBe('completed');
  });
});
