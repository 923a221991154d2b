import { process } from 'tutti';
import { describe, expect, test } from 'vitest';
import * as z from 'zod';
import { JOURNAL_ENTRIES_SUGGESTED } from '../../lib/core/image.ts';
import type { JournalEntry } from '../../lib/core/journal-entry.ts';
import { Instance, type InstanceOptions } from './instance.ts';
import { Booked, Checkout, flights, notes, Nudge, payments, tripOf, type TripContext } from './trip-contracts.ts';

/** Each run begins with the note of the run before and one more letter. */
const noteOf = ({ start }: TripContext): string => (start.data as { note?: string }).note ?? '';

async function started(
  body: (ctx: TripContext) => Promise<unknown>,
  options: Parameters<typeof tripOf>[1] = {},
  instance: InstanceOptions = {},
): Promise<Instance> {
  const trip = new Instance(tripOf(body, options), instance);
  await trip.starts(Checkout);
  return trip;
}

const again = (ctx: TripContext, note = `${noteOf(ctx)}a`) => ctx.continueAsNew({ id: 'a', note });

/** The last run of `past`, as entries. */
function ended(trip: Instance): JournalEntry[] {
  return (trip.past.at(-1)?.entries ?? []).map((text) => JSON.parse(text) as JournalEntry);
}

