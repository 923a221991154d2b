import { describe, expect, test } from 'vitest';
import { VALUE_CHARACTERS_MAX } from '../../lib/core/journal.ts';
import { VALUE_BYTES_MAX } from '../../lib/contract/wire/wire.ts';
import { sha256 } from '../../lib/format/inbox-message.ts';
import { Instance } from './instance.ts';
import { Booked, Checkout, flights, notes, Nudge, payments, tripOf, type TripContext } from './trip-contracts.ts';

const LARGE = 'x'.repeat(VALUE_CHARACTERS_MAX);

const started = async (body: (ctx: TripContext) => Promise<unknown>, data = {}): Promise<Instance> => {
  const trip = new Instance(tripOf(body));
  await trip.starts(Checkout, data);
  return trip;
};

/** The head holds the hash instead of the value, and the value is a payload under that hash. */
const expectReference = (trip: Instance, value: unknown): void => {
  const text = JSON.stringify(value);
  const hash = sha256(text);
  expect(trip.payloads.get(hash)).toBe(text);
  expect(JSON.stringify(trip.head)).toContain(hash);
  expect(JSON.stringify(trip.head)).not.toContain(LARGE);
};

describe('a value above 1 KB becomes a payload under its SHA-256', () => {
  test('the data of a start is a payload', async () => {
    const trip = await started(
      async (ctx, checkout = ctx.start.data as { readonly note: string }) => ctx.call(notes.ask, { text: String(checkout.note.length) }),
      { note: LARGE },
    );
    expectReference(trip, { id: 'a', note: LARGE });
    expect(trip.command('notes.ask').input).toEqual({ text: '1024' });
  });

  test('the data of an event is a payload, also while the event is unread', async () => {
    const trip = await started(async (ctx) => {
      await ctx.call(notes.ask, { text: 'ok?' });
      const { word } = await ctx.waitFor(Nudge);
      return word.length;
    });
    await trip.happens(Nudge, { word: LARGE });
    expectReference(trip, { id: 'a', word: LARGE });
    await trip.reload();
    await trip.completes('notes.ask', { answer: 'yes' });
    expect(trip.entries('ProcessCompleted')[0]?.data).toBe(1024);
  });

  test('the input of a command is a payload, also in its tombstone', async () => {
    const trip = await started((ctx) => ctx.call(flights.book, { to: LARGE }));
    expectReference(trip, { to: LARGE });
    await trip.reload();
    expect(trip.command('flights.book').input).toEqual({ to: LARGE });
    await trip.operates('terminate');
    expectReference(trip, { to: LARGE });
    await trip.reload();
    expect(trip.image.tombstones[0]?.input).toEqual({ to: LARGE });
  });

  test('the input of a command that completes late is a payload', async () => {
    const trip = await started((ctx) => ctx.call(flights.book, { to: LARGE }));
    await trip.operates('terminate');
    const [buried] = trip.image.tombstones;
    const reply = { run: buried?.run ?? '', n: buried?.n ?? 0, outcome: 'completed', retryable: false } as const;
    await trip.replies({ ...reply, data: { reference: 'f' } });
    expect(trip.open()).toEqual(['flights.cancel (undo)']);
    expectReference(trip, { to: LARGE });
  });

  test('the output of a command is a payload, and so is the input of its undo', async () => {
    const trip = await started(async (ctx) => {
      await ctx.call(payments.charge, { amount: 7 });
      throw ctx.errors.Refused({ why: 'test' });
    });
    await trip.completes('payments.charge', { paymentId: LARGE });
    expectReference(trip, { paymentId: LARGE });
    await trip.reload();
    expect(trip.command('payments.refund').input).toEqual({ paymentId: LARGE });
  });

  test('the result and the failure of a process are payloads', async () => {
    const completed = await started(() => Promise.resolve({ text: LARGE }));
    expectReference(completed, { text: LARGE });
    const failed = await started((ctx) => Promise.reject(ctx.errors.Refused({ why: LARGE })));
    const [entry] = failed.entries('ProcessFailed');
    expect(entry).toHaveProperty('dataref');
    expect(JSON.stringify(failed.head)).not.toContain(LARGE);
  });

  test('the result of a scope is a payload', async () => {
    const trip = await started(async (ctx) => {
      await ctx.scope('inner', () => Promise.resolve({ text: LARGE }));
      await ctx.waitFor(Nudge);
    });
    expectReference(trip, { text: LARGE });
    expect(trip.entries('ScopeClosed')[0]).toHaveProperty('dataref');
  });

  test('a published event and a view are payloads', async () => {
    const trip = await started(async (ctx) => {
      ctx.publish(Booked, { text: LARGE });
      ctx.view({ stage: LARGE });
      await ctx.waitFor(Nudge);
    });
    expectReference(trip, { text: LARGE });
    expectReference(trip, { stage: LARGE });
    await trip.reload();
    expect(trip.published()).toEqual([{ text: LARGE }]);
    expect(trip.image.view?.data).toEqual({ stage: LARGE });
  });
});

test('an entry that is large without a large value stays inline', async () => {
  const trip = await started(async (ctx) => {
    ctx.tag({ one: LARGE });
    await ctx.waitFor(Nudge, { match: () => false });
  });
  await trip.happens(Nudge, { word: 'y'.repeat(VALUE_CHARACTERS_MAX - 60) });
  expect(trip.payloads.size).toBe(0);
  expect(trip.entries('Tagged')[0]?.tags).toEqual({ one: LARGE });
  expect(trip.image.tags).toEqual({ one: LARGE });
});

test('a published event has the trace of its cause, and one hop more', async () => {
  const trip = await started(async (ctx) => {
    ctx.send(notes.notify, { text: 'hi' });
    ctx.publish(Booked, { text: 'hi' });
    await ctx.waitFor(Nudge);
    ctx.publish(Booked, { text: 'again' });
    await ctx.waitFor(Nudge);
  });
  expect(trip.image.pendingSends.find((fire) => fire.kind === 'event')).toMatchObject({ hops: 2 });
  await trip.deliver({
    kind: 'signal',
    key: 'x:traced',
    messageId: 'm',
    forced: false,
    at: trip.now,
    hops: 5,
    trace: '00-1-2-01',
    id: 'traced',
    identity: 'traced',
    event: Nudge.type,
    source: 'shop',
    time: new Date(trip.now).toISOString(),
    data: { id: 'a', word: '' },
  });
  expect(trip.image.pendingSends.find((fire) => fire.kind === 'event')).toMatchObject({ hops: 6, trace: '00-1-2-01' });
});

test('a value of more than 20 MB stops the instance, and nothing of the event is committed', async () => {
  const trip = await started(async (ctx) => {
    await ctx.waitFor(Nudge);
    await ctx.call(notes.ask, { text: '€'.repeat(VALUE_BYTES_MAX / 3 + 1) });
  });
  const before = trip.head;
  await trip.happens(Nudge, { word: 'y' });
  expect(trip.bug).toMatchObject({ code: 'SIZE', message: expect.stringContaining(`at most ${VALUE_BYTES_MAX} are allowed`) });
  expect(trip.head).toEqual(before);
});
