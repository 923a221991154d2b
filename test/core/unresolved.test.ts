import { describe, expect, test } from 'vitest';
import * as z from 'zod';
import { command, service, type CommandExhausted } from 'tutti';
import type { JournalEntry } from '../../lib/core/journal-entry.ts';
import { unresolvedCount } from '../../lib/core/image.ts';
import { Instance } from './instance.ts';
import { Checkout, hotels, notes, Nudge, payments, services, tripOf, type TripContext } from './trip-contracts.ts';
import { FLIGHT, fly, PAID, pay, ROOM, started, stay } from './trip-steps.ts';

const winnerOf = async (step: Promise<{ readonly winner: string }>): Promise<string> => (await step).winner;
const lost = async (options: ConstructorParameters<typeof Instance>[1] = {}): Promise<Instance> => {
  const trip = await started((ctx) => winnerOf(ctx.race({ flight: fly(ctx), nudged: ctx.waitFor(Nudge) })), options);
  await trip.happens(Nudge);
  return trip;
};

describe('a step that lost a race', () => {
  test('with an unknown outcome does not hold up its process, and its late success is undone after the end', async () => {
    const trip = await lost();
    const { n } = trip.command('flights.book');
    await trip.isUnknown('flights.book', 3);
    expect(trip.status).toBe('completed');
    expect(trip.entries('CommandGivenUp')).toEqual([{ type: 'CommandGivenUp', n, path: 'flights.book:1', unresolved: true }]);
    const lastError = { code: 'Technical', message: 'Out of order.' };
    expect(trip.image.tombstones).toMatchObject([{ n, path: 'flights.book:1', unresolved: { since: trip.now, attempts: 3, lastError } }]);
    expect(unresolvedCount(trip.image)).toBe(1);
    expect(await trip.answers({ n }, 'unknown')).toBe('late');
    expect(await trip.answers({ n }, 'deferred')).toBe('late');
    await trip.answers({ n }, 'completed', FLIGHT);
    expect(trip.open()).toEqual(['flights.cancel (undo)']);
    expect(unresolvedCount(trip.image)).toBe(0);
    await trip.completes('flights.cancel');
    expect(trip.open()).toEqual([]);
  });

  test('without a reply is awaited until its own deadline and one more time-out', async () => {
    const trip = await lost();
    await trip.passes('1 hour');
    expect(trip.status).toBe('running');
    expect(trip.open()).toEqual(['flights.book (settling: cancelled)']);
    await trip.passes('1 minute');
    expect(trip.status).toBe('completed');
    expect(trip.image.tombstones).toMatchObject([{ path: 'flights.book:1', unresolved: { attempts: 0 } }]);
  });

  test.each(['failed', 'cancelled'] as const)(
    'and is unresolved is cleared by the late reply %s, which undoes nothing',
    async (outcome) => {
      const trip = await lost();
      const { n } = trip.command('flights.book');
      await trip.isUnknown('flights.book');
      expect(await trip.answers({ n }, outcome, outcome === 'failed' ? { type: 'SoldOut', message: 'no', data: {} } : null)).toBe('apply');
      expect(trip.image.tombstones).toEqual([]);
      expect(trip.open()).toEqual([]);
      expect(await trip.answers({ n }, outcome)).toBe('dup');
    },
  );

  test('does not hold up the undos of a cancelled scope', async () => {
    const trip = await started(async (ctx) => {
      await pay(ctx);
      await Promise.all([fly(ctx), stay(ctx)]);
    });
    await trip.completes('payments.charge', PAID);
    await trip.fails('hotels.book', 'SoldOut');
    expect(trip.open()).toEqual(['flights.book (settling: cancelled)']);
    await trip.isUnknown('flights.book');
    expect(trip.open()).toEqual(['payments.refund (undo)']);
    await trip.completes('payments.refund');
    expect(trip.status).toBe('failed');
  });

  test('is given up too if it needs no undo', async () => {
    const trip = await started((ctx) => winnerOf(ctx.race({ asked: ctx.call(notes.ask, { text: 'ok?' }), nudged: ctx.waitFor(Nudge) })));
    await trip.answers(trip.command('notes.ask'), 'deferred');
    await trip.happens(Nudge);
    expect(trip.open()).toEqual(['notes.ask (settling: cancelled)']);
    await trip.isUnknown('notes.ask');
    expect(trip.status).toBe('completed');
    expect(trip.image.tombstones).toEqual([]);
    expect(trip.entries('CommandGivenUp')).toMatchObject([{ path: 'notes.ask:1' }]);
  });

  test('is kept by the next run, with its mark', async () => {
    const trip = new Instance(
      tripOf((ctx) => winnerOf(ctx.race({ flight: fly(ctx), nudged: ctx.waitFor(Nudge) })), { onClosed: 'restart' }),
    );
    await trip.starts(Checkout);
    await trip.happens(Nudge);
    await trip.isUnknown('flights.book');
    expect(await trip.starts(Checkout)).toBe('restart');
    expect(unresolvedCount(trip.image)).toBe(1);
  });

  test('is unresolved if an operator terminates the instance that is stuck on it', async () => {
    const trip = await started((ctx) => pay(ctx));
    await trip.isUnknown('payments.charge');
    await trip.operates('terminate');
    expect(trip.image.tombstones).toMatchObject([{ unresolved: { attempts: 2 } }]);
  });
});

