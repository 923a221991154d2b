import * as z from 'zod';
import { command, event, service } from 'tutti';
export { notifications, payments } from '../travel-booking/contracts.ts';

/** In kilometres, on the street grid of the city. */
export const Place = z.object({ x: z.number(), y: z.number() });
export type Place = z.infer<typeof Place>;

const OfRide = z.object({ rideId: z.string() });
export const RideRequested = event('rides.ride-requested', OfRide.extend({ rider: z.email(), card: z.string(), from: Place, to: Place }));
/** A question: the rider learns the fee. */
export const CancelRide = event('rides.cancel-ride', OfRide, { answer: z.object({ cents: z.int() }) });
export const CardChanged = event('rides.card-changed', OfRide.extend({ card: z.string() }));
export const RiderPickedUp = event('drivers.rider-picked-up', OfRide);
export const RiderDroppedOff = event('drivers.rider-dropped-off', OfRide);
/** The tracker of a car knows its driver, and nothing of rides. */
export const DriverMoved = event('drivers.driver-moved', z.object({ driverId: z.string(), place: Place, at: z.iso.datetime() }));

const OfDriver = OfRide.extend({ driverId: z.string() });
const release = command({ about: 'Takes an accepted ride back from its driver.', input: OfDriver });
export const drivers = service('drivers', {
  near: command({
    about: 'Finds free drivers, the nearest first.',
    input: z.object({ place: Place, kilometres: z.number(), except: z.array(z.string()) }),
    output: z.object({ driverIds: z.array(z.string()) }),
  }),
  offer: command({
    about: 'Offers a ride in the app of a driver, for the driver to accept or decline.',
    input: OfDriver.extend({ from: Place, to: Place }),
    output: z.object({ driverId: z.string(), car: z.string() }),
    errors: { Declined: z.object({}) },
    undo: { command: release, input: ({ rideId, driverId }) => ({ rideId, driverId }) },
  }),
  release,
  end: command({ about: 'Stops the meter of a car: its driver is free.', input: OfDriver }),
});
