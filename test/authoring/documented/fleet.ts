import * as z from 'zod';
import { process } from 'tutti';

const Order = z.object({ orderId: z.string(), kg: z.int() });

export const load = process('load', { input: Order, errors: { TooHeavy: z.object({}) } }, async (ctx, order) => {
  if (order.kg > 1_000) throw ctx.errors.TooHeavy({});
  await ctx.sleep('10 minutes');
  return { orderId: order.orderId };
});

export const survey = process('survey', { input: z.object({ van: z.string(), loaded: z.int() }) }, async (ctx, { loaded }) => {
  await ctx.sleep('1 day');
  return loaded;
});

export const fleet = process('fleet', { input: z.object({ van: z.string(), orders: z.array(Order) }) }, async (ctx, input) => {
  const { van, orders } = input;
  // region children
  const outcomes = await ctx.map(orders, (_, order) => ctx.child(load, order), { atOnce: 10, tolerate: 1 });
  const loaded = outcomes.filter(({ ok }) => ok).length;
  ctx.detach(ctx.child(survey, { van, loaded })); // it outlives this process
  // endregion
  return { loaded };
});
