import * as z from 'zod';
import { command, event, process, service, system, type AnyProcess } from 'tutti';
import { serve } from 'tutti/service';
import { scripted, simulate, type World } from 'tutti/testing';
import { assert, describe, expect, test } from 'vitest';

const Started = event('loud.started', z.object({ id: z.string() }));
const Count = z.object({ n: z.int() });
const tries = service('tries', {
  act: command({ input: Count, output: Count, errors: { No: z.object({}) } }),
  bounded: command({ input: Count, output: Count, retry: { attempts: 2, within: '1 minute' } }),
});
const options = { startOn: Started.byId((start) => start.id) };

type Act = (input: { readonly n: number }, task: { retryAfter(delay: '1 hour', reason: string): Error }) => Promise<{ n: number }>;

const worldOf = async (process: AnyProcess, act: Act = async (input) => input): Promise<World> => {
  const handlers = scripted(tries, { act: act as never, bounded: act as never });
  const world = simulate(system('loud', { processes: [process], services: [tries] }), { services: [handlers] });
  await world.client.publish(Started, { id: 'x' });
  return world;
};

const acting = process('acting', options, async (ctx) => ctx.call(tries.act, { n: 1 }));
const bounded = process('bounded', options, async (ctx) => ctx.call(tries.bounded, { n: 1 }).catch(() => ({ n: 0 })));

describe('a handler that throws an undeclared error', () => {
  const broken: Act = async () => {
    throw new TypeError('gateway is undefined');
  };
  const down: Act = async () => {
    throw new Error('ECONNREFUSED');
  };

  test('fails settle and advance with the command, the error and its line', async () => {
    const world = await worldOf(acting, broken);
    await expect(world.settle()).rejects.toMatchObject({
      code: 'SERVICE_FAULT',
      message: expect.stringMatching(
        /^The handler of tries\.act threw TypeError: gateway is undefined at test\/testing\/loud\.test\.ts:\d+; /,
      ),
      cause: new TypeError('gateway is undefined'),
      stack: expect.stringContaining('loud.test.ts'),
    });
    await expect(world.advance('1 minute')).rejects.toThrow('gateway is undefined');
  });

  test('is named in the error of a result that does not arrive', async () => {
    const world = await worldOf(acting, broken);
    await expect(world.client.result(acting, 'x')).rejects.toMatchObject({
      code: 'TIMED_OUT',
      message: expect.stringContaining('its last run threw TypeError: gateway is undefined at test/testing/loud.test.ts'),
    });
  });

  test('does not fail an advance in which another run succeeds', async () => {
    let runs = 0;
    const world = await worldOf(acting, async (input, task) => ((runs += 1) < 3 ? broken(input, task) : input));
    await world.advance('1 minute');
    expect(await world.client.result(acting, 'x')).toEqual({ n: 1 });
  });

  test('does not fail a test that expects it', async () => {
    const world = await worldOf(acting, broken);
    world.expectFaults(tries.act);
    await world.settle();
    await world.advance('1 minute');
    expect(world.calls(tries.act)).toEqual([{ n: 1 }]);
  });

  test('fails settle if its error may be temporary, but not advance, which lets it run again', async () => {
    const world = await worldOf(acting, down);
    await expect(world.settle()).rejects.toThrow('ECONNREFUSED');
    await world.advance('1 minute');
  });

  test('does not fail the test if the contract limits the attempts', async () => {
    const world = await worldOf(bounded, down);
    await world.settle();
    expect(world.calls(tries.bounded)).toEqual([{ n: 1 }]);
  });

  test('does not fail the test if it requests another run', async () => {
    const world = await worldOf(acting, async (_input, task) => {
      throw task.retryAfter('1 hour', 'busy');
    });
    await world.settle();
    expect(world.calls(tries.act)).toEqual([{ n: 1 }]);
  });

  test('fails the test if its output breaks the contract', async () => {
    const world = await worldOf(acting, async () => ({ n: 'one' as never }));
    await expect(world.settle()).rejects.toThrow(/tries\.act answered with n: Invalid input/);
  });

  test('fails the test if it belongs to a real service', async () => {
    const handlers = serve(tries, { act: broken as never, bounded: broken as never });
    const world = simulate(system('loud', { processes: [acting], services: [tries] }), { services: [handlers] });
    await world.client.publish(Started, { id: 'x' });
    await expect(world.settle()).rejects.toThrow('gateway is undefined');
  });
});

describe('an assertion that fails in a handler', () => {
  test('is the error of the call that made the world continue, even if a later run succeeds', async () => {
    let runs = 0;
    const world = await worldOf(acting, async (input) => {
      if ((runs += 1) === 1) expect(input).toEqual({ n: 2 });
      return input;
    });
    const failed: unknown = await world.advance('1 minute').catch((error: unknown) => error);
    assert(failed instanceof Error);
    expect(failed).toMatchObject({ name: 'AssertionError', actual: { n: 1 }, expected: { n: 2 } });
    expect(failed.stack).toContain('loud.test.ts');
  });
});

