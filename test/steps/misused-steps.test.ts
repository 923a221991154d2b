import * as z from 'zod';
import { decider, event, process, service, steps, system, type AnyContext } from 'tutti';
import { simulate, type World } from 'tutti/testing';
import { describe, expect, test } from 'vitest';
import { systemContract } from '../../lib/contract/system.ts';

const Started = event('jobs.started', z.object({ id: z.string() }));

const jobOf = (run: (ctx: AnyContext & { readonly errors: Record<string, unknown> }) => Promise<unknown>) => {
  const job = process('job', { startOn: Started.byId(({ id }) => id), errors: { No: z.object({}) } }, run as never);
  return { job, jobs: system('jobs', { processes: [job], services: [] }) };
};

const start = async (run: Parameters<typeof jobOf>[0]): Promise<World> => {
  const world = simulate(jobOf(run).jobs);
  await world.client.publish(Started, { id: 'a' });
  return world;
};

describe('ctx inside a step', () => {
  test.each<[string, (ctx: Parameters<Parameters<typeof jobOf>[0]>[0]) => unknown, string]>([
    ['ctx.sleep', (ctx) => ctx.sleep('1 day'), ''],
    ['ctx.run', (ctx) => ctx.run('inner', async () => 1), ''],
    ['ctx.now', (ctx) => ctx.now(), ''],
    ['ctx.uuid', (ctx) => ctx.uuid(), ''],
    ['ctx.random', (ctx) => ctx.random(), ''],
    [
      'ctx.log',
      (ctx) => {
        ctx.log('info', 'inside');
      },
      ': use task.log there',
    ],
    [
      'ctx.tag',
      (ctx) => {
        ctx.tag({ a: 'b' });
      },
      '',
    ],
    ['ctx.errors', (ctx) => ctx.errors['No'], ': throw task.fail(reason) there'],
    ['ctx.fail', (ctx) => (ctx as unknown as { readonly fail: (reason: string) => unknown }).fail('no'), ': throw task.fail(reason) there'],
  ])('%s throws WRONG_SCOPE, with the name of the step', async (used, use, instead) => {
    const world = await start((ctx) => ctx.run('pay', async () => void (await use(ctx))));
    await expect(world.settle()).rejects.toThrow(
      `The step pay threw ProcessBug: ${used} was used inside the step pay, which runs outside the process${instead}.`,
    );
  });

  test('still has its id and the name of its run', async () => {
    const seen: unknown[] = [];
    const world = await start((ctx) => ctx.run('look', async () => void seen.push(ctx.id, ctx.runName.length)));
    await world.settle();
    expect(seen).toEqual(['a', 22]);
  });
});

describe('a captured step without an outcome', () => {
  test.each<[string, (ctx: AnyContext) => Promise<unknown>]>([
    ['of ctx.run', (ctx) => ctx.run<string>('choose', async (task) => task.defer())],
    ['that is a timer', (ctx) => ctx.sleep('1 day')],
    ['that is a scope', (ctx) => ctx.scope('part', (ctx) => ctx.sleep('1 day'))],
    [
      'within a scope',
      (ctx) => {
        let inner: Promise<unknown> = Promise.resolve();
        void ctx.scope('part', async (ctx) => {
          inner = ctx.sleep('1 day');
          await inner;
        });
        return inner;
      },
    ],
    ['among others', (ctx) => ctx.race({ a: ctx.sleep('1 day'), b: ctx.sleep('2 days') })],
  ])('%s is not awaited in a body: WRONG_SCOPE names both and the remedy', async (_kind, open) => {
    const waysToAwait: ((step: Promise<unknown>) => Promise<unknown>)[] = [
      async (step) => step,
      (step) => Promise.all([step, Promise.resolve(1)]),
      (step) => step.then(() => 1),
    ];
    for (const awaited of waysToAwait) {
      const world = await start(async (ctx) => {
        const step = open(ctx);
        return ctx.run('pay', async () => {
          await awaited(step);
        });
      });
      await expect(world.settle()).rejects.toThrow(
        /The step pay threw ProcessBug: The step pay awaits the step (?:choose|sleep|part|part\/sleep|race), which had no outcome yet when the process called ctx\.run\./,
      );
    }
  });

  test.each<[string, (step: Promise<unknown>, other: Promise<unknown>) => Promise<unknown>]>([
    ['Promise.all', (step, other) => Promise.all([other, step])],
    ['Promise.allSettled', (step, other) => Promise.allSettled([step, other])],
    ['Promise.any', (step) => Promise.any([step, step])],
    ['Promise.race', (step) => Promise.race([step, step])],
    ['Promise.all within Promise.race', (step, other) => Promise.race([Promise.all([step, other]), step])],
  ])('is refused in a body behind %s that the process has made, and nothing hangs', async (_way, combined) => {
    const world = await start(async (ctx) => {
      const both = combined(ctx.sleep('1 day'), Promise.resolve(1));
      return ctx.run('pay', async () => {
        await both;
      });
    });
    await expect(world.settle()).rejects.toThrow(
      'The step pay threw ProcessBug: The step pay awaits the step sleep, which had no outcome yet when the process called ctx.run.',
    );
  });

  test('is no reason to refuse a promise that has the outcome of another step, or a rejection', async () => {
    const { job, jobs } = jobOf(async (ctx) => {
      const chosen = ctx.run('choose', async () => '12A');
      const later = ctx.sleep('1 day');
      const first = Promise.race([chosen, later]);
      const failed = Promise.all([later, Promise.reject(new Error('sold out'))]);
      failed.catch(() => undefined);
      await first;
      const paid = await ctx.run('pay', async () => [
        String(await first),
        String(await failed.catch((error: unknown) => (error as Error).message)),
      ]);
      await later;
      return paid;
    });
    const world = simulate(jobs, { patience: '2 days' });
    await world.client.publish(Started, { id: 'a' });
    expect(await world.client.result(job, 'a')).toEqual(['12A', 'sold out']);
  });

  test('is awaited in a body once it has an outcome', async () => {
    const { job, jobs } = jobOf(async (ctx) => {
      const chosen = ctx.run('choose', async () => '12A');
      await chosen;
      return ctx.run('pay', async () => `paid ${await chosen}`);
    });
    const world = simulate(jobs);
    await world.client.publish(Started, { id: 'a' });
    await world.settle();
    expect(await world.client.result(job, 'a')).toBe('paid 12A');
  });

  test('fails the step as any error of its body does, and the last error has the reason', async () => {
    const { job, jobs } = jobOf(async (ctx) => {
      const later = ctx.sleep('1 day');
      await ctx.run(
        'pay',
        async () => {
          await later;
        },
        { retry: { attempts: 2 } },
      );
    });
    const world = simulate(jobs);
    world.expectFaults('pay');
    await world.client.publish(Started, { id: 'a' });
    await world.advance('1 hour');
    expect((await world.client.describe(job, 'a')).why).toMatch(
      /The last error was .*: The step pay awaits the step sleep, which had no outcome yet/,
    );
  });
});

