import * as z from 'zod';
import { process, system } from 'tutti';
import { approval, people, stock } from '../client/shop-orders.ts';

/** Takes one item after the other. Each has two entries of the journal. */
export const longOrder = process('long-order', { input: z.object({ steps: z.int().min(0) }) }, async (ctx, { steps }) => {
  for (let step = 0; step < steps; step += 1) await ctx.call(stock.take, { item: 'lamp' });
  return { steps };
});

export const largeShop = system('large-shop', { processes: [longOrder, approval], services: [stock, people] });
