import { describe, expect, test } from 'vitest';
import * as z from 'zod';
import { command, service } from 'tutti';
import { applyFact, asNewestVersion } from '../../lib/core/apply.ts';
import type { CommandContract } from '../../lib/contract/runtime-contract.ts';
import { Instance } from './instance.ts';
import { Checkout, notes, Nudge, services, tripOf, type TripContext } from './trip-contracts.ts';
import { FLIGHT, fly, PAID, pay } from './trip-steps.ts';

/** A command without an output, and with an undo. */
const drop = command({ input: z.null() });
const lock = service('lock', { drop, take: command({ input: z.object({}), undo: { command: drop, input: () => null } }) });

const started = async (body: (ctx: TripContext) => Promise<unknown>, options: Parameters<typeof tripOf>[1] = {}): Promise<Instance> => {
  const trip = new Instance(tripOf(body, options), { services: [...services, lock] });
  await trip.starts(Checkout);
  return trip;
};

const late = (trip: Instance, data: object | null) => {
  const [buried] = trip.image.tombstones;
  return trip.replies({ run: buried?.run ?? '', n: buried?.n ?? 0, outcome: 'completed', data: data as never, retryable: false });
};

/** A run that was terminated with its charge open, and the next run of the same id. */
const restarted = async (): Promise<Instance> => {
  const trip = await started(
    async (ctx) => {
      const { word } = await ctx.waitFor(Nudge);
      if (word === 'pay') await pay(ctx);
    },
    { onClosed: 'restart' },
  );
  await trip.happens(Nudge, { word: 'pay' });
  const { run } = trip.image;
  await trip.operates('terminate');
  expect(await trip.starts(Checkout)).toBe('restart');
  expect(trip.image.run).not.toBe(run);
  return trip;
};

describe('the late success of an earlier run', () => {
  test('is undone by the run that is open now', async () => {
    const trip = await restarted();
    const [buried] = trip.image.tombstones;
    await late(trip, PAID);
    expect(trip.open()).toEqual(['payments.refund (undo)']);
    expect(trip.command('payments.refund').undoes).toBe(`default#trip#a/${buried?.run}/${buried?.n}`);
    await trip.completes('payments.refund');
    expect(trip.open()).toEqual([]);
  });

  test('continues to be undone after this run has ended', async () => {
    const trip = await restarted();
    await late(trip, PAID);
    await trip.happens(Nudge);
    expect(trip.status).toBe('completed');
    expect(trip.open()).toEqual(['payments.refund (undo)']);
    await trip.passes('1 minute');
    expect(trip.command('payments.refund').attempt).toBe(2);
    expect(await trip.starts(Checkout)).toBe('wait');
    await trip.completes('payments.refund');
    await trip.passes('2 minutes');
    expect(trip.wakeAt()).toBe(Infinity);
  });

  test('is woken by the due index after the run has ended, because a lost tick of a closed instance is not found', async () => {
    const trip = await restarted();
    await late(trip, PAID);
    await trip.happens(Nudge);
    expect(trip.status).toBe('completed');
    expect(trip.image.tickAt).toBeUndefined();
    expect(trip.image.due).toBe(trip.earliestDue());
    await trip.passes('1 minute');
    expect(trip.image.tickAt).toBeUndefined();
    expect(trip.image.due).toBe(trip.earliestDue());
  });

  test('is undone even if this run ends between two runs of the undo', async () => {
    const trip = await restarted();
    await late(trip, PAID);
    await trip.breaksDown('payments.refund');
    await trip.happens(Nudge);
    expect(trip.status).toBe('completed');
    expect(trip.open()).toEqual([]);
    expect(trip.timers()).toHaveLength(1);
    await trip.passes('5 minutes');
    expect(trip.open()).toEqual(['payments.refund (undo)']);
  });
});

test('a command without an output is undone too, late and beside the process', async () => {
  const trip = await started(async (ctx) => {
    await ctx.race({ locked: ctx.call(lock.take, {}), nudged: ctx.waitFor(Nudge) });
    await ctx.call(lock.take, {});
  });
  await trip.happens(Nudge);
  await trip.completes('lock.take');
  expect(trip.open()).toEqual(['lock.take', 'lock.drop (undo)']);
  await trip.operates('terminate');
  await late(trip, null);
  expect(trip.open()).toEqual(['lock.drop (undo)']);
});

test('a late success whose contract no longer declares an undo is a bug, and is not dropped', async () => {
  const trip = await started(pay);
  await trip.operates('terminate');
  const { undo: _undo, ...without } = trip.environment.commands.get('payments.charge') as CommandContract;
  (trip.environment.commands as Map<string, CommandContract>).set('payments.charge', without);
  await late(trip, PAID);
  expect(trip.bug).toEqual({
    code: 'POISON',
    message: 'payments.charge completed and must be undone, but its contract no longer declares an undo.',
  });
  expect(trip.image.tombstones).toHaveLength(1);
});

test('the retry of a command of ctx.send ends with the process', async () => {
  const trip = await started(async (ctx) => {
    ctx.send(notes.notify, { text: 'hi' });
    await ctx.waitFor(Nudge);
  });
  await trip.breaksDown('notes.notify');
  await trip.happens(Nudge);
  expect(trip.status).toBe('completed');
  expect(trip.timers()).toEqual([]);
  expect(trip.image.resends.size).toBe(0);
});

