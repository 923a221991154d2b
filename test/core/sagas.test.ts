import { ProcessFailed } from 'tutti';
import { describe, expect, test } from 'vitest';
import { Instance } from './instance.ts';
import { Booked, flights, hotels, notes, Nudge, payments, type TripContext } from './trip-contracts.ts';
import { FLIGHT, fly, PAID, pay, ROOM, started, stay } from './trip-steps.ts';

describe('S1: the undo list', () => {
  test('S1: a process that fails undoes its completed commands in reverse order of completion, one at a time', async () => {
    const trip = await started(async (ctx) => {
      await Promise.all([pay(ctx), fly(ctx)]);
      await stay(ctx);
    });
    await trip.completes('flights.book', FLIGHT);
    await trip.completes('payments.charge', PAID);
    await trip.fails('hotels.book', 'SoldOut');
    expect(trip.open()).toEqual(['payments.refund (undo)']);
    await trip.completes('payments.refund');
    expect(trip.open()).toEqual(['flights.cancel (undo)']);
    expect(trip.status).toBe('running');
    await trip.completes('flights.cancel');
    expect(trip.status).toBe('failed');
  });

  test('S1: a scope that is fulfilled hands its list to its parent', async () => {
    const trip = await started(async (ctx) => {
      await ctx.scope('travel', async (ctx) => {
        await fly(ctx);
        await stay(ctx);
      });
      await pay(ctx);
    });
    await trip.completes('flights.book', FLIGHT);
    await trip.completes('hotels.book', ROOM);
    await trip.fails('payments.charge', 'Declined', { reason: 'no' });
    await trip.completes('hotels.cancel');
    expect(trip.open()).toEqual(['flights.cancel (undo)']);
  });

  test('S1: the process drops the list when it completes', async () => {
    const trip = await started(async (ctx) => {
      await pay(ctx);
      return { done: true };
    });
    await trip.completes('payments.charge', PAID);
    expect(trip.status).toBe('completed');
    expect(trip.open()).toEqual([]);
    expect(trip.entries('ProcessCompleted')[0]?.data).toEqual({ done: true });
  });
});