describe('an instance that is stuck', () => {
  const broken = process('broken', options, async (ctx, start) => {
    await ctx.sleep('1 hour');
    return (start as unknown as { nope: string[] }).nope.length;
  });

  test('fails settle and advance with its reason and the line of the process, once', async () => {
    const world = await worldOf(broken);
    await expect(world.advance('1 hour')).rejects.toMatchObject({
      code: 'POISON',
      message: expect.stringMatching(
        /^broken x is stuck \(POISON\): TypeError: Cannot read .*test\/testing\/loud\.test\.ts:\d+\. If the test expects it/,
      ),
    });
    await world.settle();
    const { status, why } = await world.client.describe(broken, 'x');
    expect([status, why]).toEqual(['stuck', expect.stringMatching(/at test\/testing\/loud\.test\.ts:\d+/)]);
  });

  test('does not fail a test that expects it, for its reason or for any', async () => {
    for (const code of ['POISON', undefined]) {
      const world = await worldOf(broken);
      world.expectStuck(broken, 'x', code);
      await world.advance('1 hour');
      expect((await world.client.describe(broken, 'x')).status).toBe('stuck');
    }
  });

  test('fails a test that expects another reason', async () => {
    const world = await worldOf(broken);
    world.expectStuck(broken, 'x', 'COMPENSATION');
    await expect(world.advance('1 hour')).rejects.toThrow('broken x is stuck (POISON)');
  });

  test('fails a test that expected it if the instance ended instead', async () => {
    const world = await worldOf(acting);
    world.expectStuck(acting, 'x', 'POISON');
    await expect(world.settle()).rejects.toThrow('acting x was expected to get stuck (POISON), and is completed.');
  });

  test('is named in the error of a result that does not arrive', async () => {
    const world = await worldOf(broken);
    await world.advance('1 hour').catch(() => undefined);
    await expect(world.client.result(broken, 'x')).rejects.toThrow(/^broken x does not end: stuck \(POISON\)/);
  });

  test('is reported together with other stuck instances in one error', async () => {
    const world = await worldOf(broken);
    await world.client.publish(Started, { id: 'y' });
    await expect(world.advance('1 hour')).rejects.toThrow(/broken x is stuck.*\nbroken y is stuck/);
  });
});

describe('a failed step that the process never awaited', () => {
  test('fails advance, and its instance does not complete', async () => {
    const forgetful = process('forgetful', options, async (ctx) => {
      void ctx.call(tries.act, { n: 13 });
      await ctx.sleep('1 minute');
      return 'fine';
    });
    const world = await worldOf(forgetful, async (_input, task) => {
      throw (task as unknown as { errors: { No(data: object): Error } }).errors.No({});
    });
    await expect(world.advance('1 hour')).rejects.toMatchObject({
      code: 'UNAWAITED_STEP',
      message: expect.stringContaining('tries.act:1 failed, and was never awaited: tries.act failed with No'),
    });
    expect((await world.client.describe(forgetful, 'x')).status).toBe('stuck');
  });
});

describe('a clock that a process reads', () => {
  test('fails settle, with the replacement and the line in the message', async () => {
    const reading = process('reading', options, async () => Date.now());
    const world = await worldOf(reading);
    await expect(world.settle()).rejects.toThrow(/reading uses Date\.now\(\): .* Use ctx\.now\(\) at test\/testing\/loud\.test\.ts:\d+/);
  });

  test('does not fail if a handler or the test reads the clock', async () => {
    const world = await worldOf(acting, async (input) => ({ n: Date.now() > 0 ? input.n : Math.random() }));
    await world.settle();
    expect(await world.client.result(acting, 'x')).toEqual({ n: 1 });
  });
});

describe('why of a running instance', () => {
  const More = event('loud.more', z.object({ id: z.string() }));
  const racing = process('racing', { ...options, receives: [More.byId((more) => more.id)] }, async (ctx) => {
    await ctx.race({ late: ctx.sleep('1 hour'), more: ctx.waitFor(More), acted: ctx.call(tries.act, { n: 1 }) });
  });

  test('names every branch of a race, and drops the waits that are over', async () => {
    const world = await worldOf(racing, async (_input, task) => {
      throw task.retryAfter('1 hour', 'busy');
    });
    await world.settle();
    const { why, pending } = await world.client.describe(racing, 'x');
    expect(why).toMatch(/^waits for tries\.act .*; and a sleep until 2026-01-01T01:00:00\.000Z; and the event loud\.more$/);
    expect(pending.map((step) => (step as { kind: string }).kind)).toEqual(['command', 'timer', 'event']);
    await world.client.publish(More, { id: 'x' });
    await world.settle();
    const later = await world.client.describe(racing, 'x');
    expect(later.why).toMatch(/^waits for the final outcome of tries\.act|^completed/);
    expect(later.why).not.toContain('loud.more');
  });

  test('names the last error of the handler', async () => {
    const world = await worldOf(acting, async () => {
      throw new Error('ECONNREFUSED');
    });
    await world.settle().catch(() => undefined);
    expect((await world.client.describe(acting, 'x')).why).toMatch(
      /its last run threw Error: ECONNREFUSED at test\/testing\/loud\.test\.ts:\d+$/,
    );
  });

  test('names the principal and the reason of a cancellation, and so does its result', async () => {
    const sleeping = process('sleeping', options, async (ctx) => {
      await ctx.sleep('1 hour');
    });
    const world = await worldOf(sleeping);
    await world.settle();
    await world.client.cancel(sleeping, 'x', 'fraud');
    await world.settle();
    expect((await world.client.describe(sleeping, 'x')).why).toMatch(/^cancelled at .*: cancelled by test: fraud$/);
    await expect(world.client.result(sleeping, 'x')).rejects.toMatchObject({
      code: 'CANCELLED',
      reason: 'requested',
      message: 'sleeping x was cancelled by test: fraud.',
    });
  });

  test('names the failure of an instance, and so does its result', async () => {
    const world = await worldOf(acting, async (_input, task) => {
      throw (task as unknown as { errors: { No(data: object, message: string): Error } }).errors.No({}, 'not today');
    });
    await world.settle();
    expect((await world.client.describe(acting, 'x')).why).toMatch(/^failed at .*: tries\.act failed with No: not today$/);
    await expect(world.client.result(acting, 'x')).rejects.toMatchObject({
      code: 'PROCESS_FAILED',
      type: 'Other',
      message: 'The process acting failed: tries.act failed with No: not today.',
    });
  });
});
