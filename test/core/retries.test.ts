import { describe, expect, test } from 'vitest';
import * as z from 'zod';
import { command, service, type CommandExhausted, type Duration } from 'tutti';
import { backoffMs } from '../../lib/core/retry.ts';
import { Instance } from './instance.ts';
import { hotels, notes, payments, services } from './trip-contracts.ts';
import { PAID, started } from './trip-steps.ts';

/** Returns the failure of the call. */
const outcomeOf = async (step: Promise<unknown>): Promise<unknown> => {
  try {
    return await step;
  } catch (error) {
    const { code, attempts, outcome, lastError } = error as CommandExhausted;
    return { code, attempts, outcome, lastError };
  }
};
const resultOf = (trip: Instance): unknown => trip.entries('ProcessCompleted')[0]?.data;

describe('an attempt without a reply', () => {
  test('is sent again under the same number, one attempt later, caused by the tick', async () => {
    const trip = await started((ctx) => outcomeOf(ctx.call(payments.charge, { amount: 7 })));
    const { n, cause } = trip.command('payments.charge');
    await trip.passes('1 minute');
    expect(trip.command('payments.charge')).toMatchObject({ n, attempt: 2 });
    expect(trip.command('payments.charge').cause).not.toBe(cause);
    expect(trip.command('payments.charge').cause).toMatch(/^t:/);
    expect(trip.entries('AttemptTimedOut')).toMatchObject([{ n }]);
    await trip.completes('payments.charge', PAID);
    expect(resultOf(trip)).toEqual(PAID);
  });

  test('has the time-out of the call, if that has one', async () => {
    const trip = await started((ctx) =>
      outcomeOf(ctx.call(payments.charge, { amount: 7 }, { timeout: '5 seconds', retry: { within: '20 seconds' } })),
    );
    await trip.passes('15 seconds');
    expect(trip.command('payments.charge').attempt).toBe(3);
    await trip.passes('5 seconds');
    expect(trip.open()).toEqual(['payments.charge (settling: within)']);
  });

  test('ends when the handler defers the reply: the command then waits for the end of within', async () => {
    const trip = await started((ctx) => outcomeOf(ctx.call(payments.charge, { amount: 7 })));
    await trip.answers(trip.command('payments.charge'), 'deferred');
    await trip.passes('59 minutes');
    expect(trip.command('payments.charge')).toMatchObject({ attempt: 1, deferred: true });
    await trip.passes('1 minute');
    expect(trip.open()).toEqual(['payments.charge (settling: within)']);
    await trip.answers(trip.command('payments.charge'), 'cancelled');
    expect(resultOf(trip)).toMatchObject({ code: 'COMMAND_EXHAUSTED', outcome: 'cancelled' });
  });

  test('that is deferred while settling has the same limit as one without a reply', async () => {
    const trip = await started((ctx) => outcomeOf(ctx.call(payments.charge, { amount: 7 })));
    await trip.passes('1 hour');
    const { attempt, due } = trip.command('payments.charge');
    await trip.answers(trip.command('payments.charge'), 'deferred');
    expect(trip.command('payments.charge')).toMatchObject({ attempt, due });
    await trip.passes('1 minute');
    expect(trip.image.stuck?.code).toBe('UNKNOWN_OUTCOME');
  });

  test('is sent again after intervals that double, at most 12 hours and never less than its time', async () => {
    const sendsOf = async (timeout: Duration, within: Duration): Promise<number[]> => {
      const trip = await started((ctx) => outcomeOf(ctx.call(payments.charge, { amount: 7 }, { timeout, retry: { within } })));
      await trip.passes(within);
      return trip.entries('AttemptTimedOut').map(({ at }) => (at - trip.image.startedAt) / 60_000);
    };
    expect(await sendsOf('1 minute', '3 days')).toEqual([1, 3, 7, 15, 31, 63, 127, 255, 511, 1023, 1743, 2463, 3183, 3903, 4320]);
    expect(await sendsOf('1 day', '3 days')).toEqual([1440, 2880, 4320]);
  });
});