describe('S2: a scope that fails', () => {
  test('S2: its open steps are cancelled, those with an undo are settled, and the late success is undone before the rest', async () => {
    const trip = await started(async (ctx) => {
      await pay(ctx);
      await Promise.all([fly(ctx), stay(ctx), ctx.call(notes.ask, { text: 'window?' }), ctx.sleep('1 day'), ctx.waitFor(Nudge)]);
    });
    await trip.completes('payments.charge', PAID);
    await trip.fails('hotels.book', 'SoldOut');
    expect(trip.open()).toEqual(['flights.book (settling: cancelled)']);
    expect(trip.timers()).toEqual([]);
    expect(trip.entries('CommandAbandoned').map((entry) => entry.path)).toEqual(['notes.ask:1']);
    await trip.completes('flights.book', FLIGHT);
    expect(trip.open()).toEqual(['flights.cancel (undo)']);
    await trip.completes('flights.cancel');
    expect(trip.open()).toEqual(['payments.refund (undo)']);
    await trip.completes('payments.refund');
    expect(trip.status).toBe('failed');
  });

  test.each(['cancelled', 'failed'] as const)('S2: an open step that settles as %s needs no undo', async (outcome) => {
    const trip = await started(async (ctx) => {
      await Promise.all([fly(ctx), stay(ctx)]);
    });
    await trip.fails('hotels.book', 'SoldOut');
    await trip.answers(trip.command('flights.book'), outcome, { type: 'SoldOut', message: '', data: {} });
    expect(trip.open()).toEqual([]);
    expect(trip.status).toBe('failed');
  });

  test('S2: a deferred command without an undo is settled too, and its success needs no undo', async () => {
    const trip = await started(async (ctx) => {
      await Promise.all([stay(ctx), ctx.call(notes.ask, { text: 'window?' })]);
    });
    await trip.answers(trip.command('notes.ask'), 'deferred');
    await trip.fails('hotels.book', 'SoldOut');
    expect(trip.open()).toEqual(['notes.ask (settling: cancelled)']);
    expect(trip.status).toBe('running');
    await trip.completes('notes.ask', { answer: 'yes' });
    expect(trip.status).toBe('failed');
  });

  test('S2: a scope that fails in a process that continues is undone before its promise rejects', async () => {
    const trip = await started(async (ctx) => {
      await pay(ctx);
      try {
        await ctx.scope('travel', async (ctx) => {
          await fly(ctx);
          await stay(ctx);
        });
      } catch (error) {
        ctx.publish(Booked, { text: hotels.book.failed(error) ? error.type : 'other' });
      }
      await ctx.sleep('1 day');
    });
    await trip.completes('payments.charge', PAID);
    await trip.completes('flights.book', FLIGHT);
    await trip.fails('hotels.book', 'SoldOut');
    expect(trip.open()).toEqual(['flights.cancel (undo)']);
    expect(trip.published()).toEqual([]);
    await trip.completes('flights.cancel');
    expect(trip.published()).toEqual([{ text: 'SoldOut' }]);
    expect(trip.entries('ScopeClosed')[0]).toMatchObject({ path: 'travel:1', status: 'failed' });
    await trip.passes('1 day');
    expect(trip.status).toBe('completed');
    expect(trip.open()).toEqual([]);
  });

  test('S2: a step that a branch requests after its scope failed is rejected as cancelled', async () => {
    const trip = await started(async (ctx) => {
      const branch = async (): Promise<void> => {
        try {
          await ctx.sleep('1 day');
        } catch {
          await fly(ctx);
        }
      };
      await Promise.all([branch(), stay(ctx)]);
    });
    await trip.fails('hotels.book', 'SoldOut');
    expect(trip.open()).toEqual([]);
    expect(trip.status).toBe('failed');
  });

  test('S2: an undo is made from the real output', async () => {
    const trip = await started(async (ctx) => {
      await pay(ctx);
      throw ctx.errors.Refused({ why: 'test' });
    });
    const charge = trip.command('payments.charge');
    await trip.completes('payments.charge', { paymentId: 'p-42' });
    const undo = trip.command('payments.refund');
    expect(undo.input).toEqual({ paymentId: 'p-42' });
    expect(undo.undoes).toBe(`default#trip#a/${trip.image.run}/${charge.n}`);
  });

  test('S2: undoing cannot be cancelled', async () => {
    const trip = await started(async (ctx) => {
      await pay(ctx);
      await stay(ctx);
    });
    await trip.completes('payments.charge', PAID);
    await trip.fails('hotels.book', 'SoldOut');
    await trip.operates('cancel');
    expect(trip.open()).toEqual(['payments.refund (undo)']);
    await trip.completes('payments.refund');
    expect(trip.status).toBe('failed');
  });

  test('S2: a process ends with its declared failure, or with Other and the reason of any other failure', async () => {
    const declared = await started(async (ctx) => {
      throw ctx.errors.Refused({ why: 'test' });
    });
    expect(declared.entries('ProcessFailed')[0]?.data).toMatchObject({ type: 'Refused', data: { why: 'test' } });
    const other = await started(async (ctx) => {
      await stay(ctx);
    });
    await other.fails('hotels.book', 'SoldOut');
    expect(other.entries('ProcessFailed')[0]?.data).toMatchObject({ type: 'Other', data: { reason: 'hotels.book says SoldOut.' } });
  });

  test('S2: ctx.fail ends the process as failed with its reason and data, and undoes its steps', async () => {
    const trip = await started(async (ctx) => {
      await pay(ctx);
      throw ctx.fail('no driver was found', { tried: 3 });
    });
    await trip.completes('payments.charge', PAID);
    expect(trip.open()).toEqual(['payments.refund (undo)']);
    await trip.completes('payments.refund');
    expect(trip.status).toBe('failed');
    expect(trip.entries('ProcessFailed')[0]?.data).toEqual({
      code: 'PROCESS_FAILED',
      message: 'no driver was found',
      process: 'trip',
      type: 'Other',
      data: { reason: 'no driver was found', data: { tried: 3 } },
    });
  });

  test('S2: ctx.fail in a scope undoes the scope, and the process can continue', async () => {
    const trip = await started(async (ctx) => {
      try {
        await ctx.scope('s', async () => {
          await pay(ctx);
          throw ctx.fail('too late');
        });
      } catch (error) {
        if (!(error instanceof ProcessFailed) || error.type !== 'Other') throw error;
        return error.data;
      }
      return null;
    });
    await trip.completes('payments.charge', PAID);
    await trip.completes('payments.refund');
    expect(trip.entries('ProcessCompleted')[0]?.data).toEqual({ reason: 'too late' });
  });

  test.each<[string, unknown, string]>([
    ['a function', { tried: () => 1 }, 'trip fails with a value that is not JSON at data.tried'],
    ['a number that JSON changes', Number.NaN, 'trip fails with a value that is not JSON at data'],
  ])('data of ctx.fail that is not JSON is POISON: %s', async (_, data, message) => {
    const trip = await started(async (ctx) => {
      throw ctx.fail('no', data as never);
    });
    expect(trip.bug).toMatchObject({ code: 'POISON', message: expect.stringContaining(message) as string });
  });
});

