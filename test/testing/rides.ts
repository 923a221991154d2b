import * as z from 'zod';
import { event, process, system } from 'tutti';

/** Rides that wait for the moves of their driver, by the key of the driver. */
export const RideAsked = event('rides.ride-asked', z.object({ rideId: z.string(), driverId: z.string(), moves: z.int() }));
export const DriverMoved = event('drivers.driver-moved', z.object({ driverId: z.string(), place: z.string() }));
export const DriverFree = event('drivers.driver-free', z.object({ zone: z.string(), driverId: z.string() }));
export const RideCancelled = event('rides.ride-cancelled', z.object({ rideId: z.string() }));

/** Collects the places of its driver, and ends after so many, or when it is cancelled. */
export const ride = process(
  'ride',
  {
    startOn: RideAsked.byId((ride) => ride.rideId),
    receives: [DriverMoved.byKey((moved) => moved.driverId), RideCancelled.byId((ride) => ride.rideId)],
  },
  async (ctx, { driverId, moves }) => {
    const places: string[] = [];
    while (places.length < moves) {
      const next = await ctx.race({ moved: ctx.waitFor(DriverMoved, { key: driverId }), cancelled: ctx.waitFor(RideCancelled) });
      if (next.winner === 'cancelled') return { places, cancelled: true };
      places.push(next.value.place);
    }
    return { places, cancelled: false };
  },
);

/** Of the searches of a zone, each free driver goes to one. */
export const search = process(
  'search',
  {
    startOn: RideAsked.byId((ride) => ride.rideId),
    receives: [DriverFree.byKey((free) => free.zone, { deliver: 'first' })],
  },
  async (ctx) => {
    const free = await ctx.waitFor(DriverFree, { key: 'centre', timeout: '1 hour' });
    return { driver: free?.driverId ?? null };
  },
);

export const rides = system('rides', { processes: [ride], services: [] });
export const searches = system('rides', { processes: [search], services: [] });
