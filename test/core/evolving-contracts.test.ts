import { describe, expect, test } from 'vitest';
import * as z from 'zod';
import { command, decider, event, process, send, service, versions, type AnyService } from 'tutti';
import type { Duration } from '../../lib/contract/duration.ts';
import type { Schema } from '../../lib/contract/schema.ts';
import { Instance } from './instance.ts';
import { Booked, Checkout, Nudge, services, tripOf, type TripContext } from './trip-contracts.ts';

/** The contracts of one service as they are deployed one after the other while runs are open. */
const Amount = z.object({ amount: z.int() });
const Receipt = z.object({ paymentId: z.string() });
const WithCurrency = z.object({ amount: z.int(), currency: z.string() });
const versioned = versions(Amount).next(WithCurrency, (old) => ({ ...old, currency: 'EUR' }));
const withDefault = (currency: string) => Amount.extend({ currency: z.string().default(currency) });

interface Parts {
  readonly input?: Schema;
  readonly output?: Schema;
  readonly refundInput?: Schema;
  readonly undo?: ((charged: any, receipt: any) => unknown) | undefined;
  readonly errors?: Readonly<Record<string, Schema>>;
  readonly onUnknown?: 'stuck' | 'continue';
  readonly retry?: { readonly attempts?: number; readonly within?: Duration };
}

const paymentsOf = (parts: Parts = {}): AnyService => {
  const { input = Amount, output = Receipt, errors = {}, refundInput = Receipt } = parts;
  const undo = 'undo' in parts ? parts.undo : (_charged: unknown, receipt: unknown) => receipt;
  const policy = { timeout: '1 minute', retry: { within: '1 hour', first: '1 second', most: '1 second', ...parts.retry } } as const;
  const refund = command({ input: refundInput as typeof Receipt, ...policy });
  const charge = { input: input as typeof Amount, output: output as typeof Receipt, errors: errors as {}, ...policy };
  return service('payments', {
    refund,
    charge: undo
      ? command({ ...charge, undo: { command: refund, input: undo as never }, onUnknown: parts.onUnknown ?? 'stuck' })
      : command(charge),
  });
};

const first = paymentsOf();
const { charge } = first as unknown as { readonly charge: never };
/** Code can pass members that its types lack. */
const pay = (ctx: TripContext, input: unknown) => ctx.call(charge, input as never);

const started = async (body: (ctx: TripContext) => Promise<unknown>, before = first): Promise<Instance> => {
  const trip = new Instance(tripOf(body), { services: [before, ...services.filter((each) => each['~'].name !== 'payments')] });
  await trip.starts(Checkout);
  return trip;
};

const payTwice = async (ctx: TripContext): Promise<void> => {
  await pay(ctx, { amount: 7 });
  await ctx.waitFor(Nudge);
  await pay(ctx, { amount: 8 });
};

const payThenFail = async (ctx: TripContext): Promise<void> => {
  await pay(ctx, { amount: 7 });
  await ctx.waitFor(Nudge);
  throw ctx.errors.Refused({ why: 'test' });
};

const paid = async (body = payTwice, before = first): Promise<Instance> => {
  const trip = await started(body, before);
  await trip.completes('payments.charge', { paymentId: 'p-1' });
  return trip;
};

