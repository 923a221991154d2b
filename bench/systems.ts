/** The systems under load: the bookings of the travel example, and a long and a wide process with one service. */
import * as z from 'zod';
import { command, event, process, service, system } from 'tutti';

const Leg = z.object({ from: z.string(), to: z.string(), day: z.iso.date(), seat: z.int() });
const Booking = z.object({ reference: z.string() });
const cancel = command({ input: Booking });

export const trains = service('trains', {
  cancel,
  reserve: command({ input: Leg, output: Booking, undo: { command: cancel, input: (_leg, booking) => booking } }),
});

const Plan = z.object({ tourId: z.string(), legs: z.int() });
export const TourPlanned = event('tours.tour-planned', Plan);
export const GroupPlanned = event('tours.group-planned', Plan);

const legOf = (number: number): z.infer<typeof Leg> => ({
  from: `Vienna ${number}`,
  to: `Lisbon ${number + 1}`,
  day: '2027-01-01',
  seat: number % 80,
});

/** Legs in sequence: the journal has two entries for each. */
const reserveTour = process('reserve-tour', { startOn: TourPlanned.byId((plan) => plan.tourId) }, async (ctx, plan) => {
  for (let number = 0; number < plan.legs; number += 1) await ctx.call(trains.reserve, legOf(number));
  return { legs: plan.legs };
});

/** All legs at once: their answers reach one instance. */
const reserveGroup = process('reserve-group', { startOn: GroupPlanned.byId((plan) => plan.tourId) }, async (ctx, plan) => {
  const bookings = await Promise.all(Array.from({ length: plan.legs }, (_, number) => ctx.call(trains.reserve, legOf(number))));
  return { legs: bookings.length };
});

const Convoy = z.object({ convoyId: z.string(), wagons: z.int() });
export const ConvoyPlanned = event('tours.convoy-planned', Convoy);

/** A child that ends at its start, so that only the cost of being a child is left. */
const wagon = process('wagon', { input: z.int() }, async (_ctx, number) => number);
const convoy = process('convoy', { startOn: ConvoyPlanned.byId((plan) => plan.convoyId) }, async (ctx, plan) => {
  const wagons = await ctx.map(
    Array.from({ length: plan.wagons }, (_, number) => number),
    (_, number) => ctx.child(wagon, number),
  );
  return { wagons: wagons.length };
});

export const tours = system('tours', { processes: [reserveTour, reserveGroup, convoy, wagon], services: [trains] });

/** A cart of the travel example. The hotels of a full city are sold out. */
export const cartOf = (cartId: string, soldOut = false) => ({
  cartId,
  email: 'ada.lovelace@example.com',
  total: 129_000,
  card: 'tok_1NkVqL2eZvKYlo2C',
  flight: { from: 'VIE', to: 'LIS', day: '2027-01-01' },
  hotel: { city: soldOut ? 'Venice' : 'Lisbon', from: '2027-01-01', nights: 3 },
});
