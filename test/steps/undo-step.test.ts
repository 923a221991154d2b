import * as z from 'zod';
import { event, process, steps, system, type AnyContext } from 'tutti';
import { simulate, type World } from 'tutti/testing';
import { describe, expect, test } from 'vitest';

const Started = event('jobs.started', z.object({ id: z.string(), n: z.int().default(1) }));

const jobOf = (run: (ctx: AnyContext, input: { readonly n: number }) => Promise<unknown>, onClosed: 'reject' | 'restart' = 'reject') => {
  const job = process('job', { startOn: Started.byId(({ id }) => id), onClosed }, run as never);
  return { job, jobs: system('jobs', { processes: [job], services: [] }) };
};

const start = async (run: (ctx: AnyContext) => Promise<unknown>): Promise<World> => {
  const world = simulate(jobOf(run).jobs);
  await world.client.publish(Started, { id: 'a' });
  return world;
};

describe('the undo of a step', () => {
  test('gets the real output and its own command id, newest step first, and is retried', async () => {
    const undone: unknown[] = [];
    const ids = new Set<string>();
    let down = 2;
    const undo = async (output: unknown, task: { readonly commandId: string; readonly undoes?: string }): Promise<void> => {
      ids.add(task.commandId);
      down -= 1;
      if (down >= 0) throw new TypeError('connect ECONNREFUSED');
      undone.push(output, task.undoes?.replace(/^.*\//, ''));
    };
    const world = await start(async (ctx) => {
      const id = (await ctx.run('pay', async () => ({ id: 'p-1' }), { undo })).id;
      await ctx.run('book', async () => ({ seat: `12A for ${id}` }), { undo });
      await ctx.run('render', async (task) => {
        throw task.fail('no paper');
      });
    });
    world.expectFaults(steps.undo);
    await world.advance('1 hour');
    expect(undone).toEqual([{ seat: '12A for p-1' }, '2', { id: 'p-1' }, '1']);
    expect(ids.size).toBe(2);
  });

  test('runs after the end of the process too, when the success came late', async () => {
    const undone: unknown[] = [];
    const { job, jobs } = jobOf((ctx) => ctx.run('pay', async () => 'p-1', { undo: async (id) => void undone.push(id) }));
    const world = simulate(jobs);
    world.down(steps, '1 hour');
    await world.client.publish(Started, { id: 'a' });
    await world.settle();
    await world.client.terminate(job, 'a', 'by hand');
    await world.advance('2 hours');
    expect((await world.client.describe(job, 'a')).status).toBe('terminated');
    expect(undone).toEqual(['p-1']);
  });

  test('of an earlier run finds its functions in the journal of that run', async () => {
    const undone: unknown[] = [];
    const { job, jobs } = jobOf(
      (ctx, { n }) => ctx.run('pay', async () => `p-${n}`, { undo: async (id) => void undone.push([id, n]) }),
      'restart',
    );
    const world = simulate(jobs);
    world.down(steps, '1 hour');
    await world.client.publish(Started, { id: 'a', n: 1 });
    await world.settle();
    await world.client.terminate(job, 'a', 'by hand');
    await world.client.publish(Started, { id: 'a', n: 2 });
    await world.advance('2 hours');
    expect(await world.client.result(job, 'a')).toBe('p-2');
    expect(undone).toEqual([['p-1', 1]]);
  });

  test('that fails for good makes the instance stuck, and the message names the step', async () => {
    const { job, jobs } = jobOf(async (ctx) => {
      await ctx.run('pay', async () => 'p-1', {
        undo: async (_id, task) => {
          throw task.fail('too late to refund');
        },
      });
      await ctx.undo();
    });
    const world = simulate(jobs);
    world.expectStuck(job, 'a', 'COMPENSATION');
    await world.client.publish(Started, { id: 'a' });
    await world.settle();
    expect((await world.client.describe(job, 'a')).why).toContain('the undo of the step pay ended failed after 1 run');
  });

  test('is refused by ctx.undo if the step has none', async () => {
    const { job, jobs } = jobOf(async (ctx) => {
      const paying = ctx.run('pay', async () => 'p-1');
      await paying;
      await ctx.undo(paying);
    });
    const world = simulate(jobs);
    world.expectStuck(job, 'a', 'POISON');
    await world.client.publish(Started, { id: 'a' });
    await world.settle();
    expect((await world.client.describe(job, 'a')).why).toContain('ctx.undo was given pay:1, but ctx.run was given no undo');
  });
});
