import * as z from 'zod';
import { command, decider, end, event, process, publish, send, service, system, timer } from 'tutti';

/** Contracts and processes that the tests of the test kit run. */
export const Ordered = event('shop.ordered', z.object({ id: z.string(), amount: z.int() }));
export const Paid = event('shop.paid', z.object({ id: z.string() }));
export const Shipped = event('shop.shipped', z.object({ id: z.string(), note: z.string().default('none') }));

const refund = command({ input: z.object({ paymentId: z.string() }) });
const charge = command({
  input: z.object({ amount: z.int(), currency: z.string().default('EUR') }),
  output: z.object({ paymentId: z.string() }),
  errors: { Declined: z.object({ reason: z.string() }) },
  undo: { command: refund, input: (_charge, receipt) => ({ paymentId: receipt.paymentId }) },
});
export const payments = service('payments', { charge, refund });
export const parcels = service('parcels', {
  ship: command({ input: z.object({ id: z.string() }), output: z.object({ tracking: z.string() }) }),
  label: command({ input: z.object({ id: z.string() }) }),
});

export const order = process(
  'order',
  { startOn: Ordered.byId((each) => each.id), receives: [Paid.byId((each) => each.id)], publishes: [Shipped] },
  async (ctx, { id, amount }) => {
    await ctx.call(payments.charge, { amount });
    ctx.send(parcels.label, { id });
    const { tracking } = await ctx.call(parcels.ship, { id });
    ctx.publish(Shipped, { id });
    return { tracking };
  },
);

export const invoice = process(
  'invoice',
  { startOn: Ordered.byId((each) => each.id), receives: [Paid.byId((each) => each.id)] },
  async (ctx, { amount }) => {
    const paid = await ctx.waitFor(Paid, { timeout: '30 days' });
    if (paid === undefined) await ctx.call(payments.charge, { amount });
    return { paid: paid !== undefined };
  },
);

export const twins = process('twins', { input: z.object({ amounts: z.array(z.int()) }) }, async (ctx, { amounts }) => {
  const receipts = await Promise.all(amounts.map((amount) => ctx.call(payments.charge, { amount })));
  return receipts.map((receipt) => receipt.paymentId);
});

const late = timer('late');
export const counter = decider('counter', { state: z.object({ orders: z.int() }), initial: () => ({ orders: 0 }), publishes: [Shipped] })
  .on(
    Ordered.byId((each) => each.id),
    (state, { id }) => [{ orders: state.orders + 1 }, send(parcels.label, { id }), late.in('1 hour')],
  )
  .on(late, (state, _, { id }) => [state, publish(Shipped, { id, note: 'late' }), end({ orders: state.orders })]);

export const shop = system('shop', { processes: [order, invoice, twins], services: [payments, parcels] });
export const counters = system('shop', { processes: [counter], services: [parcels] });

export const ordered = { id: 'o-1', amount: 5 };
