import { describe, expect, test } from 'vitest';
import * as z from 'zod';
import { command, service, versions, type AnyService } from 'tutti';
import type { Schema } from '../../lib/contract/schema.ts';
import { Instance } from './instance.ts';
import { Checkout, Nudge, notes, services, tripOf, type TripContext } from './trip-contracts.ts';

const Order = z.object({ orderId: z.string() });
const Refund = z.object({ orderId: z.string(), cents: z.int().min(1) });

/** The tools of an agent. `refund` has the input that a test gives. */
const toolsOf = (input: Schema = Refund) => {
  const takeBack = command({ input: z.object({ refundId: z.string() }) });
  return service('tools', {
    lookUp: command({ input: Order, output: z.object({ cents: z.int() }), timeout: '1 minute', retry: { attempts: 1 } }),
    refund: command({
      input: input as typeof Refund,
      output: z.object({ refundId: z.string() }),
      errors: { AlreadyRefunded: z.object({}) },
      undo: { command: takeBack, input: (_refund, done) => done },
      timeout: '1 minute',
    }),
    takeBack,
  });
};
const tools = toolsOf();

type NamedCall = { readonly name: string; readonly input: unknown };

const good = { name: 'refund', input: { orderId: 'o-1', cents: 5 } };
const wrong = { name: 'refund', input: { orderId: 'o-1', cents: 'five' } };
const WRONG = {
  ok: false,
  refused: 'invalid',
  message: 'refund was called with cents: Invalid input: expected number, received string.',
};

const started = async (body: (ctx: TripContext) => Promise<unknown>, before: AnyService = tools): Promise<Instance> => {
  const trip = new Instance(tripOf(body), { services: [before, ...services] });
  await trip.starts(Checkout);
  return trip;
};

/** Returns what the steps of `body` give, after the answers to its commands. */
const results = async (body: (ctx: TripContext) => Promise<unknown>, ...outputs: readonly [string, object][]): Promise<unknown> => {
  const trip = await started(body);
  for (const [name, output] of outputs) await trip.completes(name, output as never);
  expect(trip.bug).toBeUndefined();
  return trip.entries('ProcessCompleted')[0]?.data;
};

describe('ctx.dispatch', () => {
  test('sends the command that the value names, and returns its output', async () => {
    const trip = await started((ctx) => ctx.dispatch(tools, good));
    expect(trip.command('tools.refund')).toMatchObject({ path: 'tools.dispatch:1', input: { orderId: 'o-1', cents: 5 } });
    await trip.completes('tools.refund', { refundId: 'r-1' });
    expect(trip.entries('ProcessCompleted')).toMatchObject([{ data: { ok: true, command: 'refund', output: { refundId: 'r-1' } } }]);
  });

  test('returns a declared error, also with its data', async () => {
    const trip = await started(async (ctx) => {
      const done = await ctx.dispatch(tools, good);
      return done.ok || done.refused ? 'other' : [done.command, done.failure.type, tools.refund.failed(done.failure)];
    });
    await trip.fails('tools.refund', 'AlreadyRefunded');
    expect(trip.entries('ProcessCompleted')).toMatchObject([{ data: ['refund', 'AlreadyRefunded', true] }]);
  });

  test('rejects if the retries are used up, as a call does', async () => {
    const trip = await started((ctx) => ctx.dispatch(tools, { name: 'lookUp', input: { orderId: 'o-1' } }));
    await trip.breaksDown('tools.lookUp', { attempts: 1 });
    expect(trip.status).toBe('failed');
  });

  test('has the options of a call', async () => {
    const trip = await started(async (ctx) => {
      await ctx.dispatch(tools, good, { undo: false, timeout: '7 minutes', only: ['refund'] });
      throw ctx.errors.Refused({ why: 'test' });
    });
    expect(trip.command('tools.refund')).toMatchObject({ timeoutMs: 420_000, stands: true });
    await trip.completes('tools.refund', { refundId: 'r-1' });
    expect(trip.status).toBe('failed');
    expect(trip.open()).toEqual([]);
  });

  test('sends a value of an older version as the newest', async () => {
    const newest = versions(Refund).next(Refund.extend({ currency: z.string() }), (old) => ({ ...old, currency: 'EUR' }));
    const trip = await started((ctx) => ctx.dispatch(tools, good), toolsOf(newest));
    expect(trip.command('tools.refund')).toMatchObject({ input: { orderId: 'o-1', cents: 5, currency: 'EUR' }, version: 2 });
  });
});