describe('a definite technical failure', () => {
  test('is tried again under a new number after a pause', async () => {
    const trip = await started((ctx) => outcomeOf(ctx.call(payments.charge, { amount: 7 })));
    const { n } = trip.command('payments.charge');
    await trip.breaksDown('payments.charge');
    expect(trip.open()).toEqual([]);
    const [pause] = trip.image.timers.values();
    expect(pause).toMatchObject({ path: 'payments.charge:1/retry', purpose: 'retry' });
    await trip.passes('1 second');
    const again = trip.command('payments.charge');
    expect(again.n).toBeGreaterThan(n);
    expect(again).toMatchObject({ attempt: 1, retries: 1, since: trip.image.startedAt });
    await trip.completes('payments.charge', PAID);
    expect(resultOf(trip)).toEqual(PAID);
  });

  test('at the end of within rejects with CommandExhausted', async () => {
    const trip = await started((ctx) =>
      outcomeOf(
        ctx.call(
          payments.charge,
          { amount: 7 },
          { timeout: '1 hour', retry: { within: '1 minute', first: '2 minutes', most: '2 minutes' } },
        ),
      ),
    );
    await trip.passes('30 seconds');
    await trip.breaksDown('payments.charge');
    expect([...trip.image.timers.values()][0]?.due).toBeLessThanOrEqual(trip.image.startedAt + 60_000);
    await trip.passes('30 seconds');
    expect(trip.open()).toEqual(['payments.charge (settling: within)']);
    await trip.breaksDown('payments.charge');
    expect(resultOf(trip)).toMatchObject({ code: 'COMMAND_EXHAUSTED', outcome: 'failed' });
  });

  test('after the last run rejects with CommandExhausted; runs under all numbers count, and re-sends do not', async () => {
    const trip = await started((ctx) => outcomeOf(ctx.call(notes.notify, { text: 'hi' })));
    await trip.passes('3 minutes');
    expect(trip.command('notes.notify').attempt).toBe(3);
    await trip.breaksDown('notes.notify', { attempts: 2 });
    await trip.passes('5 seconds');
    expect(trip.command('notes.notify')).toMatchObject({ attempt: 1, retries: 2 });
    await trip.breaksDown('notes.notify');
    expect(resultOf(trip)).toEqual({
      code: 'COMMAND_EXHAUSTED',
      attempts: 3,
      outcome: 'failed',
      lastError: { code: 'Technical', message: 'Out of order.' },
    });
  });

  test('of a command of ctx.send is tried again too, and then dropped', async () => {
    const trip = await started(async (ctx) => {
      ctx.send(notes.notify, { text: 'hi' });
      await ctx.sleep('1 day');
    });
    const { n } = trip.command('notes.notify');
    await trip.breaksDown('notes.notify');
    expect(trip.open()).toEqual([]);
    await trip.passes('5 seconds');
    expect(trip.command('notes.notify').n).toBeGreaterThan(n);
    await trip.breaksDown('notes.notify');
    await trip.passes('5 seconds');
    await trip.breaksDown('notes.notify');
    expect(trip.open()).toEqual([]);
    expect(trip.status).toBe('running');
  });
});

describe('the end of within', () => {
  test('settles the command, and the reply counts as if it had come in time', async () => {
    const trip = await started((ctx) => outcomeOf(ctx.call(payments.charge, { amount: 7 })));
    const { n } = trip.command('payments.charge');
    await trip.passes('1 hour');
    expect(trip.command('payments.charge')).toMatchObject({ n, settling: 'within' });
    expect(trip.status).toBe('running');
    await trip.completes('payments.charge', PAID);
    expect(resultOf(trip)).toEqual(PAID);
  });

  test('rejects with CommandExhausted when the service replies that nothing has happened', async () => {
    const trip = await started((ctx) => outcomeOf(ctx.call(payments.charge, { amount: 7 }, { timeout: '1 hour' })));
    await trip.passes('1 hour');
    await trip.answers(trip.command('payments.charge'), 'cancelled');
    expect(resultOf(trip)).toEqual({ code: 'COMMAND_EXHAUSTED', attempts: 0, outcome: 'cancelled' });
  });

  test('waits one more time-out for a definite reply; after it, the outcome is unknown', async () => {
    const trip = await started((ctx) => outcomeOf(ctx.call(notes.notify, { text: 'hi' })));
    await trip.passes('1 hour');
    expect(trip.open()).toEqual(['notes.notify (settling: within)']);
    await trip.passes('1 minute');
    expect(resultOf(trip)).toEqual({ code: 'COMMAND_EXHAUSTED', attempts: 0, outcome: 'unknown' });
    expect(trip.entries('CommandGivenUp')).toMatchObject([{ path: 'notes.notify:1' }]);
    expect(trip.image.tombstones).toEqual([]);
  });

  test('with an unknown reply is stuck with UNKNOWN_OUTCOME, and resume sends again', async () => {
    const trip = await started((ctx) => outcomeOf(ctx.call(payments.charge, { amount: 7 })));
    const { n } = trip.command('payments.charge');
    await trip.passes('1 hour');
    await trip.isUnknown('payments.charge');
    expect(trip.image.stuck).toMatchObject({ code: 'UNKNOWN_OUTCOME', n });
    expect(trip.image.stuck?.message).toBe(
      'payments.charge may or may not have happened after 2 attempts: its retry limits are used up. The last error was Technical: Out of order.',
    );
    await trip.operates('resume');
    expect(trip.command('payments.charge')).toMatchObject({ n, attempt: 1, deadline: trip.now + 3_600_000 });
    expect(trip.open()).toEqual(['payments.charge']);
    await trip.answers({ n }, 'cancelled');
    expect(resultOf(trip)).toMatchObject({ code: 'COMMAND_EXHAUSTED' });
  });

  test('of a command of ctx.send settles it too, and an unknown reply drops it', async () => {
    const trip = await started(async (ctx) => {
      ctx.send(notes.notify, { text: 'hi' });
      await ctx.sleep('1 day');
    });
    await trip.passes('1 hour');
    expect(trip.open()).toEqual(['notes.notify (send) (settling: within)']);
    await trip.answers(trip.command('notes.notify'), 'unknown');
    expect(trip.open()).toEqual([]);
    expect(trip.status).toBe('running');
  });

  test('of a command of ctx.send drops it if no reply comes while settling', async () => {
    const trip = await started(async (ctx) => {
      ctx.send(notes.notify, { text: 'hi' });
      await ctx.sleep('1 day');
    });
    await trip.passes('61 minutes');
    expect(trip.open()).toEqual([]);
    expect(trip.entries('CommandGivenUp')).toMatchObject([{ path: 'notes.notify:1' }]);
    expect(trip.status).toBe('running');
  });
});

