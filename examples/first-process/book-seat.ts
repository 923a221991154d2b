import * as z from 'zod';
import { command, event, process, service } from 'tutti';

export const CartCheckedOut = event('shop.cart-checked-out', z.object({ cartId: z.string(), total: z.int(), flight: z.string() }));
const Receipt = z.object({ paymentId: z.string() });
const Seat = z.object({ seat: z.string() });
const refund = command({ input: Receipt });
const charge = command({
  input: z.object({ amount: z.int() }),
  output: Receipt,
  undo: { command: refund, input: (_charge, receipt) => receipt },
});
export const payments = service('payments', { charge, refund });
export const flights = service('flights', {
  book: command({ input: z.object({ flight: z.string() }), output: Seat, errors: { SoldOut: z.object({}) } }),
});

export const bookSeat = process('book-seat', { startOn: CartCheckedOut.byId((cart) => cart.cartId) }, async (ctx, cart) => {
  await ctx.call(payments.charge, { amount: cart.total });
  return await ctx.call(flights.book, { flight: cart.flight }); // sold out? the payment is refunded, by contract
});
