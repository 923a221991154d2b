import { expect, test } from 'vitest';
import * as z from 'zod';
import { process, system, versions } from 'tutti';
import { queryInstance } from '../../lib/client/query.ts';
import { systemContract } from '../../lib/contract/system.ts';
import { head, memoryPorts } from './ports.ts';

test('query upcasts a view of an older version of its contract', async () => {
  const view = versions(z.object({ stage: z.string() })).next(z.object({ stages: z.array(z.string()) }), ({ stage }) => ({
    stages: [stage],
  }));
  const order = process('order', { input: z.object({}), view }, async (ctx) => {
    await ctx.sleep('1 day');
  });
  const ports = memoryPorts();
  await ports.put(head({ control: JSON.stringify({ format: 2, seq: 1, view: { data: { stage: 'paid' } } }) }));
  const reach = { ports, system: systemContract(system('shop', { processes: [order], services: [] })) };
  expect(await queryInstance(reach, order, 'o-1')).toEqual({ stages: ['paid'] });
});
