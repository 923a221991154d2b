import * as z from 'zod';
import { command, event, process, service, system } from 'tutti';
import { serve } from 'tutti/service';

/** The shop publishes it. A plain EventBridge event with this detail-type and detail starts the process as well. */
export const CartCheckedOut = event('shop.cart-checked-out', z.object({ cartId: z.string(), total: z.int(), flight: z.string() }));

/** The contract of another team's service. */
export const flights = service('flights', {
  book: command({
    input: z.object({ flight: z.string() }),
    output: z.object({ seat: z.string() }),
    errors: { SoldOut: z.object({}) },
  }),
});

/** In place of a payment provider, which does nothing twice under one key. */
export const bank = {
  charge: async (_total: number, key: string) => ({ paymentId: `paid ${key}` }),
  refund: async (_paymentId: string) => {},
};

export const bookSeat = process('book-seat', { startOn: CartCheckedOut.byId((cart) => cart.cartId) }, async (ctx, cart) => {
  await ctx.run('charge', (task) => bank.charge(cart.total, task.commandId), { undo: (receipt) => bank.refund(receipt.paymentId) });
  return await ctx.call(flights.book, { flight: cart.flight }); // sold out? the payment is refunded
});

export const seats = system('seats', { processes: [bookSeat], services: [flights] });

/** The handler behind the contract. The other team runs it as a function or a container; here it is in the same file. */
export const handler = serve(flights, {
  book: async ({ flight }, task) => {
    if (flight === 'BER-LIS') throw task.errors.SoldOut({});
    return { seat: '12A' };
  },
});
