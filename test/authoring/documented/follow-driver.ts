import { event, process } from 'tutti';
import * as z from 'zod';

export const RideBegan = event('rides.ride-began', z.object({ rideId: z.string(), driverId: z.string() }));
export const DriverMoved = event('drivers.driver-moved', z.object({ driverId: z.string(), place: z.string() }));

const receives = [DriverMoved.byKey((moved) => moved.driverId)];
const options = { startOn: RideBegan.byId((ride) => ride.rideId), receives };

export const followDriver = process('follow-driver', options, async (ctx, { driverId }) => {
  const arrived = await ctx.waitFor(DriverMoved, {
    key: driverId,
    match: (moved) => moved.place === 'airport',
    timeout: '2 hours',
  });
  return { arrived: arrived !== undefined };
});