describe('an open run continues after a deploy of a contract', () => {
  test.each<[string, Parts, unknown]>([
    ['that gained an optional field', { input: Amount.extend({ note: z.string().optional() }) }, { amount: 8 }],
    ['that gained a default', { input: withDefault('EUR') }, { amount: 8, currency: 'EUR' }],
    ['that gained a version', { input: versioned }, { amount: 8, currency: 'EUR' }],
    ['with a limit that only later commands meet', { input: z.object({ amount: z.int().min(8) }) }, { amount: 8 }],
    ['with a schema that drops a field', { input: z.object({}) }, {}],
    ['that gained an error', { errors: { Declined: z.object({}) } }, { amount: 8 }],
    ['that gained a default in its output', { output: Receipt.extend({ fee: z.int().default(0) }) }, { amount: 8 }],
    ['with another undo mapper', { undo: () => ({ paymentId: 'other' }) }, { amount: 8 }],
    ['with an undo mapper that throws on the old reply', { undo: (_charged, receipt) => receipt.of.id }, { amount: 8 }],
  ])('%s, and sends its next command by it', async (_change, parts, input) => {
    const trip = await paid();
    await trip.deploys(paymentsOf(parts));
    await trip.happens(Nudge);
    expect(trip.bug).toBeUndefined();
    expect(trip.command('payments.charge').input).toEqual(input);
    await trip.deploys(first);
    expect((await trip.rebuilt()).run.bug).toBeUndefined();
  });

  test.each<[string, Schema, Schema]>([
    ['another default', withDefault('EUR'), withDefault('USD')],
    ['no default any more', withDefault('EUR'), Amount],
    ['a limit that what was passed breaks', withDefault('EUR'), withDefault('EUR').extend({ amount: z.int().min(8) })],
    [
      'a new build of the schema library, which gives its members in another order',
      withDefault('EUR'),
      z.object({ currency: z.string().default('EUR'), amount: z.int() }),
    ],
  ])('continues after a change of the contract, because `asked` has the hash of the passed value: %s', async (_change, before, after) => {
    const trip = await paid(payTwice, paymentsOf({ input: before }));
    expect(trip.entries('CommandIssued')[0]?.asked).toMatch(/^[0-9a-f]{16}$/);
    await trip.deploys(paymentsOf({ input: after }));
    await trip.happens(Nudge);
    expect(trip.bug).toBeUndefined();
  });

  test.each<[string, Schema, Schema]>([
    ['a default', Amount, withDefault('EUR')],
    ['a version', Amount, versioned],
    [
      'a version, over a default',
      withDefault('EUR'),
      versions(withDefault('EUR')).next(WithCurrency.extend({ note: z.string() }), (old) => ({ ...old, note: '-' })),
    ],
  ])('continues from a journal of an older release, without `asked`: %s', async (_change, before, after) => {
    const trip = await paid(payTwice, paymentsOf({ input: before }));
    await trip.storedByOlderRelease();
    await trip.deploys(paymentsOf({ input: after }));
    await trip.happens(Nudge);
    expect(trip.bug).toBeUndefined();
  });

  test('compares earlier events and views by the values that its code passed', async () => {
    const Told = event('trips.told', z.object({ text: z.string() }));
    const tell = (Data: Schema) =>
      process(
        'trip',
        {
          startOn: Checkout.byId((checkout) => checkout.id),
          receives: [Nudge.byId((nudge) => nudge.id)],
          publishes: [Data === Told ? Told : event('trips.told', Data as typeof Told)],
          view: Data as typeof Told,
        },
        async (ctx) => {
          ctx.publish(Told, { text: 'paid' });
          ctx.view({ text: 'paid' });
          await ctx.waitFor(Nudge);
        },
      );
    const trip = new Instance(tell(Told));
    await trip.starts(Checkout);
    for (const after of [
      z.object({ text: z.string(), lang: z.string().default('en') }),
      versions(z.object({ text: z.string() })).next(z.object({ lines: z.array(z.string()) }), ({ text }) => ({ lines: [text] })),
      z.object({ text: z.string().max(2) }),
    ])
      expect((await trip.rebuilt(tell(after))).run.bug).toBeUndefined();
    const [published, shown] = [trip.entries('EventPublished')[0], trip.entries('ViewChanged')[0]];
    expect([published?.asked, shown?.asked]).toEqual([undefined, undefined]);
  });
});

