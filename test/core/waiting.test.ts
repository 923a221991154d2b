import { describe, expect, test } from 'vitest';
import { WAITING_MAX } from '../../lib/core/image.ts';
import { Instance } from './instance.ts';
import { Checkout, Nudge, tripOf, type TripContext } from './trip-contracts.ts';
import { PAID, pay } from './trip-steps.ts';

const started = async (body: (ctx: TripContext) => Promise<unknown>, options: Parameters<typeof tripOf>[1] = {}): Promise<Instance> => {
  const trip = new Instance(tripOf(body, options));
  await trip.starts(Checkout);
  return trip;
};

const waitingOf = (trip: Instance): (string | undefined)[] => (trip.image.waiting ?? []).map(({ id }) => id);
const begun = (trip: Instance): unknown[] => trip.image.pendingSends.flatMap(({ begins, data }) => (begins === undefined ? [] : [data]));

describe('a start with onOpen: queue', () => {
  test('waits in the head of the open instance, journaled, and its duplicate changes nothing', async () => {
    const trip = await started((ctx) => ctx.waitFor(Nudge), { onOpen: 'queue' });
    expect(await trip.starts(Checkout, { note: 'second' }, { id: 's-2' })).toBe('queue');
    expect(await trip.starts(Checkout, {}, { id: 's-3' })).toBe('queue');
    expect(await trip.starts(Checkout, {}, { id: 's-3' })).toBe('dup');
    expect(waitingOf(trip)).toEqual(['s-2', 's-3']);
    expect(trip.entries('StartQueued')).toMatchObject([{ id: 's-2', event: 'shop.checkout', source: 'shop' }, { id: 's-3' }]);
    expect(trip.status).toBe('running');
    expect(begun(trip)).toEqual([]);
  });

  test('begins after the end of the run, and leaves the others waiting', async () => {
    const trip = await started((ctx) => ctx.waitFor(Nudge), { onOpen: 'queue' });
    for (const id of ['s-2', 's-3']) await trip.starts(Checkout, { note: id }, { id });
    await trip.reload();
    await trip.happens(Nudge);
    expect(trip.status).toBe('completed');
    expect(begun(trip)).toMatchObject([{ id: 's-2', event: 'shop.checkout', data: { note: 's-2' }, hops: 1 }]);
    expect(await trip.starts(Checkout, {}, { id: 's-4' })).toBe('wait');
    expect(await trip.starts(Checkout, {}, { id: 's-3' })).toBe('dup');
    expect(await trip.starts(Checkout, { note: 's-2' }, { id: 's-2' })).toBe('restart');
    expect(waitingOf(trip)).toEqual(['s-3']);
    expect(await trip.starts(Checkout, {}, { id: 's-2' })).toBe('dup');
  });

  test('is rejected with the reason full, if as many wait as may', async () => {
    const trip = await started((ctx) => ctx.waitFor(Nudge), { onOpen: 'queue' });
    for (let i = 0; i < WAITING_MAX; i += 1) await trip.starts(Checkout, {}, { id: `s-${i}x` });
    expect(await trip.starts(Checkout, {}, { id: 'more' })).toBe('queue');
    expect(trip.image.waiting).toHaveLength(WAITING_MAX);
    expect(trip.entries('StartRejected')).toMatchObject([{ id: 'more', reason: 'full' }]);
    expect(trip.published()).toEqual([{ process: 'trip', pid: 'default#trip#a', startid: 'more', reason: 'full' }]);
    expect(await trip.starts(Checkout, {}, { id: 'more' })).toBe('dup');
  });

  test('by the choice of a client waits too', async () => {
    const trip = await started((ctx) => ctx.waitFor(Nudge));
    expect(await trip.starts(Checkout, {}, { id: 's-2', onOpen: 'queue' })).toBe('queue');
  });

  test('keeps its trace, tags and large data, and has its place after the instance has continued as new', async () => {
    const again = tripOf(
      async (ctx, { note }) => {
        await ctx.waitFor(Nudge);
        return note === 'first' ? ctx.continueAsNew({ id: 'a', note: 'again' }) : undefined;
      },
      { onOpen: 'queue' },
    );
    const trip = new Instance(again);
    await trip.starts(Checkout, { note: 'first' });
    await trip.starts(Checkout, { note: 'x'.repeat(3_000) }, { id: 's-2' });
    expect(trip.image.waiting?.[0]?.dataref).toBeDefined();
    await trip.happens(Nudge);
    expect(trip.image.chain).toMatchObject({ number: 2 });
    await trip.reload();
    await trip.happens(Nudge);
    expect(begun(trip)).toMatchObject([{ data: { note: 'x'.repeat(3_000) } }]);
  });
});

describe('a start with onOpen: replace', () => {
  test('cancels the run once, and rejects each start whose place it takes', async () => {
    const trip = await started(
      async (ctx) => {
        await pay(ctx);
        await ctx.waitFor(Nudge);
      },
      { onOpen: 'replace' },
    );
    await trip.completes('payments.charge', PAID);
    await trip.starts(Checkout, {}, { id: 's-2' });
    expect(trip.open()).toEqual(['payments.refund (undo)']);
    await trip.starts(Checkout, {}, { id: 's-3' });
    expect(waitingOf(trip)).toEqual(['s-3']);
    expect(trip.entries('CancelRequested')).toMatchObject([{ id: 's-2', by: 'shop', reason: 'a newer start replaces it' }]);
    expect(trip.entries('StartQueued')).toMatchObject([{ replaces: true }, { replaces: true }]);
    expect(trip.published()).toEqual([{ process: 'trip', pid: 'default#trip#a', startid: 's-2', reason: 'replaced' }]);
    expect(await trip.starts(Checkout, {}, { id: 's-2' })).toBe('dup');
    await trip.reload();
    await trip.completes('payments.refund');
    expect(trip.status).toBe('cancelled');
    expect(begun(trip)).toMatchObject([{ id: 's-3' }]);
  });

  test('is limited to none: a replacing start takes the place of 100 that wait', async () => {
    const trip = await started((ctx) => ctx.waitFor(Nudge), { onOpen: 'queue' });
    for (let i = 0; i < WAITING_MAX; i += 1) await trip.starts(Checkout, {}, { id: `s-${i}x` });
    await trip.starts(Checkout, {}, { id: 'newest', onOpen: 'replace' });
    expect(trip.entries('StartRejected')).toHaveLength(WAITING_MAX);
    expect(trip.status).toBe('cancelled');
    expect(begun(trip)).toMatchObject([{ id: 'newest' }]);
  });
});
