import { describe, expect, test } from 'vitest';
import { Instance } from './instance.ts';
import { Checkout, notes, Nudge, payments, tripOf, type TripContext } from './trip-contracts.ts';
import { PAID, pay } from './trip-steps.ts';

type Body = (ctx: TripContext) => Promise<unknown>;

const notify = (ctx: TripContext, text: string): void => ctx.send(notes.notify, { text });

/** A run that `before` has paid and that waits for a nudge. It continues on `after`. */
const changed = async (before: Body, after: Body): Promise<Instance> => {
  const trip = new Instance(tripOf(before), { compare: false });
  await trip.starts(Checkout);
  await trip.completes('payments.charge', PAID);
  await trip.reload(tripOf(after));
  return trip;
};

const paidThenNudged =
  (paid: (ctx: TripContext) => void, nudged: (ctx: TripContext) => void = () => undefined): Body =>
  async (ctx) => {
    await pay(ctx);
    paid(ctx);
    for (let round = 1; round <= 2; round += 1) {
      await ctx.waitFor(Nudge);
      nudged(ctx);
    }
    await pay(ctx);
  };

const nothing = (): void => undefined;

describe('a ctx.send or ctx.view that a recorded activation does not hold', () => {
  test('is not sent by the replay, takes no number, and is a note', async () => {
    const after = paidThenNudged((ctx) => notify(ctx, 'paid'));
    const trip = await changed(paidThenNudged(nothing), after);
    const { run } = await trip.rebuilt(tripOf(after));
    expect(run.bug).toBeUndefined();
    expect(run.skipped).toEqual([
      'the code now decides CommandIssued notes.notify:1, which the journal does not hold after entry 3: it is skipped',
    ]);
    expect(trip.open()).toEqual([]);
    const { seq } = trip.image;
    for (let round = 1; round <= 2; round += 1) await trip.happens(Nudge);
    expect(trip.commands().map(({ n, path }) => [n, path])).toEqual([[seq, 'payments.charge:2']]);
  });

  test('is sent by the activations that come later, and each of them replays', async () => {
    const after = paidThenNudged(
      (ctx) => notify(ctx, 'paid'),
      (ctx) => notify(ctx, 'nudged'),
    );
    const trip = await changed(paidThenNudged(nothing), after);
    for (const path of ['notes.notify:1', 'notes.notify:2']) {
      await trip.happens(Nudge);
      expect(trip.commands().map((command) => command.path)).toContain(path);
      const cold = await trip.rebuilt(tripOf(after));
      expect(cold.run.bug).toBeUndefined();
      expect(cold.run.skipped).toHaveLength(1);
      expect(cold.run.image.tail).toEqual(trip.image.tail);
      await trip.reload(tripOf(after));
    }
    expect(trip.command('payments.charge').path).toBe('payments.charge:2');
  });

  test.each<[string, Body, Body, number]>([
    [
      'before a recorded one of the same command',
      paidThenNudged((ctx) => notify(ctx, 'paid')),
      paidThenNudged((ctx) => (notify(ctx, 'first'), notify(ctx, 'paid'), notify(ctx, 'last'))),
      2,
    ],
    [
      'before a recorded call of the same command',
      paidThenNudged((ctx) => void ctx.call(notes.notify, { text: 'paid' })),
      paidThenNudged((ctx) => (notify(ctx, 'first'), void ctx.call(notes.notify, { text: 'paid' }))),
      1,
    ],
    [
      'in a scope, before the scope opens another',
      paidThenNudged((ctx) => void ctx.scope('s', async (ctx) => ctx.scope('t', async () => notify(ctx, 'in t')))),
      paidThenNudged((ctx) => void ctx.scope('s', async (ctx) => (notify(ctx, 'in s'), ctx.scope('t', async () => notify(ctx, 'in t'))))),
      1,
    ],
    [
      'of a value that does not fit its schema',
      paidThenNudged(nothing),
      paidThenNudged((ctx) => ctx.send(notes.notify, { text: 7 as unknown as string })),
      1,
    ],
    ['of a view', paidThenNudged(nothing), paidThenNudged((ctx) => ctx.view({ stage: 'paid' })), 1],
    [
      'of a view before a recorded view',
      paidThenNudged((ctx) => ctx.view({ stage: 'paid' })),
      paidThenNudged((ctx) => (ctx.view({ stage: 'paying' }), ctx.view({ stage: 'paid' }))),
      1,
    ],
  ])('is skipped %s', async (_, before, after, skipped) => {
    const trip = await changed(before, after);
    const { run } = await trip.rebuilt(tripOf(after));
    expect(run.bug).toBeUndefined();
    expect(run.skipped).toHaveLength(skipped);
  });

  test('leaves the view of the head as it is', async () => {
    const trip = await changed(
      paidThenNudged((ctx) => ctx.view({ stage: 'paid' })),
      paidThenNudged((ctx) => (ctx.view({ stage: 'paid' }), ctx.view({ stage: 'all paid' }))),
    );
    expect(trip.image.view).toEqual({ data: { stage: 'paid' } });
  });

  test.each<[string, Body, RegExp]>([
    ['a value that changed', paidThenNudged((ctx) => notify(ctx, 'changed')), /CommandIssued notes\.notify:1 .*"changed"/],
    ['one that is gone', paidThenNudged(nothing), /the journal holds CommandIssued notes\.notify:1, which the code no longer decides/],
    [
      'a call in its place',
      paidThenNudged((ctx) => void ctx.call(notes.notify, { text: 'paid' })),
      /CommandIssued notes\.notify:1 has mode undefined, in the journal it is send/,
    ],
    [
      'a new call',
      paidThenNudged((ctx) => (notify(ctx, 'paid'), void ctx.call(payments.charge, { amount: 1 }))),
      /the code now decides CommandIssued payments\.charge:2/,
    ],
    ['a new event', paidThenNudged((ctx) => (notify(ctx, 'paid'), ctx.tag({ a: 'b' }))), /the code now decides Tagged tag:1/],
  ])('does not hide %s', async (_, after, difference) => {
    const trip = new Instance(tripOf(paidThenNudged((ctx) => notify(ctx, 'paid'))), { compare: false });
    await trip.starts(Checkout);
    await trip.completes('payments.charge', PAID);
    const { run } = await trip.rebuilt(tripOf(after));
    expect(run.bug?.code).toBe('NONDETERMINISM');
    expect(run.bug?.message).toMatch(difference);
  });

  test('does not hide a recorded one whose value no longer fits its schema', async () => {
    const trip = new Instance(tripOf(paidThenNudged((ctx) => notify(ctx, 'paid'))), { compare: false });
    await trip.starts(Checkout);
    await trip.completes('payments.charge', PAID);
    const { run } = await trip.rebuilt(tripOf(paidThenNudged((ctx) => ctx.send(notes.notify, { text: 7 as unknown as string }))));
    expect(run.bug).toMatchObject({ code: 'POISON', message: expect.stringMatching(/notes\.notify was sent with text: /) as string });
  });
});