describe('limits that were reached are in the journal, so that new limits change no earlier decision', () => {
  const limits: readonly Parts[] = [
    { retry: { attempts: 1 } },
    { retry: { attempts: 9 } },
    { retry: { within: '1 second' } },
    { retry: { within: '9 days' } },
  ];
  const replays = async (trip: Instance): Promise<void> => {
    for (const parts of [...limits, ...limits.map((each) => ({ ...each, onUnknown: 'continue' as const }))]) {
      await trip.deploys(paymentsOf(parts));
      expect((await trip.rebuilt()).run.bug).toBeUndefined();
    }
  };
  const payOrGoOn = async (ctx: TripContext): Promise<void> => {
    try {
      await pay(ctx, { amount: 7 });
    } catch {
      await ctx.waitFor(Nudge);
    }
    await ctx.sleep('30 days');
  };

  test('a step that was tried again, and one that was exhausted, stay as they were', async () => {
    const trip = await started(payOrGoOn, paymentsOf({ retry: { attempts: 2 } }));
    await trip.breaksDown('payments.charge');
    await replays(trip);
    await trip.passes('1 second');
    await trip.breaksDown('payments.charge');
    expect(trip.open()).toEqual([]);
    await replays(trip);
  });

  test('a step without a reply within its limits stays as it was', async () => {
    const trip = await started(payOrGoOn, paymentsOf({ onUnknown: 'continue' }));
    await trip.passes('2 hours');
    expect(trip.entries('CommandGivenUp')).toHaveLength(1);
    await replays(trip);
  });

  test('a step with an unknown outcome stays as it was, stuck or rejected', async () => {
    for (const onUnknown of ['continue', 'stuck'] as const) {
      const trip = await started(payOrGoOn, paymentsOf({ onUnknown }));
      await trip.answers(trip.command('payments.charge'), 'unknown');
      expect(trip.status).toBe(onUnknown === 'stuck' ? 'stuck' : 'running');
      await replays(trip);
    }
  });

  test('an undo that was tried again stays as it was', async () => {
    const trip = await paid(payThenFail);
    await trip.happens(Nudge);
    await trip.breaksDown('payments.refund');
    await replays(trip);
    await trip.passes('1 second');
    expect(trip.open()).toEqual(['payments.refund (undo)']);
    await replays(trip);
  });
});

describe('code that passes a value for an older version of a contract', () => {
  test('continues, and sends the newest version', async () => {
    const trip = await started(payTwice, paymentsOf({ input: versioned }));
    expect(trip.commands()).toMatchObject([{ input: { amount: 7, currency: 'EUR' }, version: 2 }]);
    await trip.completes('payments.charge', { paymentId: 'p-1' });
    await trip.happens(Nudge);
    expect(trip.command('payments.charge')).toMatchObject({ input: { amount: 8, currency: 'EUR' }, version: 2 });
  });

  test('may pass the newer shape in a run that passed the older one, because its older version is what was sent', async () => {
    const code = (input: unknown) => async (ctx: TripContext) => {
      await pay(ctx, input);
      await ctx.waitFor(Nudge);
    };
    const trip = await paid(code({ amount: 7 }));
    await trip.deploys(paymentsOf({ input: versioned }));
    expect((await trip.rebuilt(tripOf(code({ amount: 7, currency: 'USD' })))).run.bug).toBeUndefined();
    expect((await trip.rebuilt(tripOf(code({ amount: 9, currency: 'USD' })))).run.bug?.code).toBe('NONDETERMINISM');
  });

  test('is POISON if no version accepts it, with the message of the newest', async () => {
    const trip = await started((ctx) => pay(ctx, { amout: 7 }), paymentsOf({ input: versioned }));
    expect(trip.bug).toMatchObject({ code: 'POISON', message: expect.stringMatching(/^payments\.charge was called with amount: /) });
  });

  test('is POISON if the version that accepts it cannot be upcast', async () => {
    const input = versions(Amount).next(WithCurrency, () => {
      throw new TypeError('no rate');
    });
    const trip = await started((ctx) => pay(ctx, { amount: 7 }), paymentsOf({ input }));
    expect(trip.bug).toEqual({ code: 'POISON', message: 'no rate' });
  });
});

describe('a command that was issued before a deploy', () => {
  test('is sent again with the input and the version that it was sent with', async () => {
    const trip = await started((ctx) => pay(ctx, { amount: 7 }));
    await trip.deploys(paymentsOf({ input: versioned }));
    await trip.passes('1 minute');
    expect(trip.command('payments.charge')).toMatchObject({ attempt: 2, input: { amount: 7 } });
    expect(trip.command('payments.charge').version).toBe(1);
  });

  test('is tried again under a new number with that input', async () => {
    const trip = await started((ctx) => pay(ctx, { amount: 7 }));
    await trip.deploys(paymentsOf({ input: versioned }));
    await trip.breaksDown('payments.charge');
    await trip.passes('1 second');
    expect(trip.command('payments.charge')).toMatchObject({ n: 3, input: { amount: 7 } });
    expect(trip.command('payments.charge').version).toBe(1);
  });

  test('keeps its version over two deploys', async () => {
    const trip = await started((ctx) => pay(ctx, { amount: 7 }), paymentsOf({ input: versioned }));
    const third = versioned.next(WithCurrency.extend({ note: z.string() }), (old) => ({ ...old, note: '-' }));
    await trip.deploys(paymentsOf({ input: third }));
    await trip.breaksDown('payments.charge');
    await trip.passes('1 second');
    expect(trip.command('payments.charge')).toMatchObject({ n: 3, input: { amount: 7, currency: 'EUR' }, version: 2 });
  });
});

