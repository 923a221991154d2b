import { decider } from 'tutti';
import { expect, test } from 'vitest';
import * as z from 'zod';
import { explain } from '../../lib/client/operations/why.ts';
import { JOURNAL_ENTRIES_MAX, JOURNAL_ENTRIES_TO_END, JOURNAL_ENTRIES_WARNED } from '../../lib/core/image.ts';
import { Instance } from './instance.ts';
import { Checkout, Nudge, type TripContext } from './trip-contracts.ts';
import { PAID, pay, started } from './trip-steps.ts';

const ALONE = { compare: false };
const FULL = { code: 'SIZE', message: expect.stringContaining('The journal of default#trip#a is full: a run may write 50000 entries') };

const listens = async (ctx: TripContext): Promise<never> => {
  await pay(ctx);
  for (;;) await ctx.waitFor(Nudge);
};

/** A process that has paid, and whose journal is full. */
const full = async (): Promise<Instance> => {
  const trip = await started(listens, ALONE);
  await trip.completes('payments.charge', PAID);
  trip.ages(JOURNAL_ENTRIES_MAX);
  return trip;
};

test('a full journal accepts no event', async () => {
  const trip = await full();
  await trip.happens(Nudge);
  expect(trip.bug).toEqual(FULL);
});

test('entries up to the limit are accepted', async () => {
  const trip = await full();
  trip.ages(JOURNAL_ENTRIES_MAX - 2);
  await trip.happens(Nudge);
  expect(trip.bug).toBeUndefined();
});

test('an instance with a full journal can be cancelled, and its commands are undone', async () => {
  const trip = await full();
  await trip.operates('cancel');
  expect(trip.open()).toEqual(['payments.refund (undo)']);
  await trip.completes('payments.refund');
  expect(trip.bug).toBeUndefined();
  expect(trip.status).toBe('cancelled');
});

test('a process that undoes without end reaches the limit too', async () => {
  const trip = await full();
  await trip.operates('cancel');
  trip.ages(JOURNAL_ENTRIES_MAX + JOURNAL_ENTRIES_TO_END);
  await trip.breaksDown('payments.refund');
  expect(trip.bug).toEqual(FULL);
});

test('an instance with a full journal can be terminated, and a decider can be cancelled', async () => {
  const trip = await full();
  await trip.operates('terminate');
  expect(trip.status).toBe('terminated');
  const counting = decider('trip', { state: z.object({}), initial: () => ({}) }).on(
    Checkout.byId(({ id }) => id),
    (state) => state,
  );
  const counter = new Instance(counting, ALONE);
  await counter.starts(Checkout);
  counter.ages(JOURNAL_ENTRIES_MAX);
  await counter.operates('cancel');
  expect(counter.status).toBe('cancelled');
});

test('why warns before the journal is full', async () => {
  const { image } = await full();
  expect(explain(image, 0).line).not.toContain('full');
  expect(explain({ ...image, tailFrom: JOURNAL_ENTRIES_WARNED }, 0).line).toMatch(
    /; its journal is nearly full, with 400\d\d of 50000 entries$/,
  );
});