describe('S3: late successes and unknown outcomes', () => {
  test('S3: a late success after the end is undone, from a tombstone', async () => {
    const trip = await started(async (ctx) => {
      await Promise.all([fly(ctx), stay(ctx)]);
    });
    const { n } = trip.command('flights.book');
    const { run } = trip.image;
    await trip.operates('terminate');
    expect(trip.status).toBe('terminated');
    expect(trip.image.tombstones.map((tombstone) => tombstone.command)).toEqual(['flights.book', 'hotels.book']);
    expect(await trip.replies({ run, n, outcome: 'failed', data: null, retryable: false })).toBe('late');
    expect(await trip.replies({ run, n, outcome: 'completed', data: FLIGHT, retryable: false })).toBe('apply');
    expect(trip.open()).toEqual(['flights.cancel (undo)']);
    expect(trip.image.tombstones.map((tombstone) => tombstone.command)).toEqual(['hotels.book']);
    await trip.completes('flights.cancel');
    expect(trip.open()).toEqual([]);
    expect(trip.status).toBe('terminated');
  });

  test('S3: a failed undo of a late success makes the ended process stuck, and resume restores its end', async () => {
    const trip = await started(async (ctx) => {
      await pay(ctx);
    });
    const { n } = trip.command('payments.charge');
    await trip.operates('terminate');
    await trip.replies({ run: trip.image.run, n, outcome: 'completed', data: PAID, retryable: false });
    await trip.fails('payments.refund', 'Closed');
    expect(trip.image.stuck).toMatchObject({ code: 'COMPENSATION', was: 'terminated' });
    await trip.operates('resume');
    expect(trip.status).toBe('terminated');
    expect(trip.open()).toEqual(['payments.refund (undo)']);
    await trip.breaksDown('payments.refund');
    expect(trip.open()).toEqual([]);
    await trip.passes('5 minutes');
    await trip.completes('payments.refund');
    expect(trip.open()).toEqual([]);
  });

  test('S3: an unknown outcome makes the process stuck, and resume sends the same command again', async () => {
    const trip = await started(async (ctx) => {
      await pay(ctx);
      await stay(ctx);
    });
    const { n } = trip.command('payments.charge');
    await trip.answers({ n }, 'unknown');
    expect(trip.image.stuck).toMatchObject({ code: 'UNKNOWN_OUTCOME', n });
    expect(await trip.completes('payments.charge', PAID)).toBe('park');
    await trip.operates('resume');
    expect(trip.command('payments.charge')).toMatchObject({ n, attempt: 1 });
    await trip.completes('payments.charge', PAID);
    expect(trip.open()).toEqual(['hotels.book']);
  });

  test('S3: an unknown reply while a command is settling undoes nothing', async () => {
    const trip = await started(async (ctx) => {
      await Promise.all([fly(ctx), stay(ctx)]);
    });
    await trip.fails('hotels.book', 'SoldOut');
    await trip.answers(trip.command('flights.book'), 'unknown');
    expect(trip.open()).toEqual([]);
    expect(trip.status).toBe('failed');
    expect(trip.image.tombstones).toMatchObject([{ command: 'flights.book', unresolved: { attempts: 1 } }]);
  });
});