describe('an undo', () => {
  const fee = (currency: string) => ({
    undo: (charged: { amount: number }, receipt: { paymentId: string }) => ({
      paymentId: `${receipt.paymentId} ${charged.amount} ${currency}`,
    }),
  });

  test('that was issued before a deploy is sent again, and tried again, as it was made', async () => {
    const trip = await paid(payThenFail);
    await trip.happens(Nudge);
    const made = trip.command('payments.refund').input;
    expect(made).toEqual({ paymentId: 'p-1' });
    await trip.deploys(paymentsOf({ ...fee('EUR'), refundInput: Receipt.extend({ reason: z.string() }) }));
    await trip.passes('1 minute');
    expect(trip.command('payments.refund')).toMatchObject({ attempt: 2, input: made });
    await trip.breaksDown('payments.refund');
    await trip.passes('1 second');
    expect(trip.command('payments.refund')).toMatchObject({ attempt: 1, input: made });
    await trip.completes('payments.refund');
    expect([trip.bug, trip.status]).toEqual([undefined, 'failed']);
  });

  test('that is issued after a deploy is made by the new contract, from input and output in their newest versions', async () => {
    const trip = await paid(payThenFail);
    await trip.deploys(
      paymentsOf({
        input: versioned,
        output: versions(Receipt).next(z.object({ id: z.string() }), ({ paymentId }) => ({ id: paymentId })),
        undo: (charged: { currency: string }, receipt: { id: string }) => ({ paymentId: `${receipt.id} ${charged.currency}` }),
      }),
    );
    await trip.happens(Nudge);
    expect(trip.command('payments.refund').input).toEqual({ paymentId: 'p-1 EUR' });
    await trip.deploys(first);
    await trip.completes('payments.refund');
    expect([trip.bug, trip.status]).toEqual([undefined, 'failed']);
  });

  test('of an input with a default is made from the sent default, even if the default has changed', async () => {
    const parts = { undo: (charged: { currency?: string }) => ({ paymentId: String(charged.currency) }) };
    const trip = await paid(payThenFail, paymentsOf({ ...parts, input: versions(withDefault('EUR')) }));
    await trip.deploys(paymentsOf({ ...parts, input: versions(withDefault('EUR')).next(withDefault('USD'), (old) => old) }));
    await trip.happens(Nudge);
    expect(trip.command('payments.refund').input).toEqual({ paymentId: 'EUR' });
  });

  test('stops the instance only when it is issued if its mapper throws on the old output, even if the code catches the error', async () => {
    const trip = await paid(async (ctx) => {
      await pay(ctx, { amount: 7 });
      await ctx.waitFor(Nudge);
      try {
        await ctx.undo();
      } catch {
        await ctx.waitFor(Nudge);
      }
    });
    await trip.deploys(paymentsOf({ undo: (_charged, receipt) => receipt.of.id }));
    await trip.happens(Nudge);
    expect(trip.bug).toMatchObject({ code: 'POISON', message: expect.stringContaining('TypeError') });
    await trip.deploys(first);
    await trip.happens(Nudge);
    expect(trip.open()).toEqual(['payments.refund (undo)']);
  });

  test('of a late success is made from the version that its command was sent with', async () => {
    const optional = z.object({ amount: z.int(), note: z.string().optional() });
    const input = versions(Amount).next(optional, (old) => ({ ...old, note: 'by upcast' }));
    const parts = { input, undo: (charged: { note?: string }) => ({ paymentId: String(charged.note) }) };
    const trip = await started((ctx) => pay(ctx, { amount: 7 }), paymentsOf(parts));
    const { n } = trip.command('payments.charge');
    await trip.operates('terminate');
    await trip.answers({ n }, 'completed', { paymentId: 'p-1' });
    expect(trip.entries('CommandAnswered')[0]?.late).toMatchObject({ input: { amount: 7 }, version: 2 });
    expect(trip.command('payments.refund').input).toEqual({ paymentId: 'undefined' });
  });

  test('with an error in its mapper is found at the first reply, not when it is issued', async () => {
    const trip = await started(payThenFail, paymentsOf({ undo: () => ({ id: 7 }) }));
    await trip.completes('payments.charge', { paymentId: 'p-1' });
    expect(trip.bug).toMatchObject({
      code: 'POISON',
      message: expect.stringContaining('the input of payments.refund, which undoes payments.charge,'),
    });
  });

  test('that the code newly requests is NONDETERMINISM, even if its contract no longer declares an undo', async () => {
    const trip = await paid();
    const after = tripOf(async (ctx) => {
      await pay(ctx, { amount: 7 });
      await ctx.undo();
      await ctx.waitFor(Nudge);
    });
    for (const undo of [undefined, () => ({ paymentId: 'p' })]) {
      await trip.deploys(paymentsOf({ undo }));
      expect((await trip.rebuilt(after)).run.bug?.code).toBe('NONDETERMINISM');
    }
  });
});