describe('a run that continues as new', () => {
  test('ends with RunContinued, and the next one begins in the same decision', async () => {
    const trip = await started(async (ctx) => {
      await ctx.waitFor(Nudge);
      ctx.publish(Booked, { text: noteOf(ctx) });
      return again(ctx);
    });
    const { run } = trip.image;
    await trip.happens(Nudge);
    expect(ended(trip).map(({ type }) => type)).toEqual([
      'ProcessStarted',
      'EventReceived',
      'EventTaken',
      'EventPublished',
      'RunContinued',
    ]);
    expect(ended(trip).at(-1)).toMatchObject({ run: trip.image.run, definition: 'trip@1' });
    expect(trip.image.run).not.toBe(run);
    expect(trip.journal).toMatchObject([
      { type: 'ProcessStarted', id: `${trip.pid}/${run}`, source: 'trips', data: { note: 'a' }, continues: { run, number: 2 } },
    ]);
    expect(trip.image.pendingSends).toMatchObject([{ kind: 'event', run, n: 1 }]);
    expect(trip.image).toMatchObject({ status: 'running', chain: { first: run, number: 2 } });
    await trip.happens(Nudge);
    expect(trip.image.chain).toEqual({ first: run, number: 3 });
    expect(trip.published()).toEqual([{ text: 'a' }]);
  });

  test('moves an event that was taken for code which ended before it got the event', async () => {
    const trip = await started(async (ctx) => {
      await ctx.sleep('1 day');
      const taken = [ctx.waitFor(Nudge), ctx.waitFor(Nudge)];
      await taken[0];
      if (noteOf(ctx) === 'a') return (await taken[1])?.word;
      return again(ctx);
    });
    for (const id of ['x', 'y']) await trip.happens(Nudge, { word: id }, { id });
    await trip.passes('1 day');
    expect(ended(trip).slice(-3)).toMatchObject([
      { type: 'EventTaken', id: 'y' },
      { type: 'EventPutBack', id: 'y' },
      { type: 'RunContinued' },
    ]);
    expect(trip.journal).toMatchObject([
      { continues: { unread: 1 } },
      { type: 'EventReceived', id: 'y', moved: true },
      { type: 'TimerSet' },
    ]);
  });

  test('numbers go on through the chain', async () => {
    const trip = await started(async (ctx) => {
      await ctx.call(notes.notify, { text: noteOf(ctx) });
      return again(ctx);
    });
    await trip.completes('notes.notify');
    expect(trip.command('notes.notify')).toMatchObject({ n: 2, path: 'notes.notify:1', input: { text: 'a' } });
    expect(trip.command('notes.notify').run).toBeUndefined();
  });

  test('unread events move along before the code begins', async () => {
    const trip = await started(async (ctx) => {
      if (noteOf(ctx) === '') {
        await ctx.call(notes.notify, { text: '' });
        return again(ctx);
      }
      const words = [await ctx.waitFor(Nudge), await ctx.waitFor(Nudge)];
      await ctx.call(notes.ask, { text: words.map(({ word }) => word).join(' ') });
      return ctx.waitFor(Nudge);
    });
    for (const word of ['one', 'two', 'three']) await trip.happens(Nudge, { word });
    await trip.completes('notes.notify');
    expect(trip.trace()).toEqual([
      'ProcessStarted',
      'EventReceived',
      'EventReceived',
      'EventReceived',
      'EventTaken shop.nudge:1',
      'EventTaken shop.nudge:2',
      'CommandIssued notes.ask:1',
    ]);
    expect(trip.command('notes.ask').input).toEqual({ text: 'one two' });
    await trip.completes('notes.ask', { answer: 'yes' });
    expect(trip.entries('ProcessCompleted')).toMatchObject([{ data: { word: 'three' } }]);
  });

  test('a duplicate of its start, or of an event of an earlier run, is a duplicate', async () => {
    const trip = new Instance(
      tripOf(async (ctx) => {
        await ctx.waitFor(Nudge);
        return again(ctx);
      }),
    );
    await trip.starts(Checkout, {}, { id: 's1' });
    await trip.happens(Nudge, {}, { id: 'x1' });
    expect(await trip.starts(Checkout, {}, { id: 's1' })).toBe('dup');
    expect(await trip.happens(Nudge, {}, { id: 'x1' })).toBe('dup');
    expect(await trip.starts(Checkout, {}, { id: 's2' })).toBe('reject');
  });

  test('the time-out of the process counts from its first start', async () => {
    const trip = await started(
      async (ctx) => {
        await ctx.sleep('30 minutes');
        return again(ctx);
      },
      { timeout: '50 minutes' },
    );
    await trip.passes('31 minutes');
    expect(trip.image.chain?.number).toBe(2);
    expect(trip.timers()).toHaveLength(2);
    await trip.passes('20 minutes');
    expect(trip.status).toBe('cancelled');
    expect(trip.entries('ProcessCancelled')).toMatchObject([{ reason: 'timeout' }]);
  });

  test('a tick of the run before is of another run', async () => {
    const trip = await started(async (ctx) => {
      await ctx.race({ nudged: ctx.waitFor(Nudge), late: ctx.sleep('10 minutes') });
      return again(ctx);
    });
    const { run, tickAt } = trip.image;
    await trip.happens(Nudge);
    trip.now += 600_000;
    expect(await trip.ticks(tickAt as number, run)).toBe('wrongRun');
    expect(trip.image.tickAt).toBe(tickAt);
    await trip.ticks(tickAt as number);
    expect(trip.image.chain?.number).toBe(3);
  });

  test('ctx.uuid gives other values in each run', async () => {
    const trip = await started(async (ctx) => {
      await ctx.call(notes.notify, { text: ctx.uuid() });
      return again(ctx);
    });
    const { input } = trip.command('notes.notify');
    await trip.completes('notes.notify');
    expect(trip.command('notes.notify').input).not.toEqual(input);
  });

  test('a process without a starting event goes on with its input', async () => {
    const counting = process('counting', { input: z.object({ n: z.int() }), receives: [Nudge.byId(({ id }) => id)] }, async (ctx) => {
      await ctx.waitFor(Nudge);
      return ctx.continueAsNew({ n: 5 });
    });
    const trip = new Instance(counting);
    await trip.starts(Checkout);
    await trip.happens(Nudge);
    expect(trip.journal).toMatchObject([{ type: 'ProcessStarted', event: 'counting.start', data: { n: 5 } }]);
  });

  test('tags and the view stay', async () => {
    const trip = await started(async (ctx) => {
      if (noteOf(ctx) !== '') return ctx.sleep('1 day');
      ctx.tag({ city: 'Bern' });
      ctx.view({ stage: 'first' });
      return again(ctx);
    });
    expect(trip.image.tags).toEqual({ city: 'Bern' });
    expect(trip.image.view?.data).toEqual({ stage: 'first' });
  });

  test('a start after the end of the chain is remembered by its first run', async () => {
    const trip = new Instance(
      tripOf(async (ctx) => (noteOf(ctx) === '' ? again(ctx) : null), { onClosed: 'restart' }),
      { compare: false },
    );
    await trip.starts(Checkout, {}, { id: 's1' });
    expect(trip.status).toBe('completed');
    expect(await trip.starts(Checkout, {}, { id: 's1' })).toBe('dup');
  });
});

