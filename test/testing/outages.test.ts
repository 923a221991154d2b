import { describe, expect, test } from 'vitest';
import * as z from 'zod';
import { command, event, process, service, system, type Retry } from '../../lib/index.ts';
import { serve } from '../../lib/service/index.ts';
import { simulate, type World } from '../../lib/testing/index.ts';

const Go = event('t.go', z.object({ id: z.string() }));

interface Provider {
  up: boolean;
  runs: number;
}

/** A process that calls a provider once. `parts` are members of the command's contract. */
const asking = (
  parts: { readonly timeout?: '10 seconds' | '1 minute' | '15 minutes'; readonly retry?: Retry },
  fault: (task: { retryAfter(delay: '1 minute', reason: string): Error }) => Error = () => new Error('down'),
): { readonly world: World; readonly provider: Provider; readonly status: () => Promise<string> } => {
  const provider: Provider = { up: false, runs: 0 };
  const svc = service('provider', { ask: command({ input: z.object({}), ...parts }) });
  const ask = process('ask', { startOn: Go.byId((go) => go.id) }, async (ctx) => {
    await ctx.call(svc.ask, {});
  });
  const served = serve(svc, {
    ask: async (_input, task) => {
      provider.runs += 1;
      if (!provider.up) throw fault(task);
    },
  });
  const world = simulate(system('s', { processes: [ask], services: [svc] }), { services: [served] });
  world.expectFaults(svc.ask);
  return { world, provider, status: async () => (await world.client.describe(ask, 'x')).status };
};

describe('a provider that is down', () => {
  test.each(['4 hours', '8 hours', '2 days'] as const)(
    'for %s is waited for under the default policy',
    { timeout: 60_000 },
    async (down) => {
      const { world, provider, status } = asking({});
      await world.client.publish(Go, { id: 'x' });
      await world.advance(down);
      provider.up = true;
      await world.advance('10 minutes');
      expect(await status()).toBe('completed');
    },
  );

  test('a provider that requests a later run is called then, within the time limit of the command', async () => {
    const { world, provider, status } = asking({}, (task) => task.retryAfter('1 minute', 'busy'));
    await world.client.publish(Go, { id: 'x' });
    await world.advance('1 hour');
    expect(provider.runs).toBe(61);
    provider.up = true;
    await world.advance('2 minutes');
    expect(await status()).toBe('completed');
  });

  test('is called equally often in an hour for every timeout of the command', { timeout: 60_000 }, async () => {
    const runs: number[] = [];
    for (const timeout of ['10 seconds', '1 minute', '15 minutes'] as const) {
      const { world, provider } = asking({ timeout });
      await world.client.publish(Go, { id: 'x' });
      await world.advance('1 hour');
      runs.push(provider.runs);
    }
    expect(Math.max(...runs)).toBeLessThan(1.5 * Math.min(...runs));
  });
});

describe('the pauses of a contract are kept', () => {
  test('when they are long', async () => {
    const { world, provider } = asking({ retry: { first: '10 minutes', factor: 1 } });
    await world.client.publish(Go, { id: 'x' });
    await world.advance('1 minute');
    expect(provider.runs).toBeLessThanOrEqual(2);
  });

  test('when they are short', async () => {
    const { world, provider } = asking({ retry: { first: '1 second', factor: 1, most: '1 second' } });
    await world.client.publish(Go, { id: 'x' });
    await world.advance('10 minutes');
    expect(provider.runs).toBeGreaterThan(300);
  });
});