describe('a step with an unknown outcome in an open race', () => {
  test('waits for the race, and is unresolved as soon as it loses', async () => {
    const trip = await started((ctx) => winnerOf(ctx.race({ flight: fly(ctx), late: ctx.sleep('5 minutes') })));
    const { n } = trip.command('flights.book');
    await trip.isUnknown('flights.book');
    expect(trip.status).toBe('running');
    expect(trip.open()).toEqual(['flights.book']);
    expect(unresolvedCount(trip.image)).toBe(1);
    expect(await trip.answers({ n }, 'unknown')).toBe('dup');
    await trip.passes('5 minutes');
    expect(trip.status).toBe('completed');
    expect(trip.image.tombstones).toMatchObject([{ n, unresolved: { attempts: 2 } }]);
  });

  test('wins if its reply comes in time', async () => {
    const trip = await started((ctx) => winnerOf(ctx.race({ flight: fly(ctx), late: ctx.sleep('5 minutes') })));
    await trip.isUnknown('flights.book');
    await trip.completes('flights.book', FLIGHT);
    expect(trip.entries('ProcessCompleted')).toMatchObject([{ data: 'flight' }]);
  });

  test.each<[string, (ctx: TripContext) => Promise<unknown>]>([
    ['a scope', (ctx) => ctx.race({ travel: ctx.scope('travel', async (ctx) => void (await fly(ctx))), nudged: ctx.waitFor(Nudge) })],
    ['an inner race', (ctx) => ctx.race({ inner: ctx.race({ flight: fly(ctx) }), nudged: ctx.waitFor(Nudge) })],
    ['a race in a scope', (ctx) => ctx.scope('in', (ctx) => ctx.race({ flight: fly(ctx), nudged: ctx.waitFor(Nudge) }))],
    [
      'a race beside a scope that waits',
      (ctx) => ctx.race({ flight: fly(ctx), in: ctx.scope('in', async (ctx) => void (await ctx.waitFor(Nudge))) }),
    ],
    ['a race beside a race that waits', (ctx) => ctx.race({ flight: fly(ctx), in: ctx.race({ nudged: ctx.waitFor(Nudge) }) })],
    ['a race beside an undo', (ctx) => ctx.race({ flight: fly(ctx), undone: ctx.undo(ctx.waitFor(Nudge)) })],
  ])('waits in %s', async (_where, body) => {
    const trip = await started(async (ctx) => void (await body(ctx)));
    if (trip.open().length > 0) await trip.isUnknown('flights.book');
    expect(trip.image.stuck).toBeUndefined();
    await trip.happens(Nudge);
    await trip.passes('1 minute');
    expect(trip.status).toBe('completed');
  });

  test('makes its process stuck when the other branch of an any has failed', async () => {
    const trip = await started((ctx) => winnerOf(ctx.any({ flight: fly(ctx), room: stay(ctx) })));
    await trip.isUnknown('flights.book');
    expect(trip.status).toBe('running');
    await trip.fails('hotels.book', 'SoldOut');
    expect(trip.image.stuck).toMatchObject({ code: 'UNKNOWN_OUTCOME' });
  });

  test('makes its process stuck if no other branch can settle, and resume sends each of them again', async () => {
    const trip = await started((ctx) =>
      winnerOf(ctx.race({ flight: fly(ctx), travel: ctx.scope('travel', async (ctx) => void (await stay(ctx))) })),
    );
    await trip.isUnknown('flights.book');
    await trip.isUnknown('hotels.book');
    expect(trip.image.stuck).toMatchObject({ code: 'UNKNOWN_OUTCOME' });
    await trip.operates('resume');
    expect(trip.commands().map(({ attempt, unknown, due }) => [attempt, unknown, due - trip.now])).toEqual([
      [1, undefined, 60_000],
      [1, undefined, 60_000],
    ]);
    await trip.completes('hotels.book', ROOM);
    expect(trip.open()).toEqual(['flights.book (settling: cancelled)']);
  });
});