describe('commands that nothing awaits', () => {
  const sending = (): Promise<Instance> =>
    started(async (ctx) => {
      if (noteOf(ctx) === '') ctx.send(notes.notify, { text: 'hello' });
      await ctx.waitFor(Nudge);
      return again(ctx);
    });

  test('keep the id of the run that issued them', async () => {
    const trip = await sending();
    const { run } = trip.image;
    await trip.happens(Nudge);
    await trip.happens(Nudge);
    const moved = trip.command('notes.notify');
    expect(moved).toMatchObject({ run, n: 1, mode: 'send' });
    expect(trip.journal).toMatchObject([{ continues: { commands: [{ run, n: 1, path: 'notes.notify:1', mode: 'send' }] } }]);
    expect(await trip.replies({ run: trip.image.run, n: 1, outcome: 'completed', data: null, retryable: false })).toBe('dup');
    expect(await trip.answers(moved, 'completed')).toBe('apply');
    expect(trip.open()).toEqual([]);
    expect(await trip.answers(moved, 'completed')).toBe('wrongRun');
    await trip.reload();
    expect(trip.bug).toBeUndefined();
  });

  test('are issued again by the run that gets their failure', async () => {
    const trip = await sending();
    await trip.happens(Nudge);
    await trip.breaksDown('notes.notify');
    expect(trip.image.resends.size).toBe(1);
    await trip.happens(Nudge);
    expect(trip.image.chain?.number).toBe(3);
    expect(trip.image.resends.size).toBe(1);
    await trip.passes('1 minute');
    expect(trip.command('notes.notify')).toMatchObject({ path: 'notes.notify:1', input: { text: 'hello' }, retries: 1 });
    expect(trip.command('notes.notify').run).toBeUndefined();
    await trip.reload();
    expect(trip.bug).toBeUndefined();
  });

  test('are sent again when no reply comes, and given up in the end', async () => {
    const trip = await sending();
    await trip.happens(Nudge);
    await trip.passes('2 minutes');
    expect(trip.command('notes.notify').attempt).toBeGreaterThan(1);
    await trip.passes('1 day');
    expect(trip.open()).toEqual([]);
    expect(trip.status).toBe('running');
  });

  test('a detached child moves with its owner', async () => {
    const child = process('child', { input: z.object({ n: z.int() }) }, async (ctx) => ctx.sleep('1 day'));
    const trip = await started(async (ctx) => {
      if (noteOf(ctx) === '') ctx.detach(ctx.child(child, { n: 1 }, { id: 'c' }));
      await ctx.waitFor(Nudge);
      return again(ctx);
    });
    await trip.happens(Nudge);
    const moved = trip.command('tutti.child');
    expect(moved).toMatchObject({ owner: 'default#child#c', n: 1, mode: 'send', detached: true });
    expect(trip.journal).toMatchObject([{ continues: { commands: [{ n: 1, owner: 'default#child#c' }] } }]);
    await trip.answers(moved, 'failed', { code: 'PROCESS_FAILED', process: 'child', type: 'Other', data: {}, message: '' });
    expect(trip.open()).toEqual([]);
    await trip.reload();
    expect(trip.bug).toBeUndefined();
  });

  test('a late success of an abandoned command is undone in a later run', async () => {
    const trip = await started(async (ctx) => {
      if (noteOf(ctx) === '') await ctx.race({ booked: ctx.call(flights.book, { to: 'X' }), nudged: ctx.waitFor(Nudge) });
      await ctx.sleep('2 days');
      return again(ctx);
    });
    await trip.happens(Nudge);
    await trip.passes('2 days');
    expect(trip.image.chain?.number).toBe(2);
    const [tombstone] = trip.image.tombstones;
    expect(
      await trip.replies({
        ...(tombstone as NonNullable<typeof tombstone>),
        outcome: 'completed',
        data: { reference: 'R' },
        retryable: false,
      }),
    ).toBe('apply');
    expect(trip.open()).toEqual(['flights.cancel (undo)']);
    await trip.passes('2 days');
    expect(trip.image.chain?.number).toBe(3);
    const undo = trip.command('flights.cancel');
    expect(await trip.answers(undo, 'completed')).toBe('apply');
    expect(trip.open()).toEqual([]);
  });
});

