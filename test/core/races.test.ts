import { describe, expect, test } from 'vitest';
import { Booked, flights, hotels, notes, Nudge } from './trip-contracts.ts';
import { FLIGHT, fly, PAID, pay, ROOM, started, stay } from './trip-steps.ts';

describe('race', () => {
  test('the first to settle wins; losers are cancelled, and the process ends only when what they did is undone (S3)', async () => {
    const trip = await started(async (ctx) => {
      const first = await ctx.race({ flight: fly(ctx), room: stay(ctx), nap: ctx.sleep('1 day'), nudged: ctx.waitFor(Nudge) });
      ctx.publish(Booked, { text: first.winner });
      return first.winner;
    });
    await trip.completes('hotels.book', ROOM);
    expect(trip.published()).toEqual([{ text: 'room' }]);
    expect(trip.timers()).toEqual([]);
    expect(trip.open()).toEqual(['flights.book (settling: cancelled)']);
    expect(trip.status).toBe('running');
    await trip.completes('flights.book', FLIGHT);
    expect(trip.open()).toEqual(['flights.cancel (undo)']);
    await trip.completes('flights.cancel');
    expect(trip.status).toBe('completed');
    expect(trip.entries('BranchWon')[0]).toMatchObject({ path: 'race:1', winner: 'room' });
  });

  test('a branch that fails first settles the race, which rejects with its failure', async () => {
    const trip = await started(async (ctx) => {
      try {
        await ctx.race({ flight: fly(ctx), nap: ctx.sleep('1 day') });
      } catch (error) {
        return flights.book.failed(error) ? error.type : 'other';
      }
      return 'nobody failed';
    });
    await trip.fails('flights.book', 'SoldOut');
    expect(trip.entries('ProcessCompleted')[0]?.data).toBe('SoldOut');
  });

  test('a losing scope undoes what it did beside the process, also where the process ends at once', async () => {
    const trip = await started(async (ctx) => {
      await ctx.race({
        travel: ctx.scope('travel', async (ctx) => {
          await fly(ctx);
          await stay(ctx);
        }),
        nudged: ctx.waitFor(Nudge),
      });
      return 'nudged';
    });
    await trip.completes('flights.book', FLIGHT);
    await trip.happens(Nudge);
    expect(trip.bug).toBeUndefined();
    expect(trip.status).toBe('running');
    await trip.answers(trip.command('hotels.book'), 'cancelled');
    expect(trip.open()).toEqual(['flights.cancel (undo)']);
    await trip.completes('flights.cancel');
    expect(trip.status).toBe('completed');
    expect(trip.entries('StepDetached')).toEqual([]);
    expect(trip.entries('ScopeClosed')[0]).toMatchObject({ path: 'travel:1', status: 'cancelled' });
  });

  test('a loser that completed before the race was made is undone too', async () => {
    const trip = await started(async (ctx) => {
      const flight = fly(ctx);
      const room = stay(ctx);
      await flight;
      await room;
      const first = await ctx.race({ room, flight });
      return first.winner;
    });
    await trip.completes('flights.book', FLIGHT);
    await trip.completes('hotels.book', ROOM);
    expect(trip.open()).toEqual(['flights.cancel (undo)']);
    await trip.completes('flights.cancel');
    expect(trip.entries('ProcessCompleted')[0]?.data).toBe('room');
  });

  test('a race inside a race is cancelled with all its branches', async () => {
    const trip = await started(async (ctx) => {
      const first = await ctx.race({
        inner: ctx.race({ flight: fly(ctx), room: stay(ctx) }),
        nudged: ctx.waitFor(Nudge),
      });
      return first.winner;
    });
    await trip.happens(Nudge);
    expect(trip.open()).toEqual(['flights.book (settling: cancelled)', 'hotels.book (settling: cancelled)']);
    await trip.answers(trip.command('flights.book'), 'cancelled');
    await trip.completes('hotels.book', ROOM);
    await trip.completes('hotels.cancel');
    expect(trip.entries('ProcessCompleted')[0]?.data).toBe('nudged');
  });

  test('a race is cancelled with its scope', async () => {
    const trip = await started(async (ctx) => {
      await ctx.scope('choice', async (ctx) => {
        await Promise.all([ctx.race({ flight: fly(ctx), nap: ctx.sleep('1 day') }), stay(ctx)]);
      });
    });
    await trip.fails('hotels.book', 'SoldOut');
    expect(trip.open()).toEqual(['flights.book (settling: cancelled)']);
    await trip.answers(trip.command('flights.book'), 'failed', { type: 'SoldOut', message: '', data: {} });
    expect(trip.status).toBe('failed');
  });

  test('a process that fails while a loser is being undone waits for it, then undoes the rest', async () => {
    const trip = await started(async (ctx) => {
      await pay(ctx);
      await ctx.race({ flight: fly(ctx), nudged: ctx.waitFor(Nudge) });
      throw ctx.errors.Refused({ why: 'test' });
    });
    await trip.completes('payments.charge', PAID);
    await trip.happens(Nudge);
    expect(trip.open()).toEqual(['flights.book (settling: cancelled)']);
    await trip.completes('flights.book', FLIGHT);
    expect(trip.open()).toEqual(['flights.cancel (undo)']);
    await trip.completes('flights.cancel');
    expect(trip.open()).toEqual(['payments.refund (undo)']);
  });

  test('a race without branches is a bug, since nothing would ever win it', async () => {
    const trip = await started(async (ctx) => {
      await ctx.race({});
    });
    expect(trip.bug?.message).toContain('A race was given no branches');
  });

  test('a branch that is no step is a bug', async () => {
    const trip = await started(async (ctx) => {
      await ctx.race({ plain: Promise.resolve(1) as never });
    });
    expect(trip.bug).toEqual({ code: 'POISON', message: 'The branch plain of a race is no step: a plain promise cannot be cancelled.' });
  });
});

describe('any', () => {
  test('the first to be fulfilled wins, failures before it do not count', async () => {
    const trip = await started(async (ctx) => {
      const first = await ctx.any({ flight: fly(ctx), room: stay(ctx), nap: ctx.sleep('1 day') });
      return first.winner;
    });
    await trip.fails('flights.book', 'SoldOut');
    expect(trip.status).toBe('running');
    await trip.completes('hotels.book', ROOM);
    expect(trip.entries('ProcessCompleted')[0]?.data).toBe('room');
  });

  test('it rejects with the last failure where no branch is fulfilled', async () => {
    const trip = await started(async (ctx) => {
      try {
        await ctx.any({ flight: fly(ctx), room: stay(ctx) });
      } catch (error) {
        return hotels.book.failed(error) ? 'the room' : 'the flight';
      }
      return 'nobody failed';
    });
    await trip.fails('flights.book', 'SoldOut');
    await trip.fails('hotels.book', 'SoldOut');
    expect(trip.entries('ProcessCompleted')[0]?.data).toBe('the room');
  });

  test('a branch that fails after another has won changes nothing', async () => {
    const trip = await started(async (ctx) => {
      const first = await ctx.any({ nudged: ctx.waitFor(Nudge), asked: ctx.call(notes.ask, { text: 'ok?' }) });
      return first.winner;
    });
    await trip.happens(Nudge);
    expect(trip.entries('ProcessCompleted')[0]?.data).toBe('nudged');
    expect(trip.open()).toEqual([]);
  });
});
