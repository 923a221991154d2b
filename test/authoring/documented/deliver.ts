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
    const deadline = new Date(ctx.now().getTime() + 3 * 60 * 60_000);
    for (;;) {
      const next = await ctx.race({
        deadline: ctx.until(deadline), // made in each turn: a step that lost a race is over
        changed: ctx.waitFor(OrderChanged),
        cancelled: ctx.waitFor(OrderCancelled),
      });
      if (next.winner === 'deadline') break;
      if (next.winner === 'cancelled') return { delivered: false };
      order = next.value;
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
