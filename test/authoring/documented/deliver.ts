import * as z from 'zod';
import { process } from 'tutti';
import { carrier, OrderCancelled, OrderChanged, OrderPlaced, payments } from './contracts.ts';

export const deliver = process(
  'deliver',
  {
    startOn: OrderPlaced.byId(({ orderId }) => orderId),
    receives: [OrderChanged.byId(({ orderId }) => orderId), OrderCancelled.byId(({ orderId }) => orderId)],
    errors: { NotPaid: z.object({ reason: z.string() }) },
    view: z.object({ stage: z.enum(['open', 'paid', 'on its way']) }),
  },
  async (ctx, placed) => {
    ctx.view({ stage: 'open' });
    // region loop
    let order = placed;
    for await (const message of ctx.each([OrderChanged, OrderCancelled], { until: '3 hours' })) {
      if (OrderCancelled.is(message)) return { delivered: false };
      order = message.data;
    }
    // endregion
    // region fail
    if (order.total < 0) throw ctx.fail('the total is negative', { total: order.total });
    // endregion
    // region failures
    const paid = await ctx.try(payments.charge, { amount: order.total });
    if (payments.charge.failed(paid)) throw ctx.errors.NotPaid({ reason: paid.data.reason });
    // endregion
    ctx.view({ stage: 'paid' });
    // region exhausted
    let price = 900; // the list price, where the carrier cannot be asked
    try {
      ({ price } = await ctx.call(carrier.quote, { kg: order.kg }));
    } catch (error) {
      if (!carrier.quote.exhausted(error)) throw error; // a cancellation must pass
    }
    // endregion
    await ctx.call(carrier.pickUp, { orderId: order.orderId });
    ctx.view({ stage: 'on its way' });
    return { delivered: true, price };
  },
);