describe('S4: an undo is sent until its outcome is definite', () => {
  const undoing = async (): Promise<Instance> => {
    const trip = await started(async (ctx) => {
      await fly(ctx);
      await pay(ctx);
      throw ctx.errors.Refused({ why: 'test' });
    });
    await trip.completes('flights.book', FLIGHT);
    await trip.completes('payments.charge', PAID);
    return trip;
  };

  test('S4: an undo without a reply is sent again under the same number, and stuck at the end of its within; resume gives new limits', async () => {
    const trip = await undoing();
    const { n } = trip.command('payments.refund');
    await trip.passes('23 hours');
    expect(trip.command('payments.refund')).toMatchObject({ n, attempt: 11 });
    await trip.passes('1 hour');
    expect(trip.image.stuck).toMatchObject({ code: 'COMPENSATION', n });
    expect(trip.image.stuck?.definite).toBeUndefined();
    await trip.operates('resume');
    expect(trip.command('payments.refund')).toMatchObject({ n, attempt: 1, attemptsMax: 5, deadline: trip.now + 86_400_000 });
    await trip.completes('payments.refund');
    expect(trip.open()).toEqual(['flights.cancel (undo)']);
  });

  test('S4: a deferred undo is awaited, and not sent again in the meantime', async () => {
    const trip = await undoing();
    await trip.answers(trip.command('payments.refund'), 'deferred');
    await trip.passes('23 hours');
    expect(trip.command('payments.refund').attempt).toBe(1);
    await trip.completes('payments.refund');
    expect(trip.open()).toEqual(['flights.cancel (undo)']);
  });

  test('S4: an undo that fails for technical reasons gets a new number after each pause, and is stuck after the attempts of its contract', async () => {
    const trip = await undoing();
    for (let runs = 1; runs < 5; runs += 1) {
      await trip.breaksDown('payments.refund');
      expect(trip.open()).toEqual([]);
      await trip.passes('1 minute');
    }
    expect(trip.status).toBe('running');
    const { n } = trip.command('payments.refund');
    await trip.breaksDown('payments.refund');
    expect(trip.image.stuck).toMatchObject({ code: 'COMPENSATION', n, definite: true });
    expect(trip.image.stuck?.message).toMatch(
      /^payments.refund ended failed after 5 runs; .* The last error was Technical: Out of order\.$/,
    );
    await trip.passes('1 hour');
    await trip.operates('resume');
    expect(trip.command('payments.refund').n).toBeGreaterThan(n);
    expect(trip.command('payments.refund')).toMatchObject({ retries: 0, attemptsMax: 5, deadline: trip.now + 86_400_000 });
  });

  test('S4: runs under all numbers count together, and re-sends are not runs', async () => {
    const trip = await undoing();
    await trip.passes('10 minutes');
    expect(trip.command('payments.refund').attempt).toBe(4);
    const { deadline } = trip.command('payments.refund');
    await trip.breaksDown('payments.refund', { attempts: 3 });
    await trip.passes('1 minute');
    expect(trip.command('payments.refund')).toMatchObject({ attempt: 1, retries: 3, deadline });
    await trip.breaksDown('payments.refund', { attempts: 2 });
    expect(trip.image.stuck?.code).toBe('COMPENSATION');
  });

  test('S4: a declared error of an undo makes the instance stuck at once, and resume tries again under a new number', async () => {
    const trip = await undoing();
    const { n } = trip.command('payments.refund');
    await trip.fails('payments.refund', 'Closed');
    expect(trip.image.stuck).toMatchObject({ code: 'COMPENSATION', definite: true, n });
    await trip.operates('resume');
    expect(trip.command('payments.refund').n).toBeGreaterThan(n);
    await trip.completes('payments.refund');
    await trip.completes('flights.cancel');
    expect(trip.status).toBe('failed');
  });

  test('S4: an unknown reply to an undo makes the instance stuck', async () => {
    const trip = await undoing();
    await trip.answers(trip.command('payments.refund'), 'unknown');
    expect(trip.image.stuck?.code).toBe('COMPENSATION');
    await trip.operates('resume');
    expect(trip.open()).toEqual(['payments.refund (undo)']);
  });

  test('S4: an operator skips one undo, and the others follow', async () => {
    const trip = await undoing();
    await trip.fails('payments.refund', 'Closed');
    await trip.operates('resume', { skip: 'payments.charge:1' });
    expect(trip.open()).toEqual(['flights.cancel (undo)']);
  });

  test('S4: the undo of a late success can be skipped too', async () => {
    const trip = await started(async (ctx) => {
      await pay(ctx);
    });
    const { n } = trip.command('payments.charge');
    await trip.operates('terminate');
    await trip.replies({ run: trip.image.run, n, outcome: 'completed', data: PAID, retryable: false });
    await trip.fails('payments.refund', 'Closed');
    await trip.operates('resume', { skip: `late/default#trip#a/${trip.image.run}/${n}` });
    expect(trip.open()).toEqual([]);
    expect(trip.status).toBe('terminated');
  });

  const twoScopes = async (): Promise<Instance> => {
    const trip = await started(async (ctx) => {
      const doomed = (name: string, step: (ctx: TripContext) => Promise<unknown>) =>
        ctx.scope(name, async (ctx) => {
          await step(ctx);
          throw ctx.errors.Refused({ why: name });
        });
      await Promise.allSettled([doomed('air', fly), doomed('money', pay)]);
    });
    await trip.completes('flights.book', FLIGHT);
    await trip.completes('payments.charge', PAID);
    await trip.breaksDown('flights.cancel');
    expect(trip.timers()).toHaveLength(1);
    await trip.fails('payments.refund', 'Closed');
    return trip;
  };

  test('S4: an undo that is skipped while it pauses is not tried again', async () => {
    const trip = await twoScopes();
    await trip.operates('resume', { skip: 'air:1/flights.book:1' });
    expect(trip.timers()).toEqual([]);
    expect(trip.open()).toEqual(['payments.refund (undo)']);
    expect(trip.status).toBe('running');
  });

  test('S4: a skip of one undo leaves another undo that pauses', async () => {
    const trip = await twoScopes();
    await trip.operates('resume', { skip: 'money:1/payments.charge:1' });
    expect(trip.timers()).toHaveLength(1);
    expect(trip.open()).toEqual([]);
    await trip.passes('5 minutes');
    await trip.completes('flights.cancel');
    expect(trip.status).toBe('completed');
  });
});