describe('a declared error', () => {
  test('rejects at once and is never retried', async () => {
    const trip = await started((ctx) => outcomeOf(ctx.call(hotels.book, { to: 'Oslo' })));
    await trip.fails('hotels.book', 'SoldOut');
    expect(resultOf(trip)).toEqual({ code: 'COMMAND_FAILED' });
  });

  test('is returned by ctx.try, which rejects with any other failure', async () => {
    const trip = await started(async (ctx) => {
      const failed = await ctx.try(payments.charge, { amount: 7 });
      const exhausted = await outcomeOf(ctx.try(notes.notify, { text: 'hi' }, { retry: { attempts: 1 } }));
      return { reason: payments.charge.failed(failed) ? failed.data : null, exhausted };
    });
    await trip.fails('payments.charge', 'Declined', { reason: 'empty' });
    await trip.breaksDown('notes.notify');
    expect(resultOf(trip)).toMatchObject({ reason: { reason: 'empty' }, exhausted: { code: 'COMMAND_EXHAUSTED', attempts: 1 } });
  });
});

describe('heartbeats', () => {
  const slow = service('slow', { work: command({ input: z.object({}), heartbeat: '1 minute', retry: { within: '1 day' } }) });

  test('keep a deferred command open, and without one in its interval the command is settled', async () => {
    const trip = await started((ctx) => outcomeOf(ctx.call(slow.work, {})), { services: [...services, slow] });
    await trip.answers(trip.command('slow.work'), 'deferred');
    await trip.passes('50 seconds');
    expect(await trip.answers(trip.command('slow.work'), 'deferred')).toBe('apply');
    await trip.passes('50 seconds');
    expect(trip.open()).toEqual(['slow.work']);
    await trip.passes('10 seconds');
    expect(trip.open()).toEqual(['slow.work (settling: within)']);
  });
});

test('the pause doubles up to its maximum, with full jitter that repeats for the same command', () => {
  const policy = { withinMs: 1, attempts: 1, firstMs: 1000, factor: 2, mostMs: 60_000 };
  const pauses = Array.from({ length: 200 }, (_, i) => backoffMs(policy, 3, `r/${i}`));
  expect(Math.max(...pauses)).toBeLessThanOrEqual(4000);
  expect(Math.max(...pauses)).toBeGreaterThan(3000);
  expect(Math.min(...pauses)).toBeGreaterThanOrEqual(1);
  expect(Math.min(...pauses)).toBeLessThan(1000);
  expect(backoffMs(policy, 30, 'r/1')).toBeLessThanOrEqual(60_000);
  expect(backoffMs(policy, 3, 'r/1')).toBe(backoffMs(policy, 3, 'r/1'));
});