describe('a value that does not fit', () => {
  test('is refused with the reason, and with one entry of the journal', async () => {
    const trip = await started((ctx) => ctx.dispatch(tools, wrong));
    expect(trip.entries('ProcessCompleted')).toMatchObject([{ data: WRONG }]);
    expect(trip.trace()).toEqual(['ProcessStarted', 'DispatchRefused tools.dispatch:1', 'ProcessCompleted']);
    expect(trip.entries('DispatchRefused')[0]?.hash).toMatch(/^[0-9a-f]{16}$/);
  });

  test.each<[string, unknown]>([
    ['a name that no command has', 'refundAll'],
    ['the full name of a command', 'tools.refund'],
    ['the key of a prototype', 'toString'],
    ['a name of many characters', 'n'.repeat(10_000)],
    ['no name', undefined],
    ['a name that is no text', 7],
  ])('is refused as unknown: %s', async (_case, name) => {
    const result = await results((ctx) => ctx.dispatch(tools, { name: name as string, input: {} }));
    expect(result).toEqual({
      ok: false,
      refused: 'unknown',
      message: expect.stringMatching(/: expected one of lookUp, refund, takeBack\.$/),
    });
  });

  test('is refused as unknown if `only` does not list the command, and the message has the listed names alone', async () => {
    const result = await results((ctx) => ctx.dispatch(tools, good, { only: ['lookUp'] }));
    expect(result).toEqual({
      ok: false,
      refused: 'unknown',
      message: 'There is no command "refund" to dispatch: expected one of lookUp.',
    });
  });

  const circular: Record<string, unknown> = { orderId: 'o-1' };
  circular['cents'] = circular;
  test.each<[string, unknown]>([
    ['no input', undefined],
    ['null', null],
    ['a text', '{"orderId":"o-1"'],
    ['a bigint', { orderId: 'o-1', cents: 5n }],
    ['NaN', { orderId: 'o-1', cents: Number.NaN }],
    ['a text that UTF-8 cannot encode', { orderId: '\ud800', cents: 5 }],
    ['a circle', circular],
  ])('is refused as invalid, and is no bug: %s', async (_case, input) => {
    expect(await results((ctx) => ctx.dispatch(tools, { name: 'refund', input }))).toMatchObject({ refused: 'invalid' });
  });

  const fails = (): never => {
    throw new RangeError('no such currency');
  };
  test.each<[string, Schema, string]>([
    ['throws', { '~standard': { version: 1, vendor: 'own', validate: fails } }, 'no such currency'],
    // zod calls a check that throws a second time, without waiting for it.
    ['of zod throws', Refund.refine(fails), 'refund was called with a value whose schema is asynchronous'],
    ['is asynchronous', Refund.refine(async () => true), 'refund was called with a value whose schema is asynchronous'],
  ])('is refused as invalid if its schema %s', async (_case, schema, message) => {
    const trip = await started((ctx) => ctx.dispatch(tools, good), toolsOf(schema));
    expect(trip.bug).toBeUndefined();
    expect(trip.entries('ProcessCompleted')).toMatchObject([
      { data: { refused: 'invalid', message: expect.stringMatching(new RegExp(`^${message}`)) } },
    ]);
  });

  test('gets a message of at most 500 characters and an ellipsis', async () => {
    const many = z.object({ orderId: z.string(), cents: z.enum(Array.from({ length: 200 }, (_each, index) => `currency-${index}`)) });
    const trip = await started((ctx) => ctx.dispatch(tools, good), toolsOf(many));
    expect(trip.entries('DispatchRefused')[0]?.message).toMatch(/^refund was called with cents: .{470}…$/);
  });

  test.each<[string, (ctx: TripContext) => Promise<unknown>, unknown]>([
    ['in a scope', (ctx) => ctx.scope('inner', async (ctx) => ctx.dispatch(tools, wrong)), WRONG],
    [
      'in a race, which it wins',
      (ctx) => ctx.race({ slow: ctx.sleep('1 day'), tool: ctx.dispatch(tools, wrong) }),
      { winner: 'tool', value: WRONG },
    ],
    ['in any', (ctx) => ctx.any({ tool: ctx.dispatch(tools, wrong), slow: ctx.sleep('1 day') }), { winner: 'tool', value: WRONG }],
    [
      'in a scope that wins a race',
      (ctx) => ctx.race({ tool: ctx.scope('inner', async (ctx) => ctx.dispatch(tools, wrong)), slow: ctx.sleep('1 day') }),
      { winner: 'tool', value: WRONG },
    ],
    ['twice at the same time', (ctx) => Promise.all([ctx.dispatch(tools, wrong), ctx.dispatch(tools, wrong)]), [WRONG, WRONG]],
    ['in a native race', (ctx) => Promise.race([ctx.dispatch(tools, wrong), ctx.dispatch(tools, { ...wrong, name: 'x' })]), WRONG],
  ])('is refused %s', async (_case, body, expected) => {
    expect(await results(body)).toEqual(expected);
  });

  test('is refused in a compensation, which goes on', async () => {
    const trip = await started(async (ctx) => {
      ctx.compensate('tell', async (ctx) => {
        await ctx.dispatch(tools, wrong);
        await ctx.call(notes.notify, { text: 'undone' });
      });
      throw ctx.errors.Refused({ why: 'test' });
    });
    await trip.completes('notes.notify');
    expect(trip.status).toBe('failed');
  });

  test('leaves the steps of its scope as they are', async () => {
    const trip = await started(async (ctx) => {
      await ctx.dispatch(tools, good);
      await ctx.dispatch(tools, wrong);
      await ctx.waitFor(Nudge);
    });
    await trip.completes('tools.refund', { refundId: 'r-1' });
    expect(trip.status).toBe('running');
    await trip.happens(Nudge);
    expect(trip.status).toBe('completed');
    expect(trip.open()).toEqual([]);
  });
});

