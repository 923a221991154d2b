import { decider, end } from 'tutti';
import { describe, expect, test } from 'vitest';
import * as z from 'zod';
import { Instance } from './instance.ts';
import { Booked, Checkout, elsewhere, flights, notes, Nudge, payments, type TripContext } from './trip-contracts.ts';
import { started } from './trip-steps.ts';

const nap = (ctx: TripContext) => ctx.sleep('1 day');

/** A bug leaves the instance unchanged: the start of these instances is not committed. */
const bugOf = async (body: (ctx: TripContext) => Promise<unknown>): Promise<Instance['bug']> => (await started(body)).bug;

describe('bugs are not failures: the event is refused and nothing is undone', () => {
  test('an error that is not a failure is POISON, and the message shows it', async () => {
    expect(await bugOf(() => Promise.reject(new TypeError('x is not a function')))).toEqual({
      code: 'POISON',
      message: 'TypeError: x is not a function',
    });
  });

  test('a body that throws before it awaits anything is POISON', async () => {
    const throwing = (): Promise<never> => {
      throw new RangeError('at once');
    };
    expect(await bugOf(throwing)).toEqual({ code: 'POISON', message: 'RangeError: at once' });
  });

  test('a thrown value that is not an Error is POISON', async () => {
    const text: unknown = 'oops';
    expect(await bugOf(() => Promise.reject(text as Error))).toEqual({
      code: 'POISON',
      message: 'The process threw oops, which is not an Error.',
    });
  });

  test('failures that native code throws together fail the process with the last of them, as ctx.any does', async () => {
    const trip = await started(async (ctx) => {
      await Promise.any([ctx.call(flights.book, { to: 'Oslo' }), ctx.call(flights.book, { to: 'Rome' })]);
    });
    await trip.fails('flights.book', 'SoldOut', { at: 1 });
    await trip.fails('flights.book', 'SoldOut', { at: 2 });
    expect(trip.bug).toBeUndefined();
    expect(trip.status).toBe('failed');
  });

  test('a failure that suppresses another fails the process, and an error among them that is not a failure is the bug', async () => {
    const together = (error: unknown, suppressed: unknown): Error =>
      Object.assign(new Error('two errors'), { name: 'SuppressedError', error, suppressed });
    const failing = await started((ctx) =>
      Promise.reject(together(ctx.errors.Refused({ why: 'last' }), new AggregateError([ctx.errors.Refused({ why: 'first' })]))),
    );
    expect(failing.entries('ProcessFailed')[0]).toMatchObject({ data: { data: { why: 'last' } } });
    const broken = await started((ctx) => Promise.reject(together(ctx.errors.Refused({ why: 'last' }), new TypeError('no function'))));
    expect(broken.bug?.message).toContain('TypeError: no function');
    expect((await started(() => Promise.reject(new AggregateError([], 'nobody')))).bug?.message).toContain('AggregateError: nobody');
  });

  test('a later bug keeps what was committed, and undoes nothing', async () => {
    const trip = await started(async (ctx) => {
      await ctx.call(payments.charge, { amount: 7 });
      throw new TypeError('later');
    });
    const { journal } = trip;
    await trip.completes('payments.charge', { paymentId: 'p-1' });
    expect(trip.bug?.message).toBe('TypeError: later');
    expect(trip.journal).toEqual(journal);
    expect(trip.open()).toEqual(['payments.charge']);
  });

  test('an argument that breaks its schema is POISON, even if the process catches the error', async () => {
    const bug = await bugOf(async (ctx) => {
      try {
        await ctx.call(payments.charge, { amount: 'seven' as never });
      } catch {
        await nap(ctx);
      }
    });
    expect(bug?.code).toBe('POISON');
    expect(bug?.message).toContain('payments.charge was called with amount: Invalid input: expected number, received string');
  });

  test.each<[unknown, string]>([
    [() => 1, ': a value of type function is not JSON'],
    [{ average: 0 / 0 }, ' at average: NaN is not a JSON number'],
    [1 / 0, ': Infinity is not a JSON number'],
    [[1, undefined], ' at 1: a value of type undefined is not JSON'],
    [{ at: [new Date(0)] }, ' at at.0: an instance of a class is not plain JSON'],
    [new Map([[1, 2]]), ': an instance of a class is not plain JSON'],
    [Array.from({ length: 70 }).reduce((inner) => ({ inner }), 1), 'deeper than 64 levels'],
  ])('a result that is not JSON, as an input may not be, is POISON and names the member (%#)', async (result, why) => {
    const bug = await bugOf(() => Promise.resolve(result));
    expect(bug?.code).toBe('POISON');
    expect(bug?.message).toMatch(/^trip returned a value that is not JSON/);
    expect(bug?.message).toContain(why);
  });

  test('a result of a decider that is not JSON is POISON', async () => {
    const ending = decider('trip', { state: z.object({}), initial: () => ({}) }).on(
      Checkout.byId(({ id }) => id),
      (state) => [state, end({ average: 0 / 0 })],
    );
    const trip = new Instance(ending);
    await trip.starts(Checkout);
    expect(trip.bug?.message).toContain('at average: NaN is not a JSON number');
  });

  test('a result loses what JSON would lose, before a client reads it', async () => {
    const trip = await started(() => Promise.resolve({ kept: -0, none: undefined }));
    expect(trip.journal.at(-1)).toEqual({ type: 'ProcessCompleted', path: '', data: { kept: 0 } });
  });

  test.each<[string, Record<string, unknown>, string]>([
    ['no text', { stage: 7 }, '"stage": its value is not a string'],
    ['a lone surrogate', { stage: '\ud83d' }, '"stage": a string contains a lone surrogate'],
    ['a key with a lone surrogate', { '\ud83d': 'a' }, 'a string contains a lone surrogate'],
    ['an empty key', { '': 'a' }, '"": its key is empty'],
  ])('a tag that is %s is POISON', async (_, tags, why) => {
    const bug = await bugOf(async (ctx) => ctx.tag(tags as Record<string, string>));
    expect(bug?.message).toContain(`trip was tagged with ${why.startsWith('"') ? why : ''}`);
    expect(bug?.message).toContain(why);
  });

  test.each<[unknown, string]>([
    ['\ud83d', 'a lone surrogate'],
    [7, 'it is not a string'],
    [undefined, 'it is not a string'],
  ])('a label that is not a string of JSON is POISON (%#)', async (label, why) => {
    const bug = await bugOf(async (ctx) => ctx.scope(label as string, async () => {}));
    expect(bug?.message).toContain('trip labelled a scope, a compensation, a step or a change');
    expect(bug?.message).toContain(why);
  });

  test.each<[(ctx: TripContext) => unknown, string]>([
    [(ctx) => ctx.until('Order 7'), 'The instant "Order 7" is invalid'],
    [(ctx) => ctx.sleep('5 min' as never), 'A duration was "5 min"'],
    [(ctx) => ctx.waitFor(Nudge, { timeout: 'soon' as never }), 'A duration was "soon"'],
  ])('a duration or instant that cannot be read is POISON, even if the process catches the error (%#)', async (wait, why) => {
    const bug = await bugOf(async (ctx) => {
      try {
        await wait(ctx);
      } catch {
        await nap(ctx);
      }
    });
    expect(bug?.message).toContain(why);
  });

  test('a predicate that throws is POISON, when it is called at once and when an event comes', async () => {
    const trip = await started(async (ctx) => {
      await ctx.waitFor(Nudge, {
        match: () => {
          throw new TypeError('no match');
        },
      });
    });
    expect(trip.bug).toBeUndefined();
    await trip.happens(Nudge);
    expect(trip.bug).toEqual({ code: 'POISON', message: 'TypeError: no match' });
  });

  test('an undo mapper whose value breaks the schema of its command is POISON, and the reply is not applied', async () => {
    const trip = await started(async (ctx) => {
      await ctx.call(flights.book, { to: 'Oslo' });
      await nap(ctx);
    });
    await trip.completes('flights.book', { reference: 7 });
    expect(trip.bug?.code).toBe('REPLY_INVALID');
    expect(trip.open()).toEqual(['flights.book']);
  });
});

