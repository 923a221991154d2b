import { describe, expect, test } from 'vitest';
import type { Step } from 'tutti';
import type { JournalEntry } from '../../lib/core/journal-entry.ts';
import { replayEntries } from '../../lib/engine/replay-journal.ts';
import { frontEndOf } from '../../lib/process/front-end.ts';
import { Instance } from './instance.ts';
import { Booked, Checkout, flights, hotels, notes, Nudge, payments, tripOf, type TripContext } from './trip-contracts.ts';
import { FLIGHT, fly, PAID, pay, ROOM, started, stay } from './trip-steps.ts';

describe('race', () => {
  test('the first branch to settle wins; losers are cancelled, and the process ends only after they are undone (S3)', async () => {
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

  test('a losing scope is undone beside the process, even if the process ends at once', async () => {
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

  test('a race without branches is a bug, because no branch could win it', async () => {
    const trip = await started(async (ctx) => {
      await ctx.race({});
    });
    expect(trip.bug?.message).toContain('A race was given no branches');
  });

  test('a branch that is not a step is a bug', async () => {
    const trip = await started(async (ctx) => {
      await ctx.race({ plain: Promise.resolve(1) as never });
    });
    expect(trip.bug).toEqual({ code: 'POISON', message: 'The branch plain of a race is not a step: a plain promise cannot be cancelled.' });
  });
});

describe('any', () => {
  test('the first branch to be fulfilled wins, and failures before it do not count', async () => {
    const trip = await started(async (ctx) => {
      const first = await ctx.any({ flight: fly(ctx), room: stay(ctx), nap: ctx.sleep('1 day') });
      return first.winner;
    });
    await trip.fails('flights.book', 'SoldOut');
    expect(trip.status).toBe('running');
    await trip.completes('hotels.book', ROOM);
    expect(trip.entries('ProcessCompleted')[0]?.data).toBe('room');
  });

  test('it rejects with the last failure if no branch is fulfilled', async () => {
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

describe('the completed branches of a race are undone with it', () => {
  const bothBooked = async (rest: (ctx: TripContext, inner: Step<unknown>, room: Step<unknown>) => Promise<unknown>): Promise<Instance> => {
    const trip = await started(async (ctx) => {
      const room = stay(ctx);
      const inner = ctx.race({ flight: fly(ctx), nap: ctx.sleep('1 day') });
      await Promise.all([room, inner]);
      return rest(ctx, inner, room);
    });
    await trip.completes('hotels.book', ROOM);
    await trip.completes('flights.book', FLIGHT);
    return trip;
  };

  test('if ctx.undo names the race', async () => {
    const trip = await bothBooked((ctx, inner) => ctx.undo(inner));
    expect(trip.entries('UndoRequested')).toEqual([{ type: 'UndoRequested', path: 'undo:1', branches: true }]);
    expect(trip.open()).toEqual(['flights.cancel (undo)']);
    await trip.completes('flights.cancel');
    expect(trip.status).toBe('completed');
  });

  test('if the race is decided and then loses another race', async () => {
    const trip = await bothBooked(async (ctx, inner, room) => (await ctx.race({ room, inner })).winner);
    expect(trip.entries('BranchWon').at(-1)).toEqual({ type: 'BranchWon', path: 'race:2', winner: 'room', branches: true });
    expect(trip.open()).toEqual(['flights.cancel (undo)']);
    await trip.completes('flights.cancel');
    expect(trip.entries('ProcessCompleted')[0]?.data).toBe('room');
  });

  test('except the branches of the winner, which may be a branch of both races', async () => {
    const trip = await started(async (ctx) => {
      const flight = fly(ctx);
      const inner = ctx.any({ flight, room: stay(ctx) });
      const first = await ctx.race({ flight, again: flight, inner });
      return first.winner;
    });
    await trip.completes('flights.book', FLIGHT);
    await trip.answers(trip.command('hotels.book'), 'cancelled');
    expect(trip.entries('ProcessCompleted')[0]?.data).toBe('flight');
    expect(trip.open()).toEqual([]);
  });

  test('with the scopes that handed their lists to it, newest first', async () => {
    const trip = await started(async (ctx) => {
      const travel = ctx.any({
        travel: ctx.scope('travel', async (ctx) => {
          await fly(ctx);
          await stay(ctx);
        }),
      });
      await travel;
      await ctx.undo(travel);
      return 'stayed';
    });
    await trip.completes('flights.book', FLIGHT);
    await trip.completes('hotels.book', ROOM);
    await trip.completes('hotels.cancel');
    await trip.completes('flights.cancel');
    expect(trip.entries('ProcessCompleted')[0]?.data).toBe('stayed');
  });

  test('a replay of a journal whose release did not undo them does not undo them either', async () => {
    const code = tripOf(async (ctx) => {
      const inner = ctx.race({ flight: fly(ctx), nap: ctx.sleep('1 day') });
      await inner;
      await ctx.undo(inner);
      await ctx.race({ inner, room: stay(ctx) });
      return 'kept';
    });
    const trip = new Instance(code, { compare: false });
    await trip.starts(Checkout);
    const started = trip.journal;
    await trip.completes('flights.book', FLIGHT);
    const answered = trip.journal.slice(started.length, started.length + 2);
    const entries: JournalEntry[] = [
      ...started,
      ...answered,
      { type: 'UndoRequested', path: 'undo:1' },
      { type: 'CommandIssued', n: 3, path: 'hotels.book:1', command: 'hotels.book', hash: '' },
      { type: 'BranchWon', path: 'race:2', winner: 'inner' },
      { type: 'ProcessCompleted', path: '', data: 'kept' },
    ];
    const { definition, environment, image } = trip;
    const { differences } = await replayEntries({ definition, environment, frontEndOf, pid: image.pid, run: image.run, entries });
    expect(differences.filter((text) => text.includes('/undo'))).toEqual([]);
  });

  test('a race that a losing scope shares with the process keeps its completed branches until the process ends', async () => {
    const trip = await started(async (ctx) => {
      const inner = ctx.any({ flight: fly(ctx), nap: ctx.sleep('1 day'), asked: ctx.call(notes.ask, { text: '' }) });
      await ctx.race({
        nudged: ctx.waitFor(Nudge),
        scope: ctx.scope('s', async (ctx) => {
          await ctx.race({ inner });
        }),
      });
      throw ctx.errors.Refused({ why: 'test' });
    });
    await trip.fails('flights.book', 'SoldOut');
    await trip.happens(Nudge);
    expect(trip.timers()).toEqual([]);
    expect(trip.status).toBe('failed');
  });
});

describe('ctx.undo of a step without an undo', () => {
  test('is a bug for a command without an undo (B9)', async () => {
    const trip = await started(async (ctx) => {
      const asked: Step<unknown> = ctx.call(notes.ask, { text: 'ok?' });
      await asked;
      await ctx.undo(asked);
    });
    await trip.completes('notes.ask', { answer: 'yes' });
    expect(trip.bug?.message).toContain('ctx.undo was given notes.ask:1, but notes.ask declares no undo');
  });

  test('is a bug for a call with { undo: false }', async () => {
    const trip = await started(async (ctx) => ctx.undo(ctx.call(payments.charge, { amount: 7 }, { undo: false })));
    expect(trip.bug?.message).toContain('but it was called with { undo: false }');
  });

  test('does nothing for a call that failed', async () => {
    const trip = await started(async (ctx) => {
      const flight = fly(ctx);
      await flight.catch(() => {});
      await ctx.undo(flight);
      return 'done';
    });
    await trip.fails('flights.book', 'SoldOut');
    expect(trip.entries('ProcessCompleted')[0]?.data).toBe('done');
  });

  test('replays in a journal of a release that allowed it', async () => {
    const code = (undoes: boolean) =>
      tripOf(async (ctx) => {
        const asked: Step<unknown> = ctx.call(notes.ask, { text: 'ok?' });
        await asked;
        if (undoes) await ctx.undo(asked);
        await ctx.waitFor(Nudge);
      });
    const trip = new Instance(code(false));
    await trip.starts(Checkout);
    await trip.completes('notes.ask', { answer: 'yes' });
    const entries: JournalEntry[] = [...trip.journal, { type: 'UndoRequested', path: 'undo:1' }];
    const { definition, environment } = new Instance(code(true));
    expect(await replayEntries({ definition, environment, frontEndOf, pid: trip.image.pid, run: trip.image.run, entries })).toEqual({
      differences: [],
      skipped: [],
    });
  });
});