describe('an output that is not JSON', () => {
  class Receipt {
    readonly id = 'p-1';
  }
  test.each<[unknown, string]>([
    [{ at: new Date(0) }, 'an instance of Date at output.at, which is not JSON: return output.at.toISOString().'],
    [{ list: [new Map()] }, 'an instance of Map at output.list.0, which is not JSON: return Object.fromEntries(output.list.0).'],
    [new Set([1]), 'an instance of Set at output, which is not JSON: return [...output].'],
    [new Receipt(), 'an instance of Receipt at output, which is not JSON: return a plain object with the fields that the process needs.'],
    [{ n: 5n }, 'a bigint at output.n, which is not JSON: return String(output.n).'],
    [{ n: Number.NaN }, 'NaN at output.n, which is not JSON: return null.'],
    [[undefined], 'undefined at output.0, which is not JSON: return null.'],
    [{ call: () => 1 }, 'a function at output.call, which is not JSON: return only data.'],
  ])('%o fails the run with what was received and what to do', async (output, message) => {
    const world = await start((ctx) => ctx.run('pay', async () => output as never));
    await expect(world.settle()).rejects.toThrow(`The step pay returned ${message}`);
  });
});

describe('a build without the step', () => {
  const { job, jobs } = jobOf((ctx) => ctx.run('pay', async () => 'paid'));
  const { jobs: changed } = jobOf((ctx) => ctx.run('charge', async () => 'charged'));

  test('claims nothing: the command waits for a build that has the step', async () => {
    const world = simulate(jobs);
    world.down(steps, '1 minute');
    await world.client.publish(Started, { id: 'a' });
    await world.settle();
    world.deploy(changed);
    world.expectFaults(steps.run);
    await world.advance('5 minutes');
    expect((await world.client.describe(job, 'a')).status).toBe('running');
    world.deploy(jobs);
    await world.advance('2 minutes');
    expect(await world.client.result(job, 'a')).toBe('paid');
  });

  test('fails a test with what it lacks, unless the test expects it', async () => {
    const world = simulate(jobs);
    world.down(steps, '1 minute');
    await world.client.publish(Started, { id: 'a' });
    await world.settle();
    world.deploy(changed);
    await expect(world.advance('5 minutes')).rejects.toThrow(
      /this build of job does not reach the step pay of default#job#a: The code does not decide what the journal .* holds: .*: it waits for another build/,
    );
  });

  test('answers after 15 minutes that nothing happened; the code of the step is needed to go on', async () => {
    const world = simulate(jobs);
    world.down(steps, '1 minute');
    await world.client.publish(Started, { id: 'a' });
    await world.settle();
    world.deploy(changed);
    world.expectFaults('pay');
    world.expectStuck(job, 'a', 'NONDETERMINISM');
    await world.advance('20 minutes');
    expect((await world.client.describe(job, 'a')).status).toBe('stuck');
    world.deploy(jobs);
    await world.client.resume(job, 'a');
    await world.advance('20 minutes');
    expect(await world.client.result(job, 'a')).toBe('paid');
    const issued = world.journal(job, 'a').filter((entry) => (entry as { readonly type: string }).type === 'CommandIssued');
    expect(issued).toMatchObject([{ path: 'pay:1' }, { path: 'pay:1' }]);
  });
});