describe('checks of development and tests', () => {
  test('a step that is still open when its scope ends is UNAWAITED_STEP', async () => {
    expect(
      await bugOf(async (ctx) => {
        void ctx.call(notes.notify, { text: 'hi' });
      }),
    ).toEqual({ code: 'UNAWAITED_STEP', message: 'notes.notify:1 is still open when its scope ends: it was never awaited.' });
  });

  test('in production a step that is still open is journaled and detached; its scope neither waits for it nor undoes it', async () => {
    const trip = await started(
      async (ctx) => {
        await ctx.scope('travel', async (ctx) => {
          void ctx.call(flights.book, { to: 'Oslo' });
          void nap(ctx);
        });
        await ctx.call(notes.ask, { text: 'ok?' });
        throw ctx.errors.Refused({ why: 'test' });
      },
      { checks: false },
    );
    expect(trip.entries('StepDetached').map((entry) => entry.path)).toEqual(['travel:1/flights.book:1', 'travel:1/sleep:1']);
    await trip.completes('flights.book', { reference: 'f-1' });
    await trip.completes('notes.ask', { answer: 'yes' });
    expect(trip.open()).toEqual([]);
    expect(trip.status).toBe('failed');
  });

  test('a detached step is not undone after a success after the end, however often it is tried', async () => {
    const trip = await started(
      async (ctx) => {
        void ctx.call(flights.book, { to: 'Oslo' });
        await ctx.scope('money', async (ctx) => {
          void ctx.call(payments.charge, { amount: 7 });
          void ctx.call(notes.ask, { text: 'ok?' });
          await ctx.waitFor(Nudge);
        });
        await ctx.waitFor(Nudge);
      },
      { checks: false },
    );
    await trip.breaksDown('payments.charge');
    expect(trip.timers()).toHaveLength(1);
    await trip.happens(Nudge);
    await trip.passes('1 minute');
    const [flight, charge] = [trip.command('flights.book'), trip.command('payments.charge')];
    await trip.happens(Nudge);
    expect(trip.status).toBe('completed');
    expect(await trip.answers(flight, 'completed', { reference: 'f-1' })).toBe('dup');
    expect(await trip.answers(charge, 'completed', { paymentId: 'p-1' })).toBe('dup');
    expect(trip.open()).toEqual([]);
  });
});

