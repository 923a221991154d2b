import * as z from 'zod';
import { event, process, steps, system, type AnyContext, type Process, type StepTask } from 'tutti';
import { everyCrash, simulate, type World } from 'tutti/testing';
import { describe, expect, test } from 'vitest';
import { Bank, cart, CartCheckedOut, seatsWith } from './seats.ts';

const Started = event('jobs.started', z.object({ id: z.string() }));

/** A world with one process whose body is given, started with the id `a`. */
const started = async (
  run: (ctx: AnyContext) => Promise<unknown>,
): Promise<{ readonly world: World; readonly job: Process<'job', never> }> => {
  const job = process('job', { startOn: Started.byId(({ id }) => id) }, run as never) as unknown as Process<'job', never>;
  const world = simulate(system('jobs', { processes: [job], services: [] }));
  await world.client.publish(Started, { id: 'a' });
  return { world, job };
};

const resultOf = async (run: (ctx: AnyContext) => Promise<unknown>): Promise<unknown> => {
  const { world, job } = await started(run);
  await world.settle();
  return world.client.result(job, 'a');
};

const paths = (world: World, job: Process<'job', never>): unknown[] =>
  (world.journal(job, 'a') as readonly { readonly type: string; readonly path: string; readonly command: string }[])
    .filter(({ type }) => type === 'CommandIssued')
    .map(({ command, path }) => `${command} ${path}`);

