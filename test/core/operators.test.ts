import { describe, expect, test } from 'vitest';
import { unresolvedCount } from '../../lib/core/image.ts';
import { Instance } from './instance.ts';
import { Checkout, notes, Nudge, payments, tripOf, type TripContext } from './trip-contracts.ts';
import { FLIGHT, fly, PAID, pay, started } from './trip-steps.ts';

const unknown = async (body: (ctx: TripContext) => Promise<unknown> = pay): Promise<Instance> => {
  const trip = await started(body);
  await trip.isUnknown('payments.charge');
  expect(trip.image.stuck?.code).toBe('UNKNOWN_OUTCOME');
  return trip;
};
const STEP = 'payments.charge:1';

describe('resolve', () => {
  test('with an output continues a stuck instance as if the reply had come, and journals the principal', async () => {
    const trip = await unknown();
    expect(await trip.operates('resolve', { step: STEP, resolution: { output: PAID } })).toBe('apply');
    expect(trip.status).toBe('completed');
    expect(trip.entries('CommandAnswered').at(-1)).toMatchObject({
      outcome: 'completed',
      data: PAID,
      resolved: { by: 'Ann', reason: 'because' },
    });
  });

  test('with an output of null completes a command without an output', async () => {
    const trip = await started((ctx) => ctx.call(notes.notify, { text: 'hi' }));
    await trip.operates('resolve', { step: 'notes.notify:1', resolution: { output: null } });
    expect(trip.status).toBe('completed');
  });

  test('with a declared failure rejects the step with it', async () => {
    const trip = await unknown(async (ctx) => {
      const paid = await ctx.try(payments.charge, { amount: 7 });
      return payments.charge.failed(paid) ? paid.data.reason : 'paid';
    });
    const failure = { type: 'Declined', message: 'no', data: { reason: 'empty' } };
    await trip.operates('resolve', { step: STEP, resolution: { failure } });
    expect(trip.entries('ProcessCompleted')).toMatchObject([{ data: 'empty' }]);
  });

  test('with any other failure means that nothing has happened: the step rejects with CommandExhausted', async () => {
    const trip = await unknown((ctx) => pay(ctx).catch((error: unknown) => ({ outcome: (error as { outcome: string }).outcome })));
    await trip.operates('resolve', { step: STEP, resolution: { failure: { type: 'Lost', message: 'never sent', data: null } } });
    expect(trip.entries('ProcessCompleted')).toMatchObject([{ data: { outcome: 'cancelled' } }]);
  });

  test.each([
    ['an output', { output: { paymentId: 7 } }],
    ['a failure', { failure: { type: 'Declined', message: 'no', data: {} } }],
  ])('with %s that breaks the contract changes nothing', async (_what, resolution) => {
    const trip = await unknown();
    await trip.operates('resolve', { step: STEP, resolution: resolution as never });
    expect(trip.bug?.code).toBe('DATA_INVALID');
    expect(trip.status).toBe('stuck');
  });

  test('of an unresolved command after the end undoes a success', async () => {
    const trip = await started(async (ctx) => void (await ctx.race({ flight: fly(ctx), nudged: ctx.waitFor(Nudge) })));
    await trip.happens(Nudge);
    await trip.isUnknown('flights.book');
    await trip.operates('resolve', { step: 'flights.book:1', resolution: { output: FLIGHT } });
    expect(unresolvedCount(trip.image)).toBe(0);
    expect(trip.open()).toEqual(['flights.cancel (undo)']);
  });

  test('of an undo that cannot succeed continues with the next', async () => {
    const trip = await started(async (ctx) => {
      await fly(ctx);
      await pay(ctx);
      throw ctx.errors.Refused({ why: 'test' });
    });
    await trip.completes('flights.book', FLIGHT);
    await trip.completes('payments.charge', PAID);
    await trip.isUnknown('payments.refund');
    expect(trip.image.stuck?.code).toBe('COMPENSATION');
    await trip.operates('resolve', { step: `${STEP}/undo`, resolution: { output: null } });
    expect(trip.status).toBe('running');
    expect(trip.open()).toEqual(['flights.cancel (undo)']);
  });

  test('of a failed undo changes nothing: its outcome is known, and resume sends it under another number', async () => {
    const trip = await started(async (ctx) => {
      await pay(ctx);
      throw ctx.errors.Refused({ why: 'test' });
    });
    await trip.completes('payments.charge', PAID);
    const { n } = trip.command('payments.refund');
    await trip.fails('payments.refund', 'Closed');
    const failure = { type: 'Lost', message: 'never sent', data: null };
    for (const resolution of [{ failure }, { output: null }])
      expect(await trip.operates('resolve', { step: `${STEP}/undo`, resolution })).toBe('dup');
    expect(trip.entries('CommandAnswered').filter((entry) => entry.n === n)).toHaveLength(1);
    await trip.operates('resume');
    expect(trip.command('payments.refund').n).toBeGreaterThan(n);
  });

  test('of an undo as failed is applied once, even if its outcome was unknown before', async () => {
    const trip = await started(async (ctx) => {
      await pay(ctx);
      throw ctx.errors.Refused({ why: 'test' });
    });
    await trip.completes('payments.charge', PAID);
    await trip.isUnknown('payments.refund');
    const step = `${STEP}/undo`;
    const resolution = { failure: { type: 'Lost', message: 'never sent', data: null } };
    expect(await trip.operates('resolve', { step, resolution })).toBe('apply');
    expect(await trip.operates('resolve', { step, resolution })).toBe('dup');
    expect(trip.image.stuck?.code).toBe('COMPENSATION');
  });

  test('of a second undo as failed leaves both, and resume sends both under other numbers', async () => {
    const trip = await started((ctx) =>
      Promise.all([
        ctx.scope('pays', async (ctx) => {
          await pay(ctx);
          throw ctx.errors.Refused({ why: 'test' });
        }),
        ctx.scope('flies', async (ctx) => {
          await fly(ctx);
          throw ctx.errors.Refused({ why: 'test' });
        }),
      ]),
    );
    await trip.completes('payments.charge', PAID);
    await trip.completes('flights.book', FLIGHT);
    expect(trip.open()).toEqual(['payments.refund (undo)', 'flights.cancel (undo)']);
    await trip.fails('payments.refund', 'Closed');
    const failure = { type: 'Lost', message: 'never sent', data: null };
    await trip.operates('resolve', { step: 'flies/flights.book:1/undo', resolution: { failure } });
    await trip.operates('resume');
    await trip.completes('payments.refund');
    await trip.completes('flights.cancel');
    expect(trip.status).toBe('failed');
  });

  test('of one command leaves an instance stuck on another command or on a bug', async () => {
    const trip = await started((ctx) => Promise.all([pay(ctx), fly(ctx)]));
    await trip.isUnknown('payments.charge');
    await trip.operates('resolve', { step: 'flights.book:1', resolution: { output: FLIGHT } });
    expect(trip.image.stuck).toMatchObject({ code: 'UNKNOWN_OUTCOME', was: 'running' });
    const poisoned = await started((ctx) => Promise.all([pay(ctx), fly(ctx)]), { compare: false });
    Object.assign(poisoned.image, { status: 'stuck', stuck: { code: 'POISON', message: 'A bug.', was: 'running' } });
    await poisoned.operates('resolve', { step: STEP, resolution: { output: PAID } });
    expect(poisoned.image.stuck?.code).toBe('POISON');
    await poisoned.operates('resolve', { step: 'flights.book:1', resolution: { output: FLIGHT } });
    expect(poisoned.status).toBe('completed');
  });
});