test('an event keeps its version until it is sent', async () => {
  const Data = versions(z.object({ text: z.string() })).next(z.object({ lines: z.array(z.string()) }), ({ text }) => ({ lines: [text] }));
  const Told = event('trips.told', Data);
  const trip = new Instance(
    process('trip', { startOn: Checkout.byId((checkout) => checkout.id), publishes: [Told] }, async (ctx) => {
      ctx.publish(Told, { text: 'paid' } as never);
      await ctx.sleep('1 day');
    }),
  );
  await trip.starts(Checkout);
  expect(trip.published()).toEqual([{ lines: ['paid'] }]);
  expect(trip.image.pendingSends.filter(({ kind }) => kind === 'event')).toMatchObject([{ version: 2 }]);
  expect(trip.entries('EventPublished')[0]?.asked).toMatch(/^[0-9a-f]{16}$/);
});

describe('`asked` is not written', () => {
  const asked = async (passed: unknown, input: Schema): Promise<string | undefined> => {
    const trip = await started((ctx) => pay(ctx, passed), paymentsOf({ input }));
    expect(trip.bug).toBeUndefined();
    return trip.entries('CommandIssued')[0]?.asked;
  };

  test('if the value is sent as it was passed, whatever the order of its members and whichever of them are undefined', async () => {
    expect(await asked({ b: 1, a: 2, c: undefined }, z.object({ a: z.int(), b: z.int() }))).toBeUndefined();
  });

  test('if the value is not JSON, because other values could have the same text', async () => {
    const input = z.object({ at: z.coerce.string() });
    expect(await asked({ at: new Date(0) }, input)).toBeUndefined();
    const code = (at: Date) => tripOf(async (ctx) => pay(ctx, { at }));
    const trip = await started((ctx) => pay(ctx, { at: new Date(0) }), paymentsOf({ input }));
    expect((await trip.rebuilt(code(new Date(0)))).run.bug).toBeUndefined();
    expect((await trip.rebuilt(code(new Date(1000)))).run.bug?.code).toBe('NONDETERMINISM');
  });

  test('by a decider, because its journal is never replayed', async () => {
    const counter = decider('counter', { state: z.object({ n: z.int(), note: z.string().default('') }), initial: () => ({ n: 0 }) }).on(
      Checkout.byId((checkout) => checkout.id),
      () => [{ n: 1 }, send(charge, { amount: 1 } as never)],
    );
    const instance = new Instance(counter, { services: [paymentsOf({ input: withDefault('EUR') })] });
    await instance.starts(Checkout);
    expect(instance.commands()).toMatchObject([{ input: { amount: 1, currency: 'EUR' } }]);
    expect(instance.journal.filter((entry) => 'asked' in entry)).toEqual([]);
  });
});