describe('a process that nothing would wake', () => {
  test('awaiting something that is not a step is POISON', async () => {
    const bug = await bugOf(() => new Promise<never>(() => {}));
    expect(bug?.message).toBe('trip awaits something that is not a step, so nothing will ever wake it: await only what ctx returns.');
  });

  test('awaiting something that is not a step inside a scope is POISON', async () => {
    const bug = await bugOf(async (ctx) => {
      await ctx.scope('inner', () => new Promise<never>(() => {}));
    });
    expect(bug?.code).toBe('POISON');
  });

  test('awaiting something that is not a step after a step has ended is POISON', async () => {
    const trip = await started(async (ctx) => {
      await nap(ctx);
      await new Promise<never>(() => {});
    });
    await trip.passes('1 day');
    expect(trip.bug?.code).toBe('POISON');
    expect(trip.timers()).toHaveLength(1);
  });
});

describe('undeclared names', () => {
  test('publishing an event that is not in publishes is POISON', async () => {
    expect(
      (
        await bugOf(async (ctx) => {
          ctx.publish(Nudge as never, { id: 'a' } as never);
        })
      )?.message,
    ).toBe('trip publishes shop.nudge, which its publishes does not list.');
  });

  test('waiting for an event that is in neither receives nor startOn is POISON', async () => {
    expect((await bugOf((ctx) => ctx.waitFor(Booked as never)))?.message).toBe(
      'trip waits for trips.booked, which neither its receives nor its startOn lists.',
    );
  });

  test('setting a view that breaks its schema is POISON', async () => {
    expect(
      (
        await bugOf(async (ctx) => {
          ctx.view({ stage: 7 as never });
        })
      )?.message,
    ).toContain('the view of trip was set to stage: Invalid input: expected string');
  });

  test('undoing something that is not a step is POISON', async () => {
    expect((await bugOf((ctx) => ctx.undo(Promise.resolve() as never)))?.message).toBe('ctx.undo was given something that is not a step.');
  });

  test('calling a service that the system does not list is UNKNOWN_SERVICE', async () => {
    expect(await bugOf((ctx) => ctx.call(elsewhere.act, {}))).toEqual({
      code: 'UNKNOWN_SERVICE',
      message: "elsewhere.act is not a command of this system's services.",
    });
  });
});

describe('limits', () => {
  test('more than 100 open commands are SIZE', async () => {
    const bug = await bugOf(async (ctx) => {
      await Promise.all(Array.from({ length: 101 }, () => ctx.call(notes.ask, { text: 'ok?' })));
    });
    expect(bug).toEqual({
      code: 'SIZE',
      message: 'default#trip#a has 100 open commands and issues one more, notes.ask: at most 100 may be open at a time.',
    });
  });

  test('every undoable command that a run leaves open becomes a tombstone with its input', async () => {
    const trip = await started(async (ctx) => {
      await Promise.all(Array.from({ length: 100 }, (_, i) => ctx.call(flights.book, { to: `city ${i}` })));
    });
    await trip.operates('terminate');
    expect(trip.image.tombstones.map((tombstone) => tombstone.input)).toEqual(Array.from({ length: 100 }, (_, i) => ({ to: `city ${i}` })));
  });
});