describe('S5: opting out', () => {
  test('S5: a call with { undo: false } is neither undone nor settled', async () => {
    const trip = await started(async (ctx) => {
      await ctx.call(payments.charge, { amount: 7 }, { undo: false });
      await Promise.all([ctx.call(flights.book, { to: 'Oslo' }, { undo: false }), stay(ctx)]);
    });
    await trip.completes('payments.charge', PAID);
    await trip.fails('hotels.book', 'SoldOut');
    expect(trip.open()).toEqual([]);
    expect(trip.status).toBe('failed');
  });

  test.each(['terminate', 'reload and terminate'])(
    'S5: a call with { undo: false } is not undone if it succeeds after the end: %s',
    async (how) => {
      const trip = await started(async (ctx) => {
        await Promise.all([ctx.call(payments.charge, { amount: 7 }, { undo: false }), fly(ctx)]);
      });
      const [charge, flight] = [trip.command('payments.charge'), trip.command('flights.book')];
      if (how !== 'terminate') await trip.reload();
      await trip.operates('terminate');
      expect(trip.image.tombstones.map(({ command }) => command)).toEqual(['flights.book']);
      expect(await trip.answers(charge, 'completed', PAID)).not.toBe('apply');
      expect(await trip.answers(flight, 'completed', FLIGHT)).toBe('apply');
      expect(trip.open()).toEqual(['flights.cancel (undo)']);
    },
  );

  test('S5: a call with { undo: false } is not undone if it was tried again', async () => {
    const trip = await started(async (ctx) => {
      await ctx.call(flights.book, { to: 'Oslo' }, { undo: false });
    });
    await trip.breaksDown('flights.book');
    await trip.passes('1 minute');
    expect(trip.command('flights.book').retries).toBe(1);
    await trip.operates('terminate');
    expect(trip.image.tombstones).toEqual([]);
  });

  test('S5: a pivot keeps the earlier commands of its scope, and later ones are undone', async () => {
    const trip = await started(async (ctx) => {
      await pay(ctx);
      ctx.pivot();
      await fly(ctx);
      await stay(ctx);
    });
    await trip.completes('payments.charge', PAID);
    await trip.completes('flights.book', FLIGHT);
    await trip.fails('hotels.book', 'SoldOut');
    await trip.completes('flights.cancel');
    expect(trip.open()).toEqual([]);
    expect(trip.status).toBe('failed');
  });
});

