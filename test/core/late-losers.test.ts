import { describe, expect, test } from 'vitest';
import { notes, Nudge } from './trip-contracts.ts';
import { FLIGHT, fly, PAID, pay, ROOM, started, stay } from './trip-steps.ts';

describe('a scope that loses a race after its body has ended', () => {
  test('that failed by itself continues its undos, and the process ends after them without an unawaited failure', async () => {
    const trip = await started(async (ctx) => {
      const first = await ctx.race({
        travel: ctx.scope('travel', async (ctx) => {
          await fly(ctx);
          await stay(ctx);
        }),
        nudged: ctx.waitFor(Nudge),
      });
      return first.winner;
    });
    await trip.completes('flights.book', FLIGHT);
    await trip.fails('hotels.book', 'SoldOut');
    expect(trip.open()).toEqual(['flights.cancel (undo)']);
    await trip.happens(Nudge);
    expect(trip.bug).toBeUndefined();
    expect(trip.status).toBe('running');
    await trip.completes('flights.cancel');
    expect(trip.status).toBe('completed');
    expect(trip.entries('StepDetached')).toEqual([]);
    expect(trip.entries('ScopeClosed')[0]).toMatchObject({ path: 'travel:1', status: 'failed' });
  });

  test('that was only waiting for its own losers is undone, because it lost (S3)', async () => {
    const trip = await started(async (ctx) => {
      const first = await ctx.race({
        travel: ctx.scope('travel', async (ctx) => {
          await pay(ctx);
          await ctx.race({ flight: fly(ctx), room: stay(ctx) });
        }),
        nudged: ctx.waitFor(Nudge),
      });
      return first.winner;
    });
    await trip.completes('payments.charge', PAID);
    await trip.completes('hotels.book', ROOM);
    expect(trip.open()).toEqual(['flights.book (settling: cancelled)']);
    await trip.happens(Nudge);
    expect(trip.bug).toBeUndefined();
    await trip.completes('flights.book', FLIGHT);
    expect(trip.open()).toEqual(['flights.cancel (undo)']);
    await trip.completes('flights.cancel');
    expect(trip.open()).toEqual(['hotels.cancel (undo)']);
    await trip.completes('hotels.cancel');
    expect(trip.open()).toEqual(['payments.refund (undo)']);
    await trip.completes('payments.refund');
    expect(trip.status).toBe('completed');
    expect(trip.entries('StepDetached')).toEqual([]);
  });
});

test('a cancelled scope with an undecided race undoes its completed branches in the order of its list', async () => {
  const trip = await started(async (ctx) => {
    const first = await ctx.any({
      travel: ctx.scope('travel', async (ctx) => {
        await ctx.race({
          flight: fly(ctx),
          told: ctx.scope('told', async (ctx) => ctx.compensate('tell', (ctx) => ctx.call(notes.ask, { text: 'sorry' }))),
        });
      }),
      at: ctx.scope('at once', async () => undefined),
    });
    return first.winner;
  });
  expect(trip.open()).toEqual(['flights.book (settling: cancelled)']);
  await trip.completes('flights.book', FLIGHT);
  expect(trip.open()).toEqual(['flights.cancel (undo)']);
  await trip.completes('flights.cancel');
  expect(trip.open()).toEqual(['notes.ask']);
  await trip.completes('notes.ask', { answer: 'never mind' });
  expect(trip.status).toBe('completed');
});
