import * as z from 'zod';
import { event, process, steps } from 'tutti';

export const SeatWanted = event('shop.seat-wanted', z.object({ cartId: z.string(), total: z.int(), flight: z.string() }));
/** An HTTP client of a bank and of an airline. */
const partners = () => import('./partners.ts');

// region run
const startOn = SeatWanted.byId(({ cartId }) => cartId);
export const paidSeat = process('paid-seat', { startOn }, async (ctx, cart) => {
  const fee = Math.round(cart.total * 0.02);
  const paid = await ctx.run(
    'charge',
    async (task) => {
      const { bank } = await partners(); // () => import('./partners.ts')
      return bank.charge(cart.total + fee, { key: task.commandId, signal: task.signal });
    },
    { undo: async (payment, task) => (await partners()).bank.refund(payment.id, { key: task.commandId }) },
  );
  const seat = await ctx.run('book', async (task) => {
    const booked = await (await partners()).airline.book(cart.flight, { key: task.commandId });
    if (booked === 'sold out') throw task.fail('sold out', { flight: cart.flight }); // the payment is refunded
    return booked;
  });
  return { payment: paid.id, seat };
});
// endregion

export const seatOrStandby = process('seat-or-standby', { startOn }, async (ctx, cart) => {
  let seat = 'standby';
  // region failed
  try {
    seat = await ctx.run('book', async (task) => {
      const booked = await (await partners()).airline.book(cart.flight, { key: task.commandId });
      if (booked === 'sold out') throw task.fail('sold out');
      return booked;
    });
  } catch (error) {
    if (!steps.run.failed(error)) throw error; // a cancellation must pass
  }
  // endregion
  return { seat };
});