describe('the end of the run', () => {
  test('earlier steps are final: a later failure undoes nothing of them', async () => {
    const trip = await started(async (ctx) => {
      if (noteOf(ctx) !== '') throw ctx.fail('no');
      await ctx.call(payments.charge, { amount: 1 });
      return again(ctx);
    });
    await trip.completes('payments.charge', { paymentId: 'p' });
    expect(trip.status).toBe('failed');
    expect(trip.open()).toEqual([]);
  });

  test('waits until a lost race is settled, and events of that time move', async () => {
    const trip = await started(async (ctx) => {
      if (noteOf(ctx) !== '') return ctx.waitFor(Nudge);
      await ctx.race({ booked: ctx.call(flights.book, { to: 'X' }), nudged: ctx.waitFor(Nudge) });
      return again(ctx);
    });
    await trip.happens(Nudge, { word: 'first' });
    expect(trip.image.chain).toBeUndefined();
    await trip.happens(Nudge, { word: 'second' });
    await trip.fails('flights.book', 'SoldOut');
    expect(trip.image.chain?.number).toBe(2);
    expect(trip.entries('ProcessCompleted')).toMatchObject([{ data: { word: 'second' } }]);
  });

  test('an open step is UNAWAITED_STEP; in production its command moves', async () => {
    const body = async (ctx: TripContext): Promise<unknown> => {
      if (noteOf(ctx) === '') void ctx.call(payments.charge, { amount: 1 });
      if (noteOf(ctx) === 'a') await ctx.sleep('1 day');
      return again(ctx);
    };
    expect((await started(body)).bug).toMatchObject({ code: 'UNAWAITED_STEP' });
    const trip = await started(body, {}, { checks: false });
    expect(trip.open()).toEqual(['payments.charge (send)']);
    expect(ended(trip).map(({ type }) => type)).toEqual(['ProcessStarted', 'CommandIssued', 'StepDetached', 'RunContinued']);
    await trip.isUnknown('payments.charge');
    expect(trip.status).toBe('running');
    expect(trip.open()).toEqual([]);
  });

  test('a detached call that pauses between two runs is issued by the next run', async () => {
    const trip = await started(
      async (ctx) => {
        if (noteOf(ctx) !== '') return ctx.sleep('1 day');
        void ctx.call(payments.charge, { amount: 1 });
        await ctx.waitFor(Nudge);
        return again(ctx);
      },
      {},
      { checks: false },
    );
    await trip.breaksDown('payments.charge');
    await trip.happens(Nudge);
    expect(trip.image.resends.size).toBe(1);
    await trip.passes('1 minute');
    expect(trip.command('payments.charge')).toMatchObject({ mode: 'send', input: { amount: 1 }, retries: 1 });
    await trip.reload();
    expect(trip.bug).toBeUndefined();
  });

  test('code that continues where the journal waits is a difference', async () => {
    const trip = await started(async (ctx) => ctx.waitFor(Nudge));
    const { bug } = (await trip.rebuilt(tripOf(async (ctx) => again(ctx)))).run;
    expect(bug?.code).toBe('NONDETERMINISM');
    expect(bug?.message).toContain('the code now decides RunContinued');
  });

  test('a cancelled process continues no more', async () => {
    const trip = await started(async (ctx) => {
      try {
        await ctx.sleep('1 day');
      } catch {
        return again(ctx);
      }
    });
    await trip.operates('cancel');
    expect(trip.status).toBe('cancelled');
    expect(trip.image.chain).toBeUndefined();
  });

  test.each([
    ['in a scope', (ctx: TripContext) => ctx.scope('inner', (inner) => again(inner)), 'WRONG_SCOPE', 'return from the scope first'],
    ['and goes on', (ctx: TripContext) => (void again(ctx), ctx.sleep('1 day')), 'POISON', 'ctx.sleep was called after ctx.continueAsNew'],
    ['with another id', (ctx: TripContext) => ctx.continueAsNew({ id: 'b' }), 'POISON', 'trip a was continued with an input of the id b'],
    ['with an input that does not fit', (ctx: TripContext) => ctx.continueAsNew({ id: 1 } as never), 'POISON', 'trip was continued with'],
    ['with a version', (ctx: TripContext) => ctx.continueAsNew({ id: 'a' }, { version: 2 } as never), 'POISON', `expected 'newest'`],
    ['without waiting', (ctx: TripContext) => again(ctx, ''), 'POISON', 'more than 100 runs'],
  ])('a process that continues %s is stuck', async (_, body, code, message) => {
    const { bug } = await started(async (ctx) => body(ctx));
    expect(bug?.code).toBe(code);
    expect(bug?.message).toContain(message);
  });
});

test('suggestsContinuing depends on the length of the journal alone', async () => {
  const seen: boolean[] = [];
  const trip = await started(
    async (ctx) => {
      for (;;) {
        seen.push(ctx.suggestsContinuing);
        await ctx.waitFor(Nudge);
      }
    },
    {},
    { compare: false },
  );
  trip.ages(JOURNAL_ENTRIES_SUGGESTED - 3);
  await trip.happens(Nudge);
  await trip.happens(Nudge);
  expect(seen).toEqual([false, false, true]);
});