describe('a dispatched command', () => {
  test('is undone by its contract if the process fails', async () => {
    const trip = await started(async (ctx) => {
      await ctx.dispatch(tools, good);
      throw ctx.errors.Refused({ why: 'test' });
    });
    await trip.completes('tools.refund', { refundId: 'r-1' });
    expect(trip.open()).toEqual(['tools.takeBack (undo)']);
  });

  test('is withdrawn if it loses a race', async () => {
    const trip = await started(async (ctx) => {
      await ctx.race({ tool: ctx.dispatch(tools, good), nudge: ctx.waitFor(Nudge) });
      await ctx.sleep('1 day');
    });
    await trip.happens(Nudge);
    expect(trip.open()).toEqual(['tools.refund (settling: cancelled)']);
  });

  test.each<[string, { readonly name: string; readonly input: unknown }]>([
    ['that has no undo', { name: 'lookUp', input: { orderId: 'o-1' } }],
    ['that was refused', wrong],
  ])('%s is not undone by ctx.undo, which is no bug because a value has chosen it', async (_case, call) => {
    const trip = await started(async (ctx) => {
      const step = ctx.dispatch(tools, call);
      const done = await step;
      await ctx.undo(step);
      return done.ok;
    });
    if (call.name === 'lookUp') await trip.completes('tools.lookUp', { cents: 5 });
    expect(trip.bug).toBeUndefined();
    expect(trip.status).toBe('completed');
  });

  test('is undone by ctx.undo if it has an undo', async () => {
    const trip = await started(async (ctx) => {
      const step = ctx.dispatch(tools, good);
      await step;
      await ctx.undo(step);
    });
    await trip.completes('tools.refund', { refundId: 'r-1' });
    expect(trip.open()).toEqual(['tools.takeBack (undo)']);
  });

  test('is not decided in a cancelled scope: the step is rejected, and the journal holds no refusal', async () => {
    const trip = await started(async (ctx) => {
      try {
        await ctx.sleep('1 day');
      } finally {
        await ctx.dispatch(tools, wrong);
      }
    });
    await trip.operates('cancel');
    expect(trip.status).toBe('cancelled');
    expect(trip.entries('DispatchRefused')).toEqual([]);
  });
});

