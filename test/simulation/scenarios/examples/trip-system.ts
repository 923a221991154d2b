import { command, event, process, service, system } from 'tutti';
import { serve, type Served } from 'tutti/service';
import { z } from 'zod';
import type { Json } from '../../../../lib/contract/schema.ts';
import type { Site } from '../scenario.ts';

/** The fate of a cart. The scenario chooses it, so that the answers of the services follow from their input alone. */
export const FATES = ['booked', 'declined', 'no-flight', 'no-hotel', 'confirmed', 'unconfirmed', 'raced'] as const;
export type Fate = (typeof FATES)[number];

const Cart = z.object({ cartId: z.string(), fate: z.enum(FATES), note: z.string(), reminders: z.int() });
const Reference = z.object({ reference: z.string() });

export const Checkout = event('trips.checkout', Cart);
export const Confirmed = event('trips.confirmed', z.object({ cartId: z.string(), by: z.string() }));
export const TripBooked = event('trips.trip-booked', z.object({ cartId: z.string(), note: z.string() }));

const undoing = () => {
  const undo = command({ input: Reference, timeout: '2 minutes' });
  const book = command({
    input: Cart,
    output: Reference,
    errors: { Refused: z.object({}) },
    timeout: '2 minutes',
    retry: { within: '1 hour' },
    undo: { command: undo, input: (_cart, booking) => booking },
  });
  return { book, undo };
};

export const payments = service('payments', undoing());
export const flights = service('flights', undoing());
export const hotels = service('hotels', undoing());
export const notices = service('notices', {
  notify: command({ input: Cart, timeout: '2 minutes' }),
  remind: command({ input: Cart, timeout: '2 minutes' }),
});
export const services = [payments, flights, hotels, notices] as const;

export const bookTrip = process(
  'book-trip',
  {
    startOn: Checkout.byId((cart) => cart.cartId),
    receives: [Confirmed.byId((confirmed) => confirmed.cartId)],
    publishes: [TripBooked],
    errors: { Unconfirmed: z.object({}) },
  },
  async (ctx, cart) => {
    await ctx.call(payments.book, cart);
    if (cart.fate === 'raced') {
      // The loser is undone, even if its answer is still in flight.
      await ctx.race({ flight: ctx.call(flights.book, cart), hotel: ctx.call(hotels.book, cart) });
    } else await Promise.all([ctx.call(flights.book, cart), ctx.call(hotels.book, cart)]);
    if (cart.fate === 'confirmed' || cart.fate === 'unconfirmed') {
      const confirmed = await ctx.waitFor(Confirmed, { timeout: '1 day' });
      if (confirmed === undefined) throw ctx.errors.Unconfirmed({});
    }
    for (let reminder = 0; reminder < cart.reminders; reminder += 1) await ctx.call(notices.remind, cart);
    await ctx.sleep('5 minutes');
    ctx.pivot();
    ctx.publish(TripBooked, { cartId: cart.cartId, note: cart.note });
    await ctx.call(notices.notify, cart);
    return { cartId: cart.cartId };
  },
);

export const trips = system('trips', { processes: [bookTrip], services });

/** The handlers of the services at one site. */
export const serveTrips = (site: Site): readonly Served[] => {
  const done = async (commandId: string, name: string, input: Json, undoes?: string): Promise<void> => {
    await site.pass();
    site.effect({ commandId, command: name, input, ...(undoes !== undefined && { undoes }) });
    await site.pass();
  };
  const bookable = (bookings: typeof payments | typeof flights | typeof hotels, refuses: Fate): Served => {
    const { name } = bookings['~'];
    return serve(bookings as typeof payments, {
      book: async (cart, { commandId, errors }) => {
        if (cart.fate === refuses) throw errors.Refused({});
        await done(commandId, `${name}.book`, cart);
        return { reference: commandId };
      },
      undo: async ({ reference }, { commandId }) => done(commandId, `${name}.undo`, { reference }, reference),
    });
  };
  return [
    bookable(payments, 'declined'),
    bookable(flights, 'no-flight'),
    bookable(hotels, 'no-hotel'),
    serve(notices, {
      notify: async (cart, { commandId }) => done(commandId, 'notices.notify', cart),
      // It has no effect. Many of them make a journal long.
      remind: async () => site.pass(),
    }),
  ];
};
