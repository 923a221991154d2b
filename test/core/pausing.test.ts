import { describe, expect, test } from 'vitest';
import type { ProcessContract } from '../../lib/contract/runtime-contract.ts';
import { classify } from '../../lib/core/classify.ts';
import { newImage } from '../../lib/core/image.ts';
import type { StartInbound } from '../../lib/core/inbound.ts';
import { Instance } from './instance.ts';
import { Checkout, notes, Nudge, type TripContext } from './trip-contracts.ts';
import { fly, PAID, pay, started } from './trip-steps.ts';

const dueOf = (trip: Instance, name: string): number => trip.command(name).due - trip.image.clock;
const left = (trip: Instance, name: string): number => (trip.command(name).deadline ?? 0) - trip.image.clock;

describe('a pause', () => {
  test('keeps replies and events out of the journal until the resume, also on a copy from the journal', async () => {
    const trip = await started(async (ctx) => {
      await pay(ctx);
      await ctx.waitFor(Nudge);
    });
    const open = trip.command('payments.charge');
    expect(await trip.operates('pause')).toBe('apply');
    expect(trip.image).toMatchObject({ status: 'running', paused: { by: 'Ann', reason: 'because', clock: 'stop' } });
    expect(await trip.happens(Nudge)).toBe('keep');
    expect(await trip.answers(open, 'completed', PAID)).toBe('keep');
    expect(trip.trace(-1)).toEqual(['Paused']);
    expect(await trip.operates('resume')).toBe('apply');
    expect(trip.image.paused).toBeUndefined();
    await trip.completes('payments.charge', PAID);
    await trip.reload();
    await trip.happens(Nudge);
    expect(trip.status).toBe('completed');
  });

  test('notes the sender that the queue has recorded', async () => {
    const trip = await started(pay);
    await trip.operates('pause', { sender: 'AIDA' });
    expect(trip.image.paused).toMatchObject({ by: 'Ann', sender: 'AIDA' });
    await trip.operates('resume', { sender: 'AIDA' });
    expect(trip.entries('Resumed')).toMatchObject([{ sender: 'AIDA', code: 'PAUSED' }]);
  });

  test('stops timers, time-outs and limits, which then have the time left that they had', async () => {
    const trip = await started(async (ctx) => {
      await Promise.all([pay(ctx), ctx.sleep('1 hour')]);
    });
    await trip.passes('10 seconds');
    await trip.operates('pause');
    const before = [dueOf(trip, 'payments.charge'), left(trip, 'payments.charge'), trip.timers()];
    trip.now += 7_200_000;
    await trip.operates('resume');
    expect(trip.entries('Resumed')).toMatchObject([{ pausedMs: 7_200_000 }]);
    expect([dueOf(trip, 'payments.charge'), left(trip, 'payments.charge'), trip.timers()]).toEqual(before);
    expect(trip.image.tickAt ?? trip.image.due).toBeDefined();
  });

  test('with a running clock lets the timers fire at the resume that have passed', async () => {
    const trip = await started((ctx) => ctx.sleep('1 hour'));
    await trip.operates('pause', { clock: 'run' });
    trip.now += 7_200_000;
    await trip.operates('resume');
    expect(trip.entries('Resumed')[0]).not.toHaveProperty('pausedMs');
    expect(trip.status).toBe('completed');
  });

  test('keeps the limits of a call that pauses between two runs, and the end of a settling', async () => {
    const trip = await started(async (ctx: TripContext) => {
      await ctx.race({ flight: fly(ctx), nudged: ctx.waitFor(Nudge) });
      await pay(ctx);
    });
    await trip.happens(Nudge);
    const settleBy = (trip.command('flights.book').settleBy ?? 0) - trip.image.clock;
    await trip.breaksDown('payments.charge');
    await trip.operates('pause');
    trip.now += 600_000;
    await trip.operates('resume');
    expect((trip.command('flights.book').settleBy ?? 0) - trip.image.clock).toBe(settleBy);
    await trip.passes('1 minute');
    expect(left(trip, 'payments.charge')).toBeGreaterThan(3_000_000);
  });

  test('moves the next run of a command that nothing awaits', async () => {
    const trip = await started(async (ctx) => {
      ctx.send(notes.notify, { text: 'hi' });
      await ctx.waitFor(Nudge);
    });
    await trip.breaksDown('notes.notify');
    const [before] = trip.timers();
    await trip.operates('pause');
    trip.now += 600_000;
    await trip.operates('resume');
    expect(trip.timers()).toEqual([before]);
    await trip.passes('1 hour');
    await trip.completes('notes.notify');
  });

  test('ends with a cancel, which undoes, and with a terminate, which does not', async () => {
    const cancelled = await started(async (ctx) => {
      await pay(ctx);
      await ctx.waitFor(Nudge);
    });
    await cancelled.completes('payments.charge', PAID);
    await cancelled.operates('pause');
    await cancelled.operates('cancel');
    expect(cancelled.open()).toEqual(['payments.refund (undo)']);
    const terminated = await started(pay);
    await terminated.operates('pause');
    await terminated.operates('terminate');
    expect(terminated.image).toMatchObject({ status: 'terminated' });
    expect(terminated.image.paused).toBeUndefined();
  });

  test('keeps a start and a resolution, and is a duplicate itself while it lasts', async () => {
    const trip = await started(pay);
    await trip.operates('pause');
    expect(await trip.starts(Checkout, {}, { id: 'again' })).toBe('keep');
    expect(await trip.operates('resolve', { step: 'payments.charge:1', resolution: { output: PAID } })).toBe('keep');
    expect(await trip.operates('pause')).toBe('dup');
  });
});

describe('the verdict on a paused head', () => {
  const at = 1_000;
  const image = { ...newImage('default#trip#a', 'r', 'trip@1', at), paused: { at, by: 'Ann', reason: '', clock: 'stop' } } as const;
  const carried = { messageId: 'm', forced: false, at, hops: 0, reason: '', by: 'Ann' } as const;

  test('of a child keeps the cancel of its parent, and a start by another parent', () => {
    const parent = { commandId: 'default#a#1/r/1', hash: '', cancel: true, cancelIdentity: 'c' };
    const start = { ...carried, kind: 'start', key: 's', id: 's', identity: 'r', parent } as unknown as StartInbound;
    const definition = { onOpen: 'reject', onClosed: 'reject' } as ProcessContract;
    expect(classify(image, start, definition)).toBe('keep');
    expect(classify(image, { ...start, identity: 'other' }, definition)).toBe('keep');
  });

  test('that has ended is closed for a pause', () => {
    const pause = { ...carried, kind: 'operate', key: 'o', id: 'o', identity: 'o', act: 'pause' } as const;
    const definition = {} as ProcessContract;
    expect(classify({ ...image, status: 'completed' }, pause, definition)).toBe('closed');
    expect(classify({ ...image, status: 'early' }, pause, definition)).toBe('closed');
  });
});