test.each<[string, Schema, unknown]>([
  ['a default', z.object({ n: z.int(), note: z.string().default('-') }), { n: 2, note: '-' }],
  [
    'a version',
    versions(z.object({ n: z.int() })).next(z.object({ n: z.int(), of: z.int() }), ({ n }) => ({ n, of: 10 })),
    { n: 2, of: 10 },
  ],
  ['another shape, which the stored one has not', z.object({ total: z.int() }), { n: 2 }],
])('a decider whose state gained %s receives the stored state in the form of its current contract', async (_change, after, state) => {
  const seen: unknown[] = [];
  const counter = (State: Schema) =>
    decider('counter', { state: State as z.ZodType<{ n: number }>, initial: () => ({ n: 1 }) })
      .on(
        Checkout.byId((checkout) => checkout.id),
        () => ({ n: 2 }),
      )
      .on(
        Nudge.byId((nudge) => nudge.id),
        (stored) => {
          seen.push(stored);
          return { ...stored, total: 3 };
        },
      );
  const instance = new Instance(counter(z.object({ n: z.int() })), { compare: false });
  await instance.starts(Checkout);
  await instance.reload(counter(after));
  await instance.happens(Nudge);
  expect([instance.bug, seen]).toEqual([undefined, [state]]);
});

describe('code that passes another value is NONDETERMINISM, whatever the contract gained', () => {
  const code = (amount: number) => async (ctx: TripContext) => {
    await pay(ctx, { amount });
    ctx.publish(Booked, { text: `${amount}` });
    await ctx.waitFor(Nudge);
  };

  test.each<[string, Schema, Schema]>([
    ['nothing', Amount, Amount],
    ['a default', Amount, withDefault('EUR')],
    ['a version', Amount, versioned],
    ['another default', withDefault('EUR'), withDefault('USD')],
  ])('the difference names the value, after the contract gained %s', async (_change, before, after) => {
    const trip = await paid(code(7), paymentsOf({ input: before }));
    await trip.deploys(paymentsOf({ input: after }));
    const message = (await trip.rebuilt(tripOf(code(9)))).run.bug?.message;
    expect(message).toContain('CommandIssued payments.charge:1 is passed {"amount":9');
  });

  test('the difference shows both values if the command is open; of nested values it shows the first that differs', async () => {
    const trip = await started((ctx) => pay(ctx, { amount: 1, to: { city: 'Oslo', by: ['sea', 'air'] } }), paymentsOf({ input: z.json() }));
    const told = async (input: unknown): Promise<string | undefined> =>
      (await trip.rebuilt(tripOf((ctx) => pay(ctx, input)))).run.bug?.message;
    expect(await told({ amount: 1, to: { city: 'Oslo', by: ['sea', 'rail'] } })).toContain(
      'is passed to.by.1 "rail", in the journal it is "air"',
    );
    expect(await told({ amount: 1 })).toContain('is passed to missing, in the journal it is {"city":"Oslo","by":["sea","air"]}');
    expect(await told('x'.repeat(100))).toContain(`is passed "${'x'.repeat(79)}…, in the journal it is {"amount":1`);
    expect(await told(7)).toContain('is passed 7, in the journal it is {');
  });

  test('the message is that of the contract if no version accepts the value', async () => {
    const trip = await paid();
    const after = tripOf((ctx) => pay(ctx, { amount: 'seven' }));
    expect((await trip.rebuilt(after)).run.bug).toMatchObject({
      code: 'POISON',
      message: expect.stringContaining('amount: Invalid input: expected number'),
    });
  });
});