describe('an unknown outcome at the end of the limits', () => {
  const undo = command({ input: z.object({}) });
  const act = command({ input: z.object({}), undo: { command: undo, input: () => ({}) }, onUnknown: 'continue', retry: { attempts: 2 } });
  const lenient = service('lenient', { act, undo });
  const outcomeOf = async (step: Promise<unknown>): Promise<unknown> => {
    const { code, attempts, outcome, lastError } = (await step.catch((error: unknown) => error)) as CommandExhausted;
    return { code, attempts, outcome, lastError };
  };
  const EXHAUSTED = {
    code: 'COMMAND_EXHAUSTED',
    attempts: 2,
    outcome: 'unknown',
    lastError: { code: 'Technical', message: 'Out of order.' },
  };

  test('of a command without an undo rejects its step, and nothing is unresolved', async () => {
    const trip = await started((ctx) => outcomeOf(ctx.call(notes.ask, { text: 'ok?' })));
    await trip.isUnknown('notes.ask');
    expect(trip.entries('ProcessCompleted')).toMatchObject([{ data: EXHAUSTED }]);
    expect(trip.image.tombstones).toEqual([]);
  });

  test('of a call with { undo: false } rejects its step, and nothing is unresolved', async () => {
    const trip = await started((ctx) => outcomeOf(ctx.call(payments.charge, { amount: 7 }, { undo: false })));
    await trip.isUnknown('payments.charge');
    expect(trip.entries('ProcessCompleted')).toMatchObject([{ data: EXHAUSTED }]);
  });

  test('rejects if onUnknown is continue, and a late success is undone', async () => {
    const trip = await started((ctx) => outcomeOf(ctx.call(lenient.act, {})), { services: [...services, lenient] });
    const { n } = trip.command('lenient.act');
    await trip.isUnknown('lenient.act');
    expect(trip.entries('ProcessCompleted')).toMatchObject([{ data: EXHAUSTED }]);
    expect(unresolvedCount(trip.image)).toBe(1);
    await trip.answers({ n }, 'completed');
    expect(trip.open()).toEqual(['lenient.undo (undo)']);
  });

  test('counts the runs under earlier numbers, and one run if the service reports none', async () => {
    const trip = await started((ctx) => outcomeOf(ctx.call(notes.ask, { text: 'ok?' })));
    await trip.breaksDown('notes.ask', { attempts: 2 });
    await trip.passes('10 minutes');
    await trip.answers(trip.command('notes.ask'), 'unknown');
    expect(trip.entries('ProcessCompleted')).toMatchObject([{ data: { attempts: 3, outcome: 'unknown' } }]);
  });

  test('is sent again by resume under the same number, with a new deadline and the full number of runs', async () => {
    const trip = await started((ctx) => ctx.call(hotels.book, { to: 'Oslo' }, { retry: { attempts: 3, within: '2 hours' } }));
    const { n } = trip.command('hotels.book');
    await trip.isUnknown('hotels.book', 3);
    await trip.passes('1 day');
    await trip.operates('resume');
    expect(trip.command('hotels.book')).toMatchObject({ n, attempt: 1, attemptsMax: 6, deadline: trip.now + 7_200_000 });
    await trip.completes('hotels.book', ROOM);
    expect(trip.status).toBe('completed');
  });

  test('that an older build was stuck on for a step that was cancelled is settled again by resume', async () => {
    const trip = await lost({ compare: false });
    const { n } = trip.command('flights.book');
    const stuck = { code: 'UNKNOWN_OUTCOME', message: 'It cannot tell.', n, was: 'running' } as const;
    Object.assign(trip.image, { status: 'stuck', stuck });
    await trip.operates('resume');
    expect(trip.command('flights.book')).toMatchObject({ settling: 'cancelled', settleBy: trip.now + 3_660_000 });
  });
});

test('a command that an older build settles has no end of settling', async () => {
  const trip = await lost({ compare: false });
  delete trip.command('flights.book').settleBy;
  trip.command('flights.book').due = trip.now;
  await trip.passes('2 days');
  expect(trip.open()).toEqual(['flights.book (settling: cancelled)']);
});

test('a journal of an older build that was stuck on an unknown outcome and resumed replays', async () => {
  const trip = await started((ctx) => ctx.call(notes.ask, { text: 'ok?' }));
  const { n } = trip.command('notes.ask');
  const at = trip.now;
  const older: JournalEntry[] = [
    { type: 'CommandAnswered', at, n, outcome: 'unknown' },
    { type: 'Resumed', at, id: 'o1', by: 'Ann', code: 'UNKNOWN_OUTCOME', n },
    { type: 'CommandAnswered', at, n, outcome: 'completed', data: { answer: 'yes' } },
    { type: 'ProcessCompleted', path: '', data: { answer: 'yes' } },
  ];
  expect(await trip.differences([...trip.journal, ...older])).toEqual([]);
});

describe('an undo', () => {
  const undoing = async (): Promise<Instance> => {
    const trip = await started(
      async (ctx) => {
        await pay(ctx);
        throw ctx.errors.Refused({ why: 'test' });
      },
      { compare: false },
    );
    await trip.completes('payments.charge', PAID);
    return trip;
  };

  test('that an older build has sent without a deadline ends with the within of its contract', async () => {
    const trip = await undoing();
    delete trip.command('payments.refund').deadline;
    await trip.passes('23 hours');
    expect(trip.status).toBe('running');
    await trip.passes('1 day');
    expect(trip.image.stuck?.code).toBe('COMPENSATION');
  });

  test('that was cancelled makes the instance stuck, and the reason shows no error', async () => {
    const trip = await undoing();
    await trip.answers(trip.command('payments.refund'), 'cancelled');
    expect(trip.image.stuck?.message).toMatch(/^payments.refund ended cancelled after 1 run; it undoes \S+\.$/);
  });
});
