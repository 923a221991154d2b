import { command, event, process, service, system } from 'tutti';
import { startLocal } from 'tutti/local';
import { serve } from 'tutti/service';
import { describe, expect, test } from 'vitest';
import * as z from 'zod';
import { startCollector } from '../client/collector.ts';

const Ordered = event('shop.ordered', z.object({ id: z.string() }));
const stock = service('stock', { take: command({ input: z.object({ id: z.string() }) }) });
const order = process('order', { startOn: Ordered.byId(({ id }) => id) }, async (ctx, { id }) => ctx.call(stock.take, { id }));
const shop = system('shop', { processes: [order], services: [stock] });
const services = [serve(stock, { take: async () => null })];

describe('the local runtime with otlp', () => {
  test('exports the spans of a run', async () => {
    const collector = await startCollector();
    const { client, stop } = await startLocal(shop, { services, otlp: { endpoint: collector.url, headers: { 'api-key': 'k' } } });
    await client.publish(Ordered, { id: 'o-1' });
    await client.result(order, 'o-1');
    await stop();
    expect(new Set(collector.spans().map(({ name }) => name))).toEqual(
      new Set(['process order', 'send stock.take', 'order', 'call stock.take']),
    );
    expect(new Set(collector.requests.map(({ headers }) => headers['api-key']))).toEqual(new Set(['k']));
  });

  test('goes on without a collector, and reports the spans that it has lost', async () => {
    const faults: unknown[] = [];
    const otlp = { endpoint: 'http://127.0.0.1:9' };
    const { client, stop } = await startLocal(shop, { services, otlp, onFault: (fault) => void faults.push(fault) });
    await client.publish(Ordered, { id: 'o-1' });
    await client.result(order, 'o-1');
    await stop();
    expect(String(faults[0])).toMatch(/2 spans were not exported: http:\/\/127\.0\.0\.1:9\/v1\/traces did not reply/);
  });

  test.each([
    [{ endpoint: '127.0.0.1:4318' }, 'The endpoint of otlp is "127.0.0.1:4318": expected an http or https address.'],
    [{ endpoint: 'http://127.0.0.1:4318', sample: 5 }, 'The sample of otlp is 5: expected a number from 0 to 1.'],
  ])('%j is refused', async (otlp, message) => {
    await expect(startLocal(shop, { services, otlp })).rejects.toThrow(message);
  });
});