describe('S6: compensations', () => {
  test('S6: compensations run in the order of the undo list, the first registered last, and receive the failure', async () => {
    const trip = await started(async (ctx) => {
      ctx.compensate('tell', async (ctx, failure) => {
        await ctx.call(notes.notify, { text: hotels.book.failed(failure) ? failure.type : 'other' });
      });
      await pay(ctx);
      ctx.compensate('last', async (ctx) => {
        ctx.publish(Booked, { text: 'first undone' });
      });
      await stay(ctx);
    });
    await trip.completes('payments.charge', PAID);
    await trip.fails('hotels.book', 'SoldOut');
    expect(trip.published()).toEqual([{ text: 'first undone' }]);
    expect(trip.open()).toEqual(['payments.refund (undo)']);
    await trip.completes('payments.refund');
    expect(trip.command('notes.notify').input).toEqual({ text: 'SoldOut' });
    await trip.completes('notes.notify');
    expect(trip.status).toBe('failed');
  });

  test('S6: a compensation runs on cancel as well, and is not itself cancelled', async () => {
    const trip = await started(async (ctx) => {
      ctx.compensate('tell', async (ctx, failure) => {
        await ctx.call(notes.notify, { text: failure?.code ?? 'none' });
      });
      await ctx.sleep('1 day');
    });
    await trip.operates('cancel');
    expect(trip.command('notes.notify').input).toEqual({ text: 'CANCELLED' });
    await trip.completes('notes.notify');
    expect(trip.status).toBe('cancelled');
    expect(trip.entries('ProcessCancelled')[0]?.reason).toBe('requested');
  });

  test('S6: a compensation that fails makes the process stuck; its own commands are undone, and resume runs it again', async () => {
    const trip = await started(async (ctx) => {
      ctx.compensate('replace', async (ctx) => {
        await fly(ctx);
        await ctx.call(notes.ask, { text: 'ok?' });
        await stay(ctx);
      });
      throw ctx.errors.Refused({ why: 'test' });
    });
    await trip.completes('flights.book', FLIGHT);
    await trip.completes('notes.ask', { answer: 'yes' });
    await trip.fails('hotels.book', 'SoldOut');
    expect(trip.open()).toEqual(['flights.cancel (undo)']);
    await trip.completes('flights.cancel');
    expect(trip.image.stuck).toMatchObject({ code: 'COMPENSATION', compensation: 'replace:1' });
    await trip.operates('resume');
    expect(trip.open()).toEqual(['flights.book']);
    await trip.completes('flights.book', FLIGHT);
    await trip.completes('notes.ask', { answer: 'yes' });
    await trip.completes('hotels.book', ROOM);
    expect(trip.status).toBe('failed');
    expect(trip.open()).toEqual([]);
  });

  test('S6: a compensation that fails can be skipped', async () => {
    const trip = await started(async (ctx) => {
      ctx.compensate('tell', async (ctx) => {
        throw ctx.errors.Refused({ why: 'never' });
      });
      throw ctx.errors.Refused({ why: 'test' });
    });
    expect(trip.image.stuck?.code).toBe('COMPENSATION');
    await trip.operates('resume', { skip: 'tell:1' });
    expect(trip.status).toBe('failed');
  });
});