describe('the body of a step', () => {
  test('runs once, outside the process, with the variables that it captured', async () => {
    const bank = new Bank();
    const { bookSeat, seats } = seatsWith({ bank, book: async (flight) => `12A on ${flight}` });
    const world = simulate(seats);
    await world.client.publish(CartCheckedOut, cart);
    await world.settle();
    expect(await world.client.result(bookSeat, 'c-1')).toEqual({ seat: '12A on BER-LIS', html: '<b>p-10200</b>' });
    expect([...bank.charges.values()]).toEqual([10_200]);
    expect(bank.calls).toBe(1);
    expect(world.calls(steps.run)).toEqual([{ step: 'charge:1' }, { step: 'trip:1/book:1' }, { step: 'render:1' }]);
  });

  test('leads to one effect under one idempotency key, at whatever point a worker is killed', async () => {
    let bank = new Bank();
    const book = async (flight: string): Promise<string> => `12A on ${flight}`;
    const { bookSeat, seats } = seatsWith({
      bank: { charge: (...args) => bank.charge(...args), refund: (...args) => bank.refund(...args) },
      book,
    });
    await everyCrash(seats, {}, async (world) => {
      bank = new Bank();
      await world.client.publish(CartCheckedOut, cart);
      await world.advance('1 hour');
      expect(await world.client.result(bookSeat, 'c-1')).toEqual({ seat: '12A on BER-LIS', html: '<b>p-10200</b>' });
      expect(bank.charges.size).toBe(1);
    });
  });

  test('may read the clock, random numbers and the network, which the process may not', async () => {
    const read = await resultOf((ctx) =>
      ctx.run('read', async () => {
        await new Promise((resolve) => setTimeout(resolve, 1));
        const refused = await fetch('http://127.0.0.1:9').then(
          () => 'answered',
          (error: Error) => error.name,
        );
        return { at: new Date().toISOString(), now: Date.now() > 0, id: crypto.randomUUID(), chance: Math.random() < 1, refused };
      }),
    );
    expect(read).toEqual({ at: expect.any(String), now: true, id: expect.any(String), chance: true, refused: 'TypeError' });
  });

  test('sees captured variables as of the end of the activation that called ctx.run, and its assignments are lost', async () => {
    const seen: unknown[] = [];
    const result = await resultOf(async (ctx) => {
      let count = 1;
      const step = ctx.run('count', async () => {
        seen.push(count);
        count = 100;
        return count;
      });
      count = 2;
      const returned = await step;
      return { returned, count };
    });
    expect(seen).toEqual([2]);
    expect(result).toEqual({ returned: 100, count: 2 });
  });

  test('sees the same captured variables when it runs again, though the process has gone on', async () => {
    const seen: unknown[] = [];
    const { world, job } = await started(async (ctx) => {
      let phase = 'before';
      const step = ctx.run('report', async () => {
        seen.push(phase);
        if (seen.length < 3) throw new TypeError('not yet');
        return phase;
      });
      await ctx.sleep('1 second');
      phase = 'after';
      return { reported: await step, phase };
    });
    world.expectFaults(steps.run);
    await world.advance('1 hour');
    expect(seen).toEqual(['before', 'before', 'before']);
    expect(await world.client.result(job, 'a')).toEqual({ reported: 'before', phase: 'after' });
  });

  test('runs in loops, scopes, races, helpers and compensations, each under a path of its own', async () => {
    const double = (ctx: AnyContext, n: number): Promise<number> => ctx.run('double', async () => 2 * n);
    const { world, job } = await started(async (ctx) => {
      const doubles: number[] = [];
      for (const n of [1, 2, 3]) doubles.push(await double(ctx, n));
      const all = await Promise.all([4, 5].map((n) => double(ctx, n)));
      const winner = await ctx.race({ fast: ctx.run('50%: a/b', async () => 'fast'), slow: ctx.sleep('1 day') });
      await ctx.scope('part', async (ctx) => {
        ctx.compensate('tell', (ctx) => ctx.run('apologise', async () => doubles.length));
        await double(ctx, 6);
        await ctx.undo();
      });
      return { doubles, all, winner: winner.value };
    });
    await world.settle();
    expect(await world.client.result(job, 'a')).toEqual({ doubles: [2, 4, 6], all: [8, 10], winner: 'fast' });
    expect(paths(world, job)).toEqual([
      ...[1, 2, 3, 4, 5].map((n) => `steps.run double:${n}`),
      'steps.run 50%25%3A a%2Fb:1',
      'steps.run part:1/double:1',
      'steps.run part:1/tell:1/run:1/apologise:1',
    ]);
  });

  test('is found in a long journal whose entries and values have left the head', async () => {
    const result = await resultOf(async (ctx) => {
      const pages: string[] = [];
      for (let n = 0; n < 40; n += 1) pages.push(await ctx.run('page', async () => `${n}`.repeat(1_200)));
      return ctx.run('join', async () => pages.map((page) => page.length + Number(page.slice(0, 1))));
    });
    expect(result).toHaveLength(40);
  });

  test('without an output gives null', async () => {
    expect(await resultOf(async (ctx) => [await ctx.run('nothing', async () => {})])).toEqual([null]);
  });

  test('gets the ids, the deadline and the attempt of its command', async () => {
    const tasks: StepTask[] = [];
    await resultOf((ctx) => ctx.run('look', async (task) => void tasks.push(task), { retry: { within: '1 hour' } }));
    const [{ commandId, processId, attempt, deadline, undoes, token }] = tasks as [StepTask];
    expect({ commandId: commandId.replace(/\/.*\//, '/run/'), processId, attempt, deadline, undoes }).toEqual({
      commandId: 'default#job#a/run/1',
      processId: 'a',
      attempt: 1,
      deadline: new Date('2026-01-01T01:00:00.000Z'),
      undoes: undefined,
    });
    expect(token).toMatch(/^t2\./);
  });
});

describe('an error in the body of a step', () => {
  test('is retried within the limits of the step, under the same command id', async () => {
    const ids = new Set<string>();
    let runs = 0;
    const { world, job } = await started((ctx) =>
      ctx.run('flaky', async ({ commandId }) => {
        ids.add(commandId);
        runs += 1;
        if (runs < 4) throw new TypeError('connect ECONNREFUSED');
        return runs;
      }),
    );
    world.expectFaults(steps.run);
    await world.advance('1 hour');
    expect(await world.client.result(job, 'a')).toBe(4);
    expect(ids.size).toBe(1);
  });

  test('rejects the step with CommandExhausted when its attempts are used up, and the message names the step', async () => {
    const { world, job } = await started((ctx) =>
      ctx.scope('trip', (ctx) =>
        ctx.run(
          'book',
          async () => {
            throw new TypeError('out of order');
          },
          { retry: { attempts: 2 } },
        ),
      ),
    );
    world.expectFaults(steps.run);
    await world.advance('1 hour');
    expect((await world.client.describe(job, 'a')).why).toMatch(
      /^failed at .*: the step trip\/book may or may not have happened after 2 attempts: its retry limits are used up\. The last error was TypeError: out of order$/,
    );
  });

  test('made by task.fail rejects the step at once, with its reason and data, and is never retried', async () => {
    let runs = 0;
    const caught: unknown[] = [];
    const { world, job } = await started(async (ctx) => {
      try {
        await ctx.run('book', async (task) => {
          runs += 1;
          throw task.fail('sold out', { left: 0 });
        });
      } catch (error) {
        if (!steps.run.failed(error)) throw error;
        caught.push(error.message, error.data);
        throw error;
      }
    });
    await world.settle();
    expect(runs).toBe(1);
    expect(caught.slice(0, 2)).toEqual(['sold out', { reason: 'sold out', data: { left: 0 } }]);
    const { status, why } = await world.client.describe(job, 'a');
    expect([status, why.replace(/ at \S+:/, ':')]).toEqual(['failed', 'failed: the step book failed: sold out']);
  });

  test('made by task.retryAfter counts as no attempt', async () => {
    let runs = 0;
    const { world, job } = await started((ctx) =>
      ctx.run(
        'busy',
        async (task) => {
          runs += 1;
          if (runs < 4) throw task.retryAfter('10 seconds', 'busy');
          return runs;
        },
        { retry: { attempts: 1 } },
      ),
    );
    await world.advance('1 hour');
    expect(await world.client.result(job, 'a')).toBe(4);
  });

  test('made by task.notDone says that nothing happened, so the outcome is definite at the limit', async () => {
    const { world, job } = await started((ctx) =>
      ctx.run(
        'send',
        async (task) => {
          throw task.notDone('no network');
        },
        { undo: async () => {}, retry: { attempts: 2 } },
      ),
    );
    await world.advance('1 hour');
    expect((await world.client.describe(job, 'a')).why).toContain('the step send failed after 2 attempts');
  });
});

describe('a step of effect once', () => {
  test('is not repeated after a run that may have had its effect, and its outcome is unknown', async () => {
    let runs = 0;
    const job = process('job', { startOn: Started.byId(({ id }) => id) }, (ctx) =>
      ctx.run('fax', async () => void (runs += 1), { effect: 'once', retry: { within: '1 hour' } }),
    );
    const crash = (point: { readonly at: string; readonly count: number }): boolean => point.at === 'after-effect' && point.count === 1;
    const world = simulate(system('jobs', { processes: [job], services: [] }), { crash });
    await world.client.publish(Started, { id: 'a' });
    await world.advance('3 hours');
    expect(runs).toBe(1);
    expect((await world.client.describe(job, 'a')).why).toContain('the step fax may or may not have happened');
    expect(world.calls(steps.once)).toEqual([{ step: 'fax:1' }]);
  });
});

describe('a step that defers', () => {
  test('is completed by a client with the token of its task', async () => {
    const tokens: string[] = [];
    const { world, job } = await started((ctx) =>
      ctx.run<{ approved: boolean }>('ask', async (task) => {
        tokens.push(task.token);
        return task.defer();
      }),
    );
    await world.settle();
    expect((await world.client.describe(job, 'a')).why).toContain('waits for a reply to the step ask by its token');
    await world.client.complete(steps.run, tokens[0] as string, { approved: true });
    await world.settle();
    expect(await world.client.result(job, 'a')).toEqual({ approved: true });
  });
});
