import { process } from 'tutti';
import { carrier, OrderPlaced } from './contracts.ts';

export const quoted = process('quoted', { startOn: OrderPlaced.byId(({ orderId }) => orderId) }, async (ctx, order) => {
  // region patched
  if (ctx.patched('quote-first')) await ctx.call(carrier.quote, { kg: order.kg });
  // endregion
  const { pickUpId } = await ctx.call(carrier.pickUp, { orderId: order.orderId });
  return pickUpId;
});