describe('S7: ctx.undo', () => {
  test('S7: ctx.undo(step) undoes that step at once, and the process continues', async () => {
    const trip = await started(async (ctx) => {
      const flight = fly(ctx);
      await flight;
      await pay(ctx);
      await ctx.undo(flight);
      await stay(ctx);
    });
    await trip.completes('flights.book', FLIGHT);
    await trip.completes('payments.charge', PAID);
    expect(trip.open()).toEqual(['flights.cancel (undo)']);
    await trip.completes('flights.cancel');
    expect(trip.open()).toEqual(['hotels.book']);
    await trip.fails('hotels.book', 'SoldOut');
    expect(trip.open()).toEqual(['payments.refund (undo)']);
  });

  test('S7: ctx.undo() undoes all of this scope so far, newest first, and the process may complete', async () => {
    const trip = await started(async (ctx) => {
      await pay(ctx);
      await fly(ctx);
      await ctx.undo();
    });
    await trip.completes('payments.charge', PAID);
    await trip.completes('flights.book', FLIGHT);
    await trip.completes('flights.cancel');
    await trip.completes('payments.refund');
    expect(trip.status).toBe('completed');
  });

  test('S7: a fulfilled scope is undone as a whole', async () => {
    const trip = await started(async (ctx) => {
      await pay(ctx);
      const travel = ctx.scope('travel', async (ctx) => {
        await fly(ctx);
        await stay(ctx);
      });
      await travel;
      await ctx.undo(travel);
      throw ctx.errors.Refused({ why: 'test' });
    });
    await trip.completes('payments.charge', PAID);
    await trip.completes('flights.book', FLIGHT);
    await trip.completes('hotels.book', ROOM);
    await trip.completes('hotels.cancel');
    await trip.completes('flights.cancel');
    expect(trip.open()).toEqual(['payments.refund (undo)']);
  });

  test('S7: an open step is settled, and its success is undone before the process continues', async () => {
    const trip = await started(async (ctx) => {
      await ctx.undo(fly(ctx));
      await stay(ctx);
    });
    expect(trip.open()).toEqual(['flights.book (settling: cancelled)']);
    await trip.completes('flights.book', FLIGHT);
    expect(trip.open()).toEqual(['flights.cancel (undo)']);
    await trip.completes('flights.cancel');
    expect(trip.open()).toEqual(['hotels.book']);
  });

  test('S7: an open scope is cancelled and undone before the process continues', async () => {
    const trip = await started(async (ctx) => {
      const travel = ctx.scope('travel', async (ctx) => {
        await fly(ctx);
        await ctx.sleep('1 day');
      });
      await ctx.waitFor(Nudge);
      await ctx.undo(travel);
      await pay(ctx);
    });
    await trip.completes('flights.book', FLIGHT);
    await trip.happens(Nudge);
    expect(trip.open()).toEqual(['flights.cancel (undo)']);
    await trip.completes('flights.cancel');
    expect(trip.open()).toEqual(['payments.charge']);
  });

  test('S7: a step of a scope that has handed its list on is undone once, not again with the process', async () => {
    const trip = await started(async (ctx) => {
      const steps: ReturnType<typeof fly>[] = [];
      await ctx.scope('travel', async (ctx) => {
        const flight = fly(ctx);
        steps.push(flight);
        await flight;
      });
      await ctx.undo(steps[0]);
      throw ctx.errors.Refused({ why: 'test' });
    });
    await trip.completes('flights.book', FLIGHT);
    await trip.completes('flights.cancel');
    expect(trip.open()).toEqual([]);
    expect(trip.status).toBe('failed');
  });

  test('S7: ctx.undo of a step that is already undone, or has nothing to undo, resolves at once', async () => {
    const trip = await started(async (ctx) => {
      const nap = ctx.sleep('1 second');
      await nap;
      await ctx.undo(nap);
      await ctx.undo();
      await ctx.undo();
    });
    await trip.passes('1 second');
    expect(trip.status).toBe('completed');
  });

  test('S7: ctx.undo() waits for the losers of a race, which are newer than the list', async () => {
    const trip = await started(async (ctx) => {
      await pay(ctx);
      await ctx.race({ flight: fly(ctx), nudged: ctx.waitFor(Nudge) });
      await ctx.undo();
    });
    await trip.completes('payments.charge', PAID);
    await trip.happens(Nudge);
    expect(trip.open()).toEqual(['flights.book (settling: cancelled)']);
    await trip.completes('flights.book', FLIGHT);
    expect(trip.open()).toEqual(['flights.cancel (undo)']);
    await trip.completes('flights.cancel');
    expect(trip.open()).toEqual(['payments.refund (undo)']);
    await trip.completes('payments.refund');
    expect(trip.status).toBe('completed');
  });

  test('S7: two undos at a time join into one list, and both resolve at its end', async () => {
    const trip = await started(async (ctx) => {
      await pay(ctx);
      const first = ctx.undo();
      await ctx.call(flights.book, { to: 'Oslo' });
      const second = ctx.undo();
      await Promise.all([first, second]);
    });
    await trip.completes('payments.charge', PAID);
    await trip.completes('flights.book', FLIGHT);
    expect(trip.open()).toEqual(['payments.refund (undo)']);
    await trip.completes('payments.refund');
    expect(trip.open()).toEqual(['flights.cancel (undo)']);
    await trip.completes('flights.cancel');
    expect(trip.status).toBe('completed');
  });
});