describe('cancel on a stuck instance', () => {
  test('leaves a tombstone of the command with the unknown outcome, and undoes the rest', async () => {
    const trip = await started(async (ctx) => {
      await fly(ctx);
      await pay(ctx);
    });
    await trip.completes('flights.book', FLIGHT);
    await trip.isUnknown('payments.charge');
    expect(await trip.operates('cancel')).toBe('apply');
    expect(trip.open()).toEqual(['flights.cancel (undo)']);
    await trip.completes('flights.cancel');
    expect(trip.status).toBe('cancelled');
    expect(trip.image.tombstones).toMatchObject([{ path: STEP, unresolved: { attempts: 2 } }]);
  });

  test('is journaled, and leaves the instance stuck on an undo, which cannot be cancelled', async () => {
    const trip = await started(async (ctx) => {
      await pay(ctx);
      throw ctx.errors.Refused({ why: 'test' });
    });
    await trip.completes('payments.charge', PAID);
    await trip.fails('payments.refund', 'Closed');
    await trip.operates('cancel');
    expect(trip.entries('CancelRequested')).toHaveLength(1);
    expect(trip.image.stuck).toMatchObject({ code: 'COMPENSATION', definite: true, was: 'running' });
    await trip.operates('resume');
    expect(trip.open()).toEqual(['payments.refund (undo)']);
  });

  test('leaves the instance stuck on a compensation whose body has failed', async () => {
    const trip = await started(async (ctx) => {
      ctx.compensate('tell', async (ctx) => {
        throw ctx.errors.Refused({ why: 'never' });
      });
      throw ctx.errors.Refused({ why: 'test' });
    });
    await trip.operates('cancel');
    expect(trip.image.stuck).toMatchObject({ code: 'COMPENSATION', compensation: 'tell:1' });
  });
});

test('a process time-out that passes while its instance is stuck applies with resume', async () => {
  const trip = new Instance(tripOf(pay, { timeout: '1 hour' }));
  await trip.starts(Checkout);
  await trip.isUnknown('payments.charge');
  trip.now += 7_200_000;
  await trip.operates('resume');
  expect(trip.open()).toEqual(['payments.charge (settling: cancelled)']);
  await trip.answers(trip.command('payments.charge'), 'cancelled');
  expect(trip.status).toBe('cancelled');
});

test('an operation that an instance has refused is not tried again after another one has freed the instance', async () => {
  const trip = await unknown();
  await trip.hasRefused('first');
  expect(await trip.operates('resume', { id: 'second' })).toBe('apply');
  expect(await trip.operates('pause', { id: 'first' })).toBe('dup');
  expect(await trip.operates('pause', { id: 'third' })).toBe('apply');
});