describe('a build whose code leaves a promise rejected', () => {
  test('does not end the step runner: the command waits for another build, and the other steps run', async () => {
    const { job, jobs } = jobOf((ctx) => ctx.run('pay', async () => 'paid'));
    const { jobs: broken } = jobOf((ctx) => {
      if (ctx.id === 'a') void Promise.reject(new TypeError('cannot read the fare'));
      return ctx.run('pay', async () => 'paid');
    });
    const world = simulate(jobs);
    world.down(steps, '1 minute');
    for (const id of ['a', 'b']) await world.client.publish(Started, { id });
    await world.settle();
    world.deploy(broken);
    world.expectFaults(steps.run);
    await world.advance('5 minutes');
    expect((await world.client.describe(job, 'a')).status).toBe('running');
    expect(await world.client.result(job, 'b')).toBe('paid');
    world.deploy(jobs);
    await world.advance('2 minutes');
    expect(await world.client.result(job, 'a')).toBe('paid');
  });
});

describe('the service steps', () => {
  test('belongs to each system with an async process, and to no system of deciders', () => {
    const counter = decider('counter', { state: z.object({}), initial: () => ({}) }).on(
      Started.byId(({ id }) => id),
      (state) => state,
    );
    expect([...systemContract(jobOf(async () => 1).jobs).services.keys()]).toEqual(['steps']);
    expect([...systemContract(system('jobs', { processes: [counter], services: [] })).services.keys()]).toEqual([]);
  });

  test('cannot be listed, and its name is taken', () => {
    expect(() => system('jobs', { processes: [], services: [steps] })).toThrow(
      'a service cannot have the name steps, which is the built-in service of ctx.run',
    );
    expect(() => system('jobs', { processes: [], services: [service('steps-of-mine', {})] })).toThrow(
      'names that begin with steps- are reserved',
    );
  });

  test.each<[string, (ctx: AnyContext) => unknown]>([
    ['called', (ctx) => ctx.call(steps.run, { step: 'pay:1' })],
    ['dispatched', (ctx) => ctx.dispatch(steps, { name: 'run', input: { step: 'pay:1' } })],
    [
      'sent',
      (ctx) => {
        ctx.send(steps.undo, { step: 'pay:1', output: 1 });
      },
    ],
  ])('is not %s by a process', async (how, use) => {
    const { job, jobs } = jobOf(async (ctx) => use(ctx));
    const world = simulate(jobs);
    world.expectStuck(job, 'a', 'POISON');
    await world.client.publish(Started, { id: 'a' });
    await world.settle();
    expect((await world.client.describe(job, 'a')).why).toContain(`was ${how}: expected ctx.run(name, async (task) => …)`);
  });

  test.each<[unknown, unknown, string]>([
    ['pay', 'no function', 'ctx.run("pay") was given no function: expected async (task) => …'],
    ['', async () => 1, 'ctx.run was given an empty name'],
    [7, async () => 1, 'labelled a scope, a compensation, a step or a change 7: it is not a string'],
  ])('is not asked for the step %o with the body %o', async (name, body, message) => {
    const { job, jobs } = jobOf((ctx) => ctx.run(name as string, body as () => Promise<number>));
    const world = simulate(jobs);
    world.expectStuck(job, 'a', 'POISON');
    await world.client.publish(Started, { id: 'a' });
    await world.settle();
    expect((await world.client.describe(job, 'a')).why).toContain(message);
  });
});

describe('world.runs', () => {
  const { job, jobs } = jobOf(async (ctx) => {
    const paid = await ctx.run('pay', async () => ({ id: 'real' }), { undo: async () => {} });
    return ctx.scope('trip', (ctx) => ctx.run('book', async () => `real, ${paid.id}`));
  });

  test('replaces a step by its name or by its path, and its undo', async () => {
    const world = simulate(jobs);
    const undone: unknown[] = [];
    world.runs('pay', async () => ({ id: 'p-1' }), { undo: async (output) => void undone.push(output) });
    world.runs('trip/book', async (task) => {
      throw task.fail('sold out');
    });
    await world.client.publish(Started, { id: 'a' });
    await world.settle();
    expect((await world.client.describe(job, 'a')).why).toContain('the step trip/book failed: sold out');
    expect(undone).toEqual([{ id: 'p-1' }]);
  });

  test('leaves all other steps to the bodies of the process', async () => {
    const world = simulate(jobs);
    world.runs('pay', async () => ({ id: 'p-1' }));
    await world.client.publish(Started, { id: 'a' });
    await world.settle();
    expect(await world.client.result(job, 'a')).toBe('real, p-1');
  });
});
