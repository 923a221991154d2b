import { command, event, process, service, system, versions, type Correlated } from 'tutti';
import { z } from 'zod';

const Order = z.object({ orderId: z.string(), note: z.string().optional() });
const placed = <N extends string>(type: `shop.${N}`) => event(type, Order);

export const Placed = event('shop.placed', Order);
export const Confirmed = event('shop.confirmed', z.object({ orderId: z.string(), by: z.string() }));
export const Attaching = placed('shop.attaching');
export const Signalling = placed('shop.signalling');
export const Restarting = placed('shop.restarting');
export const Retrying = placed('shop.retrying');
export const Fragile = placed('shop.fragile');
export const Addressed = event(
  'shop.addressed',
  versions(z.object({ orderId: z.string() })).next(z.object({ orderId: z.string(), street: z.string() }), (old) => ({
    ...old,
    street: '',
  })),
);
export const Refunded = event('payments.refunded', z.object({ orderId: z.string() }));
export const Shipped = event('shop.shipped', z.object({ orderId: z.string() }));

const refund = command({ input: z.object({ paymentId: z.string() }) });
export const payments = service('payments', {
  refund,
  repay: command({ input: Order, output: Refunded }),
  charge: command({
    input: Order,
    output: versions(z.object({ id: z.string() })).next(z.object({ paymentId: z.string() }), (old) => ({ paymentId: old.id })),
    errors: { Declined: z.object({}) },
    timeout: '1 minute',
    retry: { within: '10 minutes' },
    undo: { command: refund, input: (_order, payment) => payment },
  }),
});

/** Asked by no process. */
export const stock = service('stock', { take: command({ input: Order }) });

type Orders = Correlated<string, { orderId: string; note?: string | undefined }, 'id'>;
const byOrder = (order: { readonly orderId: string }): string => order.orderId;

/** Charges, then waits for a confirmation. */
export const fulfil = process(
  'fulfil',
  { startOn: Placed.byId(byOrder), receives: [Confirmed.byId(byOrder)], publishes: [Shipped], early: '1 hour' },
  async (ctx, order) => {
    const { paymentId } = await ctx.call(payments.charge, order);
    const { by } = await ctx.waitFor(Confirmed);
    ctx.publish(Shipped, { orderId: order.orderId });
    return { paymentId, by };
  },
);

/** Waits for a payment whatever happens, and fails where it is declined. */
const policed = (
  name: `p-${string}`,
  startOn: Orders,
  policy: { onOpen?: 'reject' | 'attach' | 'signal'; onClosed?: 'reject' | 'restart' | 'restart-failed' },
) =>
  process(name, { startOn, ...policy }, async (ctx, order) => {
    await ctx.call(payments.charge, order);
  });

export const attaching = policed('p-attaching', Attaching.byId(byOrder), { onOpen: 'attach' });
export const restarting = policed('p-restarting', Restarting.byId(byOrder), { onClosed: 'restart' });
export const retrying = policed('p-retrying', Retrying.byId(byOrder), { onClosed: 'restart-failed' });
export const signalling = process('p-signalling', { startOn: Signalling.byId(byOrder), onOpen: 'signal' }, async (ctx) => {
  const second = await ctx.waitFor(Signalling);
  return { second: second.note ?? '' };
});

/** The fault that the next deploy fixes. */
export const code = { broken: false, brokenAtStart: false };
export const fragile = process('fragile', { startOn: Fragile.byId(byOrder) }, async (ctx, order) => {
  if (code.brokenAtStart) throw new TypeError('order.customer is undefined');
  await ctx.call(payments.charge, order);
  if (code.broken) throw new TypeError('order.customer is undefined');
});

export const addressed = process('addressed', { startOn: Addressed.byId(byOrder) }, async (_ctx, order) => ({ street: order.street }));

/** A fault of the users' code that names an instance. */
const refundedOrder = (order: { readonly orderId: string }): string => {
  if (order.orderId === 'undone') throw new TypeError('order.customer is undefined');
  return order.orderId;
};
export const repaid = process('repaid', { startOn: Refunded.byId(refundedOrder) }, async (ctx) => {
  await ctx.sleep('1 day');
});
export const repaying = process('repaying', { input: Order }, async (ctx, order) => {
  await ctx.call(payments.repay, order);
});

export const shop = system('shop', {
  processes: [fulfil, attaching, signalling, restarting, retrying, fragile, addressed, repaid, repaying],
  services: [payments, stock],
});
