import { describe, expect, test } from 'vitest';
import * as z from 'zod';
import { command, service } from 'tutti';
import { backoffMs } from '../../lib/core/retry.ts';
import { Instance } from './instance.ts';
import { hotels, notes, payments, services } from './trip-contracts.ts';
import { PAID, started } from './trip-steps.ts';

/** Ends with what the call rejected with. */
const outcomeOf = async (step: Promise<unknown>): Promise<unknown> => {
  try {
    return await step;
  } catch (error) {
    const { code, attempts, outcome } = error as { readonly code: string; readonly attempts?: number; readonly outcome?: string };
    return { code, attempts, outcome };
  }
};
const resultOf = (trip: Instance): unknown => trip.entries('ProcessCompleted')[0]?.data;

describe('an attempt that is not answered', () => {
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

  test('has the timeout of the call where it says one', async () => {
    const trip = await started((ctx) =>
      outcomeOf(ctx.call(payments.charge, { amount: 7 }, { timeout: '5 seconds', retry: { within: '20 seconds' } })),
    );
    await trip.passes('15 seconds');
    expect(trip.command('payments.charge').attempt).toBe(4);
    await trip.passes('5 seconds');
    expect(trip.open()).toEqual(['payments.charge (settling: within)']);
  });

  test('is over when somebody else will answer: deferred, it waits for the end of within', async () => {
    const trip = await started((ctx) => outcomeOf(ctx.call(payments.charge, { amount: 7 })));
    await trip.answers(trip.command('payments.charge'), 'deferred');
    await trip.passes('59 minutes');
    expect(trip.command('payments.charge')).toMatchObject({ attempt: 1, deferred: true });
    await trip.passes('1 minute');
    expect(trip.open()).toEqual(['payments.charge (settling: within)']);
    await trip.answers(trip.command('payments.charge'), 'cancelled');
    expect(resultOf(trip)).toMatchObject({ code: 'COMMAND_EXHAUSTED', outcome: 'cancelled' });
  });

  test('that turns out deferred while it is settled is asked again', async () => {
    const trip = await started((ctx) => outcomeOf(ctx.call(payments.charge, { amount: 7 })));
    await trip.passes('1 hour');
    const { attempt, due } = trip.command('payments.charge');
    await trip.answers(trip.command('payments.charge'), 'deferred');
    expect(trip.command('payments.charge')).toMatchObject({ attempt, due });
    await trip.passes('1 minute');
    expect(trip.command('payments.charge').attempt).toBe(attempt + 1);
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

  test('at the end of within is exhaustion', async () => {
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

  test('after the last attempt is exhaustion; attempts under all numbers count', async () => {
    const trip = await started((ctx) => outcomeOf(ctx.call(notes.notify, { text: 'hi' })));
    await trip.passes('1 minute');
    await trip.breaksDown('notes.notify');
    await trip.passes('5 seconds');
    expect(trip.command('notes.notify')).toMatchObject({ attempt: 1, retries: 2 });
    await trip.breaksDown('notes.notify');
    expect(resultOf(trip)).toEqual({ code: 'COMMAND_EXHAUSTED', attempts: 3, outcome: 'failed' });
  });

  test('of a command that was only sent is tried again as well, and given up without a word', async () => {
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
  test('settles the command, and the answer that it finds counts as if it had been in time', async () => {
    const trip = await started((ctx) => outcomeOf(ctx.call(payments.charge, { amount: 7 })));
    const { n } = trip.command('payments.charge');
    await trip.passes('1 hour');
    expect(trip.command('payments.charge')).toMatchObject({ n, settling: 'within' });
    expect(trip.status).toBe('running');
    await trip.completes('payments.charge', PAID);
    expect(resultOf(trip)).toEqual(PAID);
  });

  test('rejects with CommandExhausted once the service says that nothing has happened', async () => {
    const trip = await started((ctx) => outcomeOf(ctx.call(payments.charge, { amount: 7 }, { timeout: '1 hour' })));
    await trip.passes('1 hour');
    await trip.answers(trip.command('payments.charge'), 'cancelled');
    expect(resultOf(trip)).toEqual({ code: 'COMMAND_EXHAUSTED', attempts: 2, outcome: 'cancelled' });
  });

  test('settles after the last attempt as well, and asks until it knows', async () => {
    const trip = await started((ctx) => outcomeOf(ctx.call(notes.notify, { text: 'hi' })));
    await trip.passes('3 minutes');
    expect(trip.open()).toEqual(['notes.notify (settling: within)']);
    const { attempt } = trip.command('notes.notify');
    await trip.passes('2 minutes');
    expect(trip.command('notes.notify').attempt).toBe(attempt + 2);
    await trip.completes('notes.notify');
    expect(trip.status).toBe('completed');
  });

  test('with an unknown answer is stuck(UNKNOWN_OUTCOME); resume asks again', async () => {
    const trip = await started((ctx) => outcomeOf(ctx.call(payments.charge, { amount: 7 })));
    const { n } = trip.command('payments.charge');
    await trip.passes('1 hour');
    await trip.answers({ n }, 'unknown');
    expect(trip.image.stuck).toMatchObject({ code: 'UNKNOWN_OUTCOME', n });
    await trip.operates('resume');
    expect(trip.command('payments.charge')).toMatchObject({ n, attempt: 1, settling: 'within' });
    await trip.answers({ n }, 'cancelled');
    expect(resultOf(trip)).toMatchObject({ code: 'COMMAND_EXHAUSTED' });
  });

  test('of a command that was only sent settles it too; an unknown answer lets it go', async () => {
    const trip = await started(async (ctx) => {
      ctx.send(notes.notify, { text: 'hi' });
      await ctx.sleep('1 day');
    });
    await trip.passes('3 minutes');
    expect(trip.open()).toEqual(['notes.notify (send) (settling: within)']);
    await trip.answers(trip.command('notes.notify'), 'unknown');
    expect(trip.open()).toEqual([]);
    expect(trip.status).toBe('running');
  });
});

describe('a declared error', () => {
  test('rejects at once and is never retried', async () => {
    const trip = await started((ctx) => outcomeOf(ctx.call(hotels.book, { to: 'Oslo' })));
    await trip.fails('hotels.book', 'SoldOut');
    expect(resultOf(trip)).toEqual({ code: 'COMMAND_FAILED' });
  });

  test('is returned by ctx.try, which rejects with all else', async () => {
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

  test('keep a deferred command open; without one for its time it is settled', async () => {
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

test('the pause doubles up to the most, with full jitter that repeats for the same command', () => {
  const policy = { withinMs: 1, attempts: 1, firstMs: 1000, factor: 2, mostMs: 60_000 };
  const pauses = Array.from({ length: 200 }, (_, i) => backoffMs(policy, 3, `r/${i}`));
  expect(Math.max(...pauses)).toBeLessThanOrEqual(4000);
  expect(Math.max(...pauses)).toBeGreaterThan(3000);
  expect(Math.min(...pauses)).toBeGreaterThanOrEqual(1);
  expect(Math.min(...pauses)).toBeLessThan(1000);
  expect(backoffMs(policy, 30, 'r/1')).toBeLessThanOrEqual(60_000);
  expect(backoffMs(policy, 3, 'r/1')).toBe(backoffMs(policy, 3, 'r/1'));
});