describe('S8: cancel', () => {
  test('S8: a cancel rejects the open steps, and the list is undone before the process ends cancelled', async () => {
    const trip = await started(async (ctx) => {
      await pay(ctx);
      await Promise.all([ctx.sleep('1 day'), ctx.waitFor(Nudge, { timeout: '2 days' }), fly(ctx)]);
    });
    await trip.completes('payments.charge', PAID);
    await trip.operates('cancel');
    expect(trip.timers()).toEqual([]);
    expect(trip.open()).toEqual(['flights.book (settling: cancelled)']);
    await trip.answers(trip.command('flights.book'), 'cancelled');
    await trip.completes('payments.refund');
    expect(trip.status).toBe('cancelled');
  });

  test('S8: code that catches a cancel changes nothing, because later steps reject too', async () => {
    const seen: string[] = [];
    const trip = await started(
      async (ctx) => {
        const attempts = [
          () => ctx.sleep('1 day'),
          () => fly(ctx),
          () => ctx.waitFor(Nudge),
          () => ctx.until('2030-01-01T00:00:00Z'),
          () => ctx.scope('inner', (ctx) => stay(ctx)),
          () => ctx.race({ one: ctx.sleep('1 day') }),
        ];
        for (const attempt of attempts) {
          try {
            await attempt();
          } catch (error) {
            seen.push((error as { readonly code: string }).code);
          }
        }
        return { ended: 'well' };
      },
      { compare: false },
    );
    await trip.operates('cancel');
    expect(seen).toEqual(Array.from({ length: 6 }, () => 'CANCELLED'));
    expect(trip.open()).toEqual([]);
    expect(trip.status).toBe('cancelled');
  });

  test('S8: a cancel reaches the steps of inner scopes, and each undoes its own', async () => {
    const trip = await started(async (ctx) => {
      await pay(ctx);
      await ctx.scope('outer', async (ctx) => {
        await fly(ctx);
        await ctx.scope('inner', async (ctx) => {
          await stay(ctx);
          await ctx.sleep('1 day');
        });
      });
    });
    await trip.completes('payments.charge', PAID);
    await trip.completes('flights.book', FLIGHT);
    await trip.completes('hotels.book', ROOM);
    await trip.operates('cancel');
    await trip.completes('hotels.cancel');
    await trip.completes('flights.cancel');
    expect(trip.entries('ScopeClosed').map((entry) => [entry.path, entry.status])).toEqual([
      ['outer:1/inner:1', 'cancelled'],
      ['outer:1', 'cancelled'],
    ]);
    await trip.completes('payments.refund');
    expect(trip.status).toBe('cancelled');
  });

  test('S8: a second cancel, and one while an inner scope is being undone, change only the end of the process', async () => {
    const trip = await started(async (ctx) => {
      try {
        await ctx.scope('travel', async (ctx) => {
          await fly(ctx);
          await stay(ctx);
        });
      } catch {
        await ctx.sleep('1 day');
      }
    });
    await trip.completes('flights.book', FLIGHT);
    await trip.fails('hotels.book', 'SoldOut');
    await trip.operates('cancel');
    await trip.operates('cancel');
    expect(trip.open()).toEqual(['flights.cancel (undo)']);
    await trip.completes('flights.cancel');
    expect(trip.status).toBe('cancelled');
  });

  test('S8: an undo in progress is not cancelled', async () => {
    const trip = await started(async (ctx) => {
      await pay(ctx);
      await ctx.undo();
      await ctx.sleep('1 day');
    });
    await trip.completes('payments.charge', PAID);
    await trip.operates('cancel');
    expect(trip.open()).toEqual(['payments.refund (undo)']);
    await trip.completes('payments.refund');
    expect(trip.status).toBe('cancelled');
  });

  test('S8: a cancel between two runs of a command needs no settling', async () => {
    const trip = await started(async (ctx) => {
      await pay(ctx);
    });
    await trip.breaksDown('payments.charge');
    expect(trip.timers()).toHaveLength(1);
    await trip.operates('cancel');
    expect(trip.timers()).toEqual([]);
    expect(trip.status).toBe('cancelled');
  });

  test('S8: terminate undoes nothing, and leaves tombstones of open calls; its journal is the same with and without a replay', async () => {
    const trip = await started(async (ctx) => {
      await pay(ctx);
      await Promise.all([fly(ctx), ctx.call(notes.ask, { text: 'ok?' }), ctx.sleep('1 day')]);
    });
    await trip.completes('payments.charge', PAID);
    await trip.happens(Nudge, {}, { id: 'unread' });
    await trip.operates('terminate');
    expect(trip.status).toBe('terminated');
    expect(trip.open()).toEqual([]);
    expect(trip.timers()).toEqual([]);
    expect(trip.wakeAt()).toBe(Infinity);
    expect(trip.image.tombstones.map((tombstone) => tombstone.command)).toEqual(['flights.book']);
    expect(trip.entries('EventsUnread')).toEqual([]);
  });

  test('S8: a stuck process can be terminated', async () => {
    const trip = await started(async (ctx) => {
      await pay(ctx);
    });
    await trip.answers(trip.command('payments.charge'), 'unknown');
    expect(await trip.operates('terminate')).toBe('apply');
    expect(trip.status).toBe('terminated');
    expect(trip.image.stuck).toBeUndefined();
  });
});