describe('resume', () => {
  test('runs only the failed compensation again, beside another undoing', async () => {
    const trip = await started(async (ctx) => {
      await Promise.allSettled([
        ctx.scope('air', async (ctx) => {
          await fly(ctx);
          throw ctx.errors.Refused({ why: 'air' });
        }),
        ctx.scope('word', async (ctx) => {
          ctx.compensate('tell', async (ctx) => {
            await ctx.call(notes.ask, { text: 'ok?' });
            throw ctx.errors.Refused({ why: 'never' });
          });
          throw ctx.errors.Refused({ why: 'word' });
        }),
      ]);
    });
    await trip.completes('flights.book', FLIGHT);
    await trip.completes('notes.ask', { answer: 'no' });
    expect(trip.image.stuck).toMatchObject({ code: 'COMPENSATION', compensation: 'word:1/tell:1' });
    await trip.operates('resume');
    expect(trip.open()).toEqual(['flights.cancel (undo)', 'notes.ask']);
    await trip.completes('notes.ask', { answer: 'no' });
    await trip.operates('resume', { skip: 'word:1/tell:1' });
    expect(trip.open()).toEqual(['flights.cancel (undo)']);
  });

  test('runs each of several compensations again that failed at one event', async () => {
    const told = (ctx: TripContext, name: string) =>
      ctx.scope(name, async (ctx) => {
        ctx.compensate('tell', async (ctx) => {
          if (ctx.now().toISOString() === ctx.start.time) throw ctx.errors.Refused({ why: name });
          await ctx.call(notes.ask, { text: name });
        });
        throw ctx.errors.Refused({ why: name });
      });
    const trip = await started(async (ctx) => {
      await Promise.allSettled([told(ctx, 'one'), told(ctx, 'two')]);
    });
    expect(trip.image.stuck?.code).toBe('COMPENSATION');
    trip.now += 1_000;
    await trip.operates('resume');
    expect(trip.open()).toEqual(['notes.ask', 'notes.ask']);
    const [one, two] = trip.commands();
    await trip.answers(one!, 'completed', { answer: 'yes' });
    await trip.answers(two!, 'completed', { answer: 'yes' });
    expect(trip.status).toBe('completed');
  });

  test('tries the stuck undo again if no undo has the path to skip', async () => {
    const trip = await started(async (ctx) => {
      await pay(ctx);
    });
    await trip.isUnknown('payments.charge');
    await trip.operates('resume', { skip: 'payments.charge:7' });
    expect(trip.command('payments.charge').attempt).toBe(1);
    expect(trip.command('payments.charge').due).toBeLessThan(Infinity);
  });

  test('can skip a running compensation, whose later replies then change nothing', async () => {
    const trip = await started(async (ctx) => {
      try {
        await ctx.scope('word', async (ctx) => {
          ctx.compensate('tell', (ctx) => pay(ctx));
          throw ctx.errors.Refused({ why: 'word' });
        });
      } catch {
        await ctx.waitFor(Nudge);
      }
    });
    await trip.isUnknown('payments.charge');
    expect(trip.image.stuck?.code).toBe('UNKNOWN_OUTCOME');
    await trip.operates('resume', { skip: 'word:1/tell:1' });
    expect(trip.entries('ScopeClosed')).toHaveLength(1);
    await trip.completes('payments.charge', PAID);
    await trip.happens(Nudge);
    expect(trip.status).toBe('completed');
  });

  test('only continues an instance that is stuck for another reason', async () => {
    const trip = new Instance(
      tripOf((ctx) => ctx.waitFor(Nudge)),
      { compare: false },
    );
    await trip.starts(Checkout);
    Object.assign(trip.image, { status: 'stuck', stuck: { code: 'DISPATCH', message: 'The queue is gone.', was: 'running' } });
    expect(await trip.operates('resume')).toBe('apply');
    expect(trip.status).toBe('running');
    await trip.happens(Nudge);
    expect(trip.status).toBe('completed');
  });
});

test('a scope may return a value that is not JSON; only its end is journaled', async () => {
  const trip = await started(async (ctx) => {
    const made = await ctx.scope('inner', () => Promise.resolve({ big: 7n }));
    return String(made.big);
  });
  expect(trip.entries('ScopeClosed')[0]).toEqual({ type: 'ScopeClosed', path: 'inner:1', status: 'fulfilled' });
  expect(trip.entries('ProcessCompleted')[0]?.data).toBe('7');
});

test('a fact about a command that is no longer open changes only the journal', async () => {
  const trip = await started((ctx) => ctx.waitFor(Nudge));
  const { run } = await trip.rebuilt();
  const before = JSON.stringify([[...run.image.commands], [...run.image.timers], run.outcomes]);
  const answer = { type: 'CommandAnswered', at: trip.now, n: 99, outcome: 'completed', data: 7 } as const;
  expect(asNewestVersion(run, answer)).toBe(answer);
  applyFact(run, answer);
  applyFact(run, { type: 'AttemptTimedOut', at: trip.now, n: 99 });
  applyFact(run, { type: 'TimerFired', at: trip.now, n: 99 });
  expect(JSON.stringify([[...run.image.commands], [...run.image.timers], run.outcomes])).toBe(before);
});
