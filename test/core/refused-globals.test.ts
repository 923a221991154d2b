import * as z from 'zod';
import { command, decider, process, service } from 'tutti';
import { describe, expect, test } from 'vitest';
import { Instance } from './instance.ts';
import { Checkout, notes, Nudge, type TripContext } from './trip-contracts.ts';
import { started } from './trip-steps.ts';

const bugOf = async (body: (ctx: TripContext) => Promise<unknown>): Promise<string | undefined> => (await started(body)).bug?.message;

describe('globals that a replay cannot repeat throw in a process', () => {
  test.each<[string, () => unknown, string]>([
    ['Date.now()', () => Date.now(), 'a replay would read a different time. Use ctx.now().'],
    ['new Date()', () => new Date(), 'a replay would read a different time. Use ctx.now().'],
    ['Date()', () => Date(), 'a replay would read a different time. Use ctx.now().'],
    ['Math.random()', () => Math.random(), 'a replay would get a different number. Use ctx.random().'],
    ['crypto.randomUUID()', () => crypto.randomUUID(), 'a replay would get a different id. Use ctx.uuid().'],
    [
      'crypto.getRandomValues()',
      () => crypto.getRandomValues(new Uint8Array(1)),
      'a replay would get a different number. Use ctx.random().',
    ],
    [
      'fetch()',
      () => fetch('http://127.0.0.1:9'),
      'each replay would do it again. Do it in a step of ctx.run, or in the handler of a command.',
    ],
    ['setTimeout()', () => setTimeout(() => {}, 1), 'nothing would wake the process after a restart. Use ctx.sleep() or ctx.until().'],
    ['setInterval()', () => setInterval(() => {}, 1), 'nothing would wake the process after a restart. Use ctx.sleep() or ctx.until().'],
    ['setImmediate()', () => setImmediate(() => {}), 'nothing would wake the process after a restart. Use ctx.sleep() or ctx.until().'],
  ])('%s', async (what, use, advice) => {
    const message = `trip uses ${what}: ${advice}`;
    // After a step, in a scope, and if the error is caught.
    expect(
      await bugOf(async (ctx) => {
        use();
        await ctx.sleep('1 day');
      }),
    ).toBe(message);
    const trip = await started(async (ctx) => {
      await ctx.sleep('1 hour');
      await ctx.scope('inner', async (ctx) => {
        try {
          use();
        } catch {
          await ctx.sleep('1 hour');
        }
      });
    });
    await trip.passes('1 hour');
    expect(trip.bug?.message).toBe(message);
  });

  test('the predicate of a wait is refused them too', async () => {
    const trip = await started((ctx) => ctx.waitFor(Nudge, { match: () => Date.now() > 0 }));
    await trip.happens(Nudge, { id: 'a' });
    expect(trip.bug?.message).toContain('trip uses Date.now()');
  });

  test('a handler of a decider, and its first state, get the advice for deciders', async () => {
    const counts = (initial: () => number, next: () => number) =>
      decider('counts', { state: z.object({ n: z.number() }), initial: () => ({ n: initial() }) }).on(
        Checkout.byId((checkout) => checkout.id),
        () => ({ n: next() }),
      );
    for (const [clock, chance] of [
      [() => Date.now(), () => 1],
      [() => 1, () => Math.random()],
    ] as const) {
      const instance = new Instance(counts(clock, chance));
      await instance.starts(Checkout);
      expect(instance.bug?.message).toMatch(
        /^counts uses (Date\.now\(\): .* Use now, which each handler receives\.|Math\.random\(\): .* Take it from the event or from the reply to a command\.)$/,
      );
    }
  });
});

describe('globals are not refused to', () => {
  test('calls that depend on their arguments alone', async () => {
    const trip = await started(async (ctx) => {
      const date = new Date('2026-01-01T00:00:00Z');
      const same = date instanceof Date && new Date(2026, 0, 1).getFullYear() === 2026 && Date.UTC(1970, 0, 1) === 0;
      return [date.toISOString(), Date.parse('1970-01-01T00:00:00Z'), same, ctx.now() instanceof Date];
    });
    expect(trip.bug).toBeUndefined();
    expect(trip.status).toBe('completed');
  });

  test('a schema that reads the clock while it parses', async () => {
    const Stamped = z.object({ at: z.string().default(() => (new Date().getTime() > 0 ? 'some day' : 'never')) });
    const stamps = service('stamps', { stamp: command({ input: Stamped }) });
    const stamping = process('stamping', { startOn: Checkout.byId((checkout) => checkout.id) }, async (ctx) => {
      await ctx.call(stamps.stamp, {});
    });
    const instance = new Instance(stamping, { services: [stamps] });
    await instance.starts(Checkout);
    expect(instance.bug).toBeUndefined();
    expect(instance.open()).toEqual(['stamps.stamp']);
  });

  test('other code while an activation runs, and all code after it', async () => {
    const before = [Date, fetch, setTimeout, Math.random, crypto.randomUUID];
    let during = 0;
    const other = (async () => {
      for (let turn = 0; turn < 20; turn += 1) {
        during = Math.min(Date.now(), new Date().getTime()) + Math.random();
        await new Promise((resolve) => setImmediate(resolve));
      }
    })();
    const trip = await started(async (ctx) => {
      for (let n = 0; n < 5; n += 1) await ctx.until('2020-01-01T00:00:00Z');
    });
    await other;
    expect(trip.bug).toBeUndefined();
    expect(during).toBeGreaterThan(0);
    expect([Date, fetch, setTimeout, Math.random, crypto.randomUUID]).toEqual(before);
    expect(Object.hasOwn(crypto, 'randomUUID')).toBe(false);
  });

  test('a value that other code assigns to a global in the meantime is kept', async () => {
    const real = Date;
    const fake = class extends Date {};
    await started(async (ctx) => {
      globalThis.Date = fake as DateConstructor;
      await ctx.sleep('1 day');
    });
    expect(Date).toBe(fake);
    globalThis.Date = real;
  });

  test('production refuses nothing, and a replay finds the difference', async () => {
    const trip = await started(async (ctx) => ctx.call(notes.notify, { text: typeof Date.now() }), { checks: false });
    expect(trip.bug).toBeUndefined();
  });
});

describe('a return value that is wrong', () => {
  test('of a body that is not async is POISON', async () => {
    expect(await bugOf((() => 'done') as never)).toBe('trip did not return a promise: write async before its function.');
    expect(await bugOf((ctx) => ctx.scope('pay', (() => undefined) as never))).toBe(
      'trip: pay:1 did not return a promise: write async before its function.',
    );
  });

  test('of an async handler of a decider is POISON, and its rejection affects no other instance', async () => {
    const broken = decider('broken', { state: z.object({ n: z.int() }), initial: () => ({ n: 0 }) }).on(
      Checkout.byId((checkout) => checkout.id),
      (async () => {
        throw new Error('lost');
      }) as never,
    );
    const instance = new Instance(broken);
    await instance.starts(Checkout);
    expect(instance.bug).toEqual({
      code: 'POISON',
      message:
        'The handler of broken for event shop.checkout returned a promise: return the next state at once, and do in a command what takes time.',
    });
  });
});
