import { command, event, process, service, system } from 'tutti';
import { z } from 'zod';

// The travel booking of kill.test.ts: payments write in the claim's transaction, all others call a foreign system by key.
export const Checkout = event(
  'trips.checkout',
  z.object({ cartId: z.string(), fate: z.enum(['booked', 'declined', 'no-flight', 'no-hotel', 'returned']) }),
);
export type Fate = 'booked' | 'declined' | 'no-flight' | 'no-hotel' | 'returned';

/** How long every booking sleeps between flight and hotel. */
export const SLEEP_MS = 100;

const Payment = z.object({ paymentId: z.string() });
const Booking = z.object({ reference: z.string() });
const Cart = z.object({ cartId: z.string(), fate: z.string() });
const refund = command({ input: Payment });
const cancel = command({ input: Booking });

export const payments = service('payments', {
  refund,
  charge: command({
    input: Cart,
    output: Payment,
    errors: { CardDeclined: z.object({}) },
    undo: { command: refund, input: (_cart, payment) => payment },
  }),
});
export const flights = service('flights', {
  cancel,
  book: command({
    input: Cart,
    output: Booking,
    errors: { SoldOut: z.object({}) },
    undo: { command: cancel, input: (_cart, booking) => booking },
  }),
});
export const hotels = service('hotels', {
  cancel,
  book: command({
    input: Cart,
    output: Booking,
    errors: { SoldOut: z.object({}) },
    undo: { command: cancel, input: (_cart, booking) => booking },
  }),
});
export const notifications = service('notifications', { notify: command({ input: Cart }) });

export const bookTrip = process(
  'book-trip',
  { startOn: Checkout.byId((cart) => cart.cartId), errors: { Returned: z.object({}) } },
  async (ctx, cart) => {
    await ctx.call(payments.charge, cart);
    const flight = await ctx.call(flights.book, cart);
    await ctx.sleep('0.1 seconds');
    const hotel = await ctx.call(hotels.book, cart);
    // The customer has second thoughts when all is paid: everything is undone, newest first.
    if (cart.fate === 'returned') throw ctx.errors.Returned({});
    ctx.pivot();
    await ctx.call(notifications.notify, cart);
    return { flight: flight.reference, hotel: hotel.reference };
  },
);

export const trips = system('trips', { processes: [bookTrip], services: [payments, flights, hotels, notifications] });

const FATES: readonly Fate[] = ['booked', 'booked', 'no-hotel', 'booked', 'declined', 'booked', 'no-flight', 'returned'];

/** Cart number `number` has the same id and the same fate in every life of the program. */
export const cartOf = (number: number): { readonly cartId: string; readonly fate: Fate } => ({
  cartId: `cart-${number}`,
  fate: FATES[number % FATES.length] as Fate,
});

/** The effects, in order, of a finished cart of this fate. */
export const effectsOf = (fate: Fate): readonly string[] => {
  switch (fate) {
    case 'booked':
      return ['payments.charge', 'flights.book', 'hotels.book', 'notifications.notify'];
    case 'declined':
      return [];
    case 'no-flight':
      return ['payments.charge', 'payments.refund'];
    case 'no-hotel':
      return ['payments.charge', 'flights.book', 'flights.cancel', 'payments.refund'];
    case 'returned':
      return ['payments.charge', 'flights.book', 'hotels.book', 'hotels.cancel', 'flights.cancel', 'payments.refund'];
  }
};
