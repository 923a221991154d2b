import { readFileSync } from 'node:fs';
import * as z from 'zod';
import { command, event, process, service, system } from 'tutti';
import { startLocal } from 'tutti/local';
import { serve } from 'tutti/service';
import { expect, test } from 'vitest';
import { serveMetrics } from '../../bin/dev/metrics-server.ts';
import { samplesIn, valueOf, type Sample } from './samples.ts';

/** The exercise of docs/operations.md#exercise: each answer comes from the text that Prometheus reads. */
const Ordered = event('shop.ordered', z.object({ id: z.string(), by: z.enum(['air', 'sea']) }));
const once = {
  input: z.object({ id: z.string() }),
  output: z.object({ ok: z.boolean() }),
  retry: { first: '1 second', most: '1 second' },
} as const;
const [air, sea] = [service('air', { ship: command(once) }), service('sea', { ship: command(once) })];
const order = process('order', { startOn: Ordered.byId(({ id }) => id) }, async (ctx, { id, by }) => {
  await ctx.run('pay', async () => {});
  return by === 'air' ? ctx.call(air.ship, { id }) : ctx.call(sea.ship, { id });
});
const shop = system('shop', { processes: [order], services: [air, sea] });

/** Step 1: the command whose oldest wait is the longest. */
function slowest(samples: readonly Sample[], besides: readonly string[] = []): Sample {
  const waits = samples.filter(({ name, labels }) => name === 'tutti_oldest_wait_seconds' && !besides.includes(labels['service'] ?? ''));
  return waits.toSorted((a, b) => b.value - a.value)[0] as Sample;
}

/** Step 4: why the service does not reply. */
function cause(samples: readonly Sample[], { labels: { service: name = '', command: of = '' } }: Sample): string {
  const attempts = (outcome: string): number => valueOf(samples, 'tutti_attempts_total', { service: name, command: of, outcome }) ?? 0;
  if (attempts('threw') > 0) return 'its handler fails';
  return (valueOf(samples, 'tutti_queue_messages', { queue: name }) ?? 0) > 0 ? 'nothing takes its commands' : 'its handler is slow';
}

async function until<T>(look: () => Promise<T | undefined>): Promise<T> {
  for (;;) {
    const found = await look();
    if (found !== undefined) return found;
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
}

test('an operator finds the slow service, since when, which instances and what to do, from metrics alone', async () => {
  let isDown = true;
  const handler = serve(air, {
    ship: async () => {
      if (isDown) throw new Error('connect ECONNREFUSED');
      return { ok: true };
    },
  });
  const startedAt = Date.now();
  const { client, metrics, stop } = await startLocal(shop, { services: [handler], metrics: true, onFault: () => {} });
  const server = await serveMetrics(metrics, 0);
  const scrape = async (): Promise<Sample[]> => samplesIn(await (await fetch(server.address)).text());
  try {
    for (const id of ['a-1', 'a-2', 'a-3']) await client.publish(Ordered, { id, by: 'air' });
    await client.publish(Ordered, { id: 's-1', by: 'sea' });
    const samples = await until(async () => {
      const read = await scrape();
      const waiting = (of: string): number => valueOf(read, 'tutti_waiting_runs', { service: of, command: `${of}.ship` }) ?? 0;
      const failed = valueOf(read, 'tutti_attempts_total', { service: 'air', command: 'air.ship', outcome: 'threw' }) ?? 0;
      return failed >= 3 && waiting('air') === 3 && waiting('sea') === 1 ? read : undefined;
    });

    // 1, 2. What is slow, and in which service? Both services: each order waits in one of them.
    const first = slowest(samples);
    const second = slowest(samples, [first.labels['service'] ?? '']);
    const [ofAir, ofSea] = first.labels['service'] === 'air' ? [first, second] : [second, first];
    expect([ofAir.labels, ofSea.labels]).toEqual([
      { service: 'air', command: 'air.ship' },
      { service: 'sea', command: 'sea.ship' },
    ]);

    // Since when?
    expect(ofAir.value).toBeGreaterThan(0);
    expect(ofAir.value).toBeLessThanOrEqual((Date.now() - startedAt) / 1_000);

    // 3. Which instances? The longest by its id, and the number of all, which the list of the remedy has.
    const named = samples.find(({ name, labels }) => name === 'tutti_oldest_wait_info' && labels['command'] === 'air.ship');
    expect(named?.labels['id']).toMatch(/^a-[123]$/);
    expect(valueOf(samples, 'tutti_waiting_runs', ofAir.labels)).toBe(3);
    const listed: string[] = [];
    for await (const { id } of client.list({ where: `waits:${ofAir.labels['command']}` })) listed.push(id);
    expect(listed.toSorted()).toEqual(['a-1', 'a-2', 'a-3']);

    // 4. Why, and what to do?
    expect([cause(samples, ofAir), cause(samples, ofSea)]).toEqual(['its handler fails', 'nothing takes its commands']);
    isDown = false;
    await Promise.all(['a-1', 'a-2', 'a-3'].map((id) => client.result(order, id)));
    const after = await scrape();
    expect(valueOf(after, 'tutti_waiting_runs', ofAir.labels)).toBeUndefined();
    expect(valueOf(after, 'tutti_runs_ended_total', { process: 'order', status: 'completed' })).toBe(3);
    expect(valueOf(after, 'tutti_command_latency_seconds_count', ofAir.labels)).toBe(3);
    expect(valueOf(after, 'tutti_open_runs', { process: 'order', status: 'running' })).toBe(1);
    expect(valueOf(after, 'tutti_nothing_pending_runs')).toBe(0);

    // Each metric of the page is one of the text, but for those that count what this shop has not had.
    const page = readFileSync(new URL('../../docs/operations.md', import.meta.url), 'utf8');
    const text = await (await fetch(server.address)).text();
    const absent = ['tutti_runs_stuck_total', 'tutti_messages_parked_total', 'tutti_conflicts_total'];
    const documented = new Set(
      Array.from(page.matchAll(/`(tutti_[a-z_]+)/g), ([, name = '']) => name.replace(/_(?:bucket|sum|count)$/, '')),
    );
    expect([...documented].filter((name) => !text.includes(`# TYPE ${name} `)).toSorted()).toEqual(absent.toSorted());
    for (const [, name = ''] of text.matchAll(/^# TYPE (\S+)/gm)) expect([...documented]).toContain(name);
  } finally {
    await server.close();
    await stop();
  }
});

test('metrics are for requests that name this machine, and only where they are asked for', async () => {
  const server = await serveMetrics(async () => 'up 1\n', 0);
  const { port } = new URL(server.address);
  expect(await (await fetch(server.address)).text()).toBe('up 1\n');
  expect((await fetch(`http://127.0.0.1:${port}/`)).status).toBe(404);
  expect((await fetch(server.address, { method: 'POST' })).status).toBe(404);
  await expect(serveMetrics(async () => '', Number(port))).rejects.toMatchObject({ code: 'UNREACHABLE' });
  await server.close();
  const { metrics, stop } = await startLocal(shop, { services: [] });
  await expect(metrics()).rejects.toMatchObject({ code: 'UNSUPPORTED' });
  await stop();
});
