import { Instance } from './instance.ts';
import { Checkout, flights, hotels, payments, tripOf, type TripContext } from './trip-contracts.ts';

/** A trip whose process is `body`, started. */
export const started = async (
  body: (ctx: TripContext) => Promise<unknown>,
  options: ConstructorParameters<typeof Instance>[1] = {},
): Promise<Instance> => {
  const trip = new Instance(tripOf(body), options);
  await trip.starts(Checkout);
  return trip;
};

export const pay = (ctx: TripContext) => ctx.call(payments.charge, { amount: 7 });
export const fly = (ctx: TripContext) => ctx.call(flights.book, { to: 'Oslo' });
export const stay = (ctx: TripContext) => ctx.call(hotels.book, { to: 'Oslo' });
export const PAID = { paymentId: 'p-1' };
export const FLIGHT = { reference: 'f-1' };
export const ROOM = { reference: 'h-1' };
