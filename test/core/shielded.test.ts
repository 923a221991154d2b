import { describe, expect, test } from 'vitest';
import { Nudge } from './trip-contracts.ts';
import { FLIGHT, fly, PAID, pay, started, stay } from './trip-steps.ts';

describe('a shielded scope', () => {
  test('is finished before the process is cancelled, and is undone then', async () => {
    const trip = await started(async (ctx) => {
      await ctx.scope('whole', async (whole) => fly(whole), { shielded: true });
      await stay(ctx);
    });
    await trip.operates('cancel');
    expect(trip.open()).toEqual(['flights.book']);
    await trip.completes('flights.book', FLIGHT);
    expect(trip.open()).toEqual(['flights.cancel (undo)']);
    await trip.completes('flights.cancel');
    expect(trip.status).toBe('cancelled');
    expect(trip.entries('ScopeOpened')).toEqual([{ type: 'ScopeOpened', path: 'whole:1', shielded: true }]);
  });

  test('is finished if it is a branch of a race of the cancelled scope', async () => {
    const trip = await started(async (ctx) => {
      await ctx.race({ whole: ctx.scope('whole', async (whole) => pay(whole), { shielded: true }), nudge: ctx.waitFor(Nudge) });
    });
    await trip.operates('cancel');
    expect(trip.open()).toEqual(['payments.charge']);
    await trip.completes('payments.charge', PAID);
    await trip.completes('payments.refund');
    expect(trip.status).toBe('cancelled');
  });

  test('is cancelled by itself if it loses a race', async () => {
    const trip = await started(async (ctx) => {
      await ctx.race({ whole: ctx.scope('whole', async (whole) => pay(whole), { shielded: true }), nudge: ctx.waitFor(Nudge) });
    });
    await trip.happens(Nudge);
    expect(trip.open()).toEqual(['payments.charge (settling: cancelled)']);
  });

  test('does not begin in a process that is cancelled', async () => {
    const trip = await started(async (ctx) => {
      try {
        await ctx.waitFor(Nudge);
      } finally {
        await ctx.scope('whole', async (whole) => pay(whole), { shielded: true });
      }
    });
    await trip.operates('cancel');
    expect(trip.entries('CommandIssued')).toEqual([]);
    expect(trip.status).toBe('cancelled');
  });
});

describe('ctx.map', () => {
  test('refuses arguments that are not valid', async () => {
    const bugOf = async (items: unknown, options: object): Promise<string | undefined> =>
      (await started((ctx) => ctx.map(items as string[], (inner) => pay(inner), options))).bug?.message;
    expect(await bugOf('ab', {})).toBe('ctx.map was given no list of items: expected an array.');
    expect(await bugOf(['a'], { atOnce: 0 })).toBe('ctx.map has the atOnce 0: expected a whole number from 1 to 100.');
    expect(await bugOf(['a'], { atOnce: 101 })).toBe('ctx.map has the atOnce 101: expected a whole number from 1 to 100.');
    expect(await bugOf(['a'], { tolerate: 0.5 })).toBe('ctx.map has the tolerate 0.5: expected a whole number of 0 or more.');
  });

  test('returns an empty list for no items', async () => {
    const trip = await started(async (ctx) => {
      expect(await ctx.map([], (inner) => pay(inner))).toEqual([]);
    });
    expect(trip.status).toBe('completed');
  });

  test('a bug of an item is a bug of the process, however many failures are tolerated', async () => {
    const trip = await started((ctx) => ctx.map(['a'], () => Promise.reject(new TypeError('no function')), { tolerate: 5 }));
    expect(trip.bug?.message).toContain('TypeError: no function');
  });

  test('is cancelled as a whole, and its items are no failures then', async () => {
    const trip = await started((ctx) => ctx.map(['a', 'b', 'c'], (inner) => pay(inner), { atOnce: 2, tolerate: 3 }));
    expect(trip.open()).toEqual(['payments.charge', 'payments.charge']);
    await trip.operates('cancel');
    for (const command of trip.commands()) await trip.answers(command, 'cancelled');
    expect(trip.status).toBe('cancelled');
    expect(trip.entries('CommandIssued')).toHaveLength(2);
  });
});
