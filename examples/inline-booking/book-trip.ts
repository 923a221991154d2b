import * as z from 'zod';
import { event, process, system } from 'tutti';

const Cart = z.object({ cartId: z.string(), card: z.string(), total: z.int(), flight: z.string(), hotel: z.string() });
export const CartCheckedOut = event('shop.cart-checked-out', Cart);

/** Imported by the steps alone: the function of the process reaches nothing outside. */
const partners = () => import('./partners.ts');

export const bookTrip = process('book-trip', { startOn: CartCheckedOut.byId((cart) => cart.cartId) }, async (ctx, cart) => {
  await ctx.run('charge', async (task) => (await partners()).bank.charge(cart.card, cart.total, task), {
    undo: async (payment, task) => (await partners()).bank.refund(payment.reference, task),
  });
  const flight = await ctx.run('book the flight', async (task) => (await partners()).airline.book(cart.flight, task), {
    undo: async (booked, task) => (await partners()).airline.cancel(booked.reference, task),
  });
  const hotel = await ctx.run('book the hotel', async (task) => (await partners()).hotels.book(cart.hotel, task), {
    undo: async (booked, task) => (await partners()).hotels.cancel(booked.reference, task),
  });
  return { flight: flight.reference, hotel: hotel.reference };
});

export const trips = system('inline-trips', { processes: [bookTrip], services: [] });