describe('the current code reads the newest version of data that an earlier version received', () => {
  const OldReceipt = z.object({ paymentId: z.string() });
  const NewReceipt = z.object({ payment: z.object({ id: z.string() }), currency: z.string() });
  const Receipts = versions(OldReceipt).next(NewReceipt, ({ paymentId }) => ({ payment: { id: paymentId }, currency: 'EUR' }));

  /** Waits between the reply and its use, so that the use comes after the deploy. */
  const reads = (seen: unknown[]) => async (ctx: TripContext) => {
    seen.push(await pay(ctx, { amount: 7 }));
    await ctx.waitFor(Nudge);
    seen.push(await pay(ctx, { amount: 8 }));
  };

  test('an output is upcast on each replay, and the journal keeps the received data', async () => {
    const seen: unknown[] = [];
    const trip = await paid(reads(seen));
    seen.length = 0;
    await trip.deploys(paymentsOf({ output: Receipts }));
    await trip.happens(Nudge);
    expect(trip.bug).toBeUndefined();
    expect(seen).toContainEqual({ payment: { id: 'p-1' }, currency: 'EUR' });
    expect(seen).not.toContainEqual({ paymentId: 'p-1' });
    expect(trip.entries('CommandAnswered')[0]).toMatchObject({ data: { paymentId: 'p-1' } });
  });

  test('an output of the newest version is not upcast, even if an older version accepts it', async () => {
    const seen: unknown[] = [];
    const Noted = versions(OldReceipt).next(OldReceipt.extend({ note: z.string().optional() }), (old) => ({ ...old, note: 'none' }));
    const trip = await started(reads(seen), paymentsOf({ output: Noted }));
    const { n } = trip.command('payments.charge');
    const data = { paymentId: 'p-1' };
    await trip.replies({ run: trip.image.run, n, outcome: 'completed', retryable: false, dataversion: 2, data });
    seen.length = 0;
    expect(trip.entries('CommandAnswered')[0]).toMatchObject({ dataversion: 2, data: { paymentId: 'p-1' } });
    await trip.happens(Nudge);
    await trip.rebuilt();
    expect(seen).toContainEqual({ paymentId: 'p-1' });
    expect(seen).not.toContainEqual({ paymentId: 'p-1', note: 'none' });
  });

  test('an undo is made from the upcast output', async () => {
    const trip = await paid(payThenFail);
    const undo = (_charged: unknown, receipt: z.infer<typeof NewReceipt>) => ({ paymentId: receipt.payment.id });
    await trip.deploys(paymentsOf({ output: Receipts, undo }));
    await trip.happens(Nudge);
    expect(trip.bug).toBeUndefined();
    expect(trip.command('payments.refund').input).toEqual({ paymentId: 'p-1' });
  });

  test('the event that started the run and the events that it waited for are upcast', async () => {
    const Old = z.object({ id: z.string(), word: z.string() });
    const New = z.object({ id: z.string(), words: z.array(z.string()) });
    const Words = versions(Old).next(New, ({ id, word }) => ({ id, words: [word] }));
    const seen: unknown[] = [];
    const trip = (Data: Schema) => {
      const Begun = event('trips.begun', Data as typeof New);
      const Said = event('trips.said', Data as typeof New);
      return process(
        'trip',
        { startOn: Begun.byId((each) => each.id), receives: [Said.byId((each) => each.id), Nudge.byId((each) => each.id)] },
        async (ctx, begun) => {
          seen.push(begun, await ctx.waitFor(Said));
          await ctx.waitFor(Nudge);
        },
      );
    };
    const before = trip(Old);
    const run = new Instance(before);
    await run.starts(event('trips.begun', Old), { word: 'a' });
    await run.happens(event('trips.said', Old), { word: 'b' });
    expect((await run.rebuilt(trip(Words))).run.bug).toBeUndefined();
    expect(seen.slice(-2)).toEqual([
      { id: 'a', words: ['a'] },
      { id: 'a', words: ['b'] },
    ]);
  });

  test('data that no version accepts stays as it was received', async () => {
    const seen: unknown[] = [];
    const trip = await paid(reads(seen));
    seen.length = 0;
    const Other = versions(z.object({ other: z.string() })).next(z.object({ others: z.int() }), () => ({ others: 1 }));
    await trip.deploys(paymentsOf({ output: Other }));
    expect((await trip.rebuilt()).run.bug).toBeUndefined();
    expect(seen).toContainEqual({ paymentId: 'p-1' });
  });

  test('the input of a process that a client started is upcast too', async () => {
    const Old = z.object({ id: z.string(), word: z.string() });
    const New = z.object({ id: z.string(), words: z.array(z.string()) });
    const Words = versions(Old).next(New, ({ id, word }) => ({ id, words: [word] }));
    const seen: unknown[] = [];
    const trip = (input: Schema) =>
      process('trip', { input: input as typeof Old }, async (ctx, begun) => {
        seen.push(begun);
        await ctx.sleep('1 hour');
      });
    const run = new Instance(trip(Old));
    await run.starts({ type: 'trip.start' } as never, { word: 'a' });
    expect((await run.rebuilt(trip(Words))).run.bug).toBeUndefined();
    expect(seen.at(-1)).toEqual({ id: 'a', words: ['a'] });
  });
});