describe('a replay of ctx.dispatch', () => {
  const Strict = z.object({ orderId: z.string().max(1), cents: z.int() });
  const Loose = z.object({ orderId: z.string(), cents: z.union([z.string(), z.int()]) });
  const thenWaits =
    (call: NamedCall, options?: { readonly only: readonly 'lookUp'[] }) =>
    async (ctx: TripContext): Promise<unknown> => {
      const done = await ctx.dispatch(tools, call, options);
      await ctx.waitFor(Nudge);
      return done;
    };

  test('keeps a refusal and its message after the contract accepts the value', async () => {
    const trip = await started(thenWaits(wrong));
    await trip.deploys(toolsOf(Loose));
    await trip.happens(Nudge);
    expect(trip.bug).toBeUndefined();
    expect(trip.entries('ProcessCompleted')).toMatchObject([{ data: WRONG }]);
  });

  test('keeps a refusal after `only` lists the command, and after the service has it', async () => {
    const trip = await started(thenWaits(good, { only: ['lookUp'] }));
    expect((await trip.rebuilt(tripOf(thenWaits(good)))).run.bug).toBeUndefined();
  });

  test.each<[string, Schema]>([
    ['refuses the value', Strict],
    ['parses it in another way', Refund.extend({ currency: z.string().default('EUR') })],
  ])('keeps an issued command after the contract %s', async (_change, schema) => {
    const trip = await started(thenWaits(good));
    await trip.deploys(toolsOf(schema));
    await trip.completes('tools.refund', { refundId: 'r-1' });
    await trip.happens(Nudge);
    expect(trip.bug).toBeUndefined();
    expect(trip.entries('ProcessCompleted')).toMatchObject([{ data: { ok: true, output: { refundId: 'r-1' } } }]);
  });

  test('keeps an issued command after `only` no longer lists it', async () => {
    const trip = await started(thenWaits(good));
    expect((await trip.rebuilt(tripOf(thenWaits(good, { only: ['lookUp'] })))).run.bug).toBeUndefined();
  });

  const unspeakable = { name: 'refund', input: 5n };

  test.each<[string, NamedCall, NamedCall, RegExp]>([
    ['another value after a refusal', wrong, { ...wrong, input: { orderId: 'o-2', cents: 'five' } }, /is passed .*"o-2".* with hash/],
    ['a value that fits after a refusal', wrong, good, /DispatchRefused tools\.dispatch:1 is passed .*"cents":5/],
    ['a value of JSON after the refusal of another', unspeakable, wrong, /DispatchRefused tools\.dispatch:1 is passed .*none/],
    ['a value that is no JSON after a refusal', wrong, unspeakable, /DispatchRefused tools\.dispatch:1 is passed .*none/],
    ['another value after a command', good, { ...good, input: { orderId: 'o-1', cents: 6 } }, /is passed cents 6, in the journal it is 5/],
    ['a value that does not fit after a command', good, wrong, /a value that its schema refuses/],
    ['another name after a command', good, { name: 'lookUp', input: good.input }, /is passed the name "lookUp", .* tools\.refund/],
    ['an unknown name after a command', good, { name: 'x', input: good.input }, /is passed the name "x", .* tools\.refund/],
  ])('finds a difference, and no POISON: %s', async (_case, before, after, message) => {
    const trip = await started(thenWaits(before));
    const { bug } = (await trip.rebuilt(tripOf(thenWaits(after)))).run;
    expect(bug).toMatchObject({ code: 'NONDETERMINISM', message: expect.stringMatching(message) });
  });

  test.each([
    ['refused', wrong],
    ['issued', good],
  ])('finds a difference if the code has a new dispatch that is %s', async (_case, call) => {
    const trip = await started((ctx) => ctx.waitFor(Nudge));
    const { bug } = (await trip.rebuilt(tripOf(thenWaits(call)))).run;
    expect(bug).toMatchObject({
      code: 'NONDETERMINISM',
      message: expect.stringMatching(/^The code does not decide what .*the code now decides (?:DispatchRefused|CommandIssued)/),
    });
  });
});
