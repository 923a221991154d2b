// region ride
import * as z from 'zod';
import { event, process } from 'tutti';
import type { Client } from 'tutti/client';

const Ride = z.object({ rideId: z.string() });
export const RideOrdered = event('shop.ride-ordered', Ride);
export const CancelRide = event('shop.cancel-ride', Ride, { answer: z.object({ fee: z.int() }) });

export const ride = process(
  'ride',
  { startOn: RideOrdered.byId((ordered) => ordered.rideId), receives: [CancelRide.byId((cancel) => cancel.rideId)] },
  async (ctx) => {
    const { winner } = await ctx.race({ cancelled: ctx.waitFor(CancelRide), over: ctx.sleep('30 minutes') });
    if (winner === 'cancelled') ctx.answer(CancelRide, { fee: 500 });
  },
);

/** Resolves with the fee that the process decided, once its journal has it. */
export const cancelRide = async (client: Client, rideId: string): Promise<number> => {
  const { fee } = await client.ask(ride, rideId, CancelRide, { rideId }, { timeout: '30 seconds' });
  return fee;
};
// endregion
