import * as z from 'zod';
import { process, type Failure } from 'tutti';
import { collectFare } from './collect-fare.ts';
import { CancelRide, DriverMoved, drivers, notifications, Place, RideRequested, RiderDroppedOff, RiderPickedUp } from './contracts.ts';
import { cancellationFee, fareFor, kilometresBetween } from './fares.ts';

export const ride = process(
  'ride',
  {
    startOn: RideRequested.byId(({ rideId }) => rideId),
    receives: [
      CancelRide.byId(({ rideId }) => rideId),
      RiderPickedUp.byId(({ rideId }) => rideId),
      RiderDroppedOff.byId(({ rideId }) => rideId),
      DriverMoved.byKey(({ driverId }) => driverId),
    ],
    errors: { NoDriver: z.object({ asked: z.int() }), DriverLate: z.object({ driverId: z.string() }) },
    view: z.object({
      stage: z.enum(['searching', 'coming', 'driving', 'paying']),
      driver: z.string().optional(),
      place: Place.optional(),
    }),
  },
  async (ctx, { rideId, rider, card, from, to }) => {
    const tell = (message: string): void => ctx.send(notifications.notify, { to: rider, message });
    /** Returns false if the rider has not paid in three days: the ride ends all the same. */
    const collect = async (cents: number): Promise<boolean> => {
      if (cents === 0) return true;
      try {
        await ctx.child(collectFare, { rideId, rider, card, cents }, { id: rideId });
        return true;
      } catch (error) {
        if (!collectFare.failed(error)) throw error; // a cancellation must pass
        return false;
      }
    };
    /** Before the rider is in the car. */
    const cancel = async (cents: number) => {
      ctx.answer(CancelRide, { cents });
      await ctx.undo(); // releases the driver, and tells the rider
      return { end: 'cancelled', cents, paid: await collect(cents) };
    };
    ctx.compensate('tell the rider', (ctx, failure) => ctx.call(notifications.notify, { to: rider, message: apology(failure) }));

    // Each round asks the drivers of a wider circle, all at once. The first to accept wins, and the offers to the others are withdrawn.
    ctx.view({ stage: 'searching' });
    const asked: string[] = [];
    let driver: { driverId: string; car: string } | undefined;
    for (const kilometres of [2, 5, 10]) {
      const { driverIds } = await ctx.call(drivers.near, { place: from, kilometres, except: asked });
      if (driverIds.length === 0) continue;
      asked.push(...driverIds);
      const offers = driverIds.map((driverId) => [driverId, ctx.call(drivers.offer, { rideId, driverId, from, to })] as const);
      const next = await ctx
        .race({ accepted: ctx.any(Object.fromEntries(offers)), cancelled: ctx.waitFor(CancelRide), over: ctx.sleep('3 minutes') })
        .catch(allDeclined);
      if (next?.winner === 'cancelled') return cancel(0);
      if (next?.winner === 'accepted') driver = next.value.value;
      if (driver) break;
    }
    if (!driver) throw ctx.errors.NoDriver({ asked: asked.length });

    const { driverId, car } = driver;
    const acceptedAt = ctx.now();
    let placeAt = acceptedAt;
    /** The next place of the car. Older ones arrive too: from the ride before, and in another order. */
    const moved = () => ctx.waitFor(DriverMoved, { key: driverId, match: ({ at }) => new Date(at) > placeAt });
    tell(`${driverId} comes in a ${car}.`);
    ctx.view({ stage: 'coming', driver: driverId });
    for (;;) {
      const next = await ctx.race({
        pickedUp: ctx.waitFor(RiderPickedUp),
        cancelled: ctx.waitFor(CancelRide),
        moved: moved(),
        late: ctx.until(new Date(acceptedAt.getTime() + 30 * 60_000)),
      });
      if (next.winner === 'cancelled') return cancel(cancellationFee(acceptedAt, ctx.now()));
      if (next.winner === 'late') throw ctx.errors.DriverLate({ driverId });
      if (next.winner === 'pickedUp') break;
      placeAt = new Date(next.value.at);
      ctx.view({ stage: 'coming', driver: driverId, place: next.value.place });
    }

    ctx.pivot(); // the rider is in the car: nothing is undone any more
    ctx.view({ stage: 'driving', driver: driverId, place: from });
    let place: Place = from;
    let kilometres = 0;
    let end: 'arrived' | 'ended early' | undefined;
    while (end === undefined) {
      const next = await ctx.race({ arrived: ctx.waitFor(RiderDroppedOff), cancelled: ctx.waitFor(CancelRide), moved: moved() });
      if (next.winner === 'moved') {
        kilometres += kilometresBetween(place, next.value.place);
        place = next.value.place;
        placeAt = new Date(next.value.at);
        ctx.view({ stage: 'driving', driver: driverId, place });
      } else end = next.winner === 'arrived' ? 'arrived' : 'ended early';
    }

    const cents = fareFor(kilometres);
    if (end === 'ended early') ctx.answer(CancelRide, { cents });
    ctx.send(drivers.end, { rideId, driverId });
    ctx.view({ stage: 'paying' });
    return { end, cents, paid: await collect(cents) };
  },
);

/** If all drivers of a round decline, the ride goes on with the next round. */
const allDeclined = (error: unknown): undefined => {
  if (!drivers.offer.failed(error)) throw error;
};

const apology = (failure: Failure | undefined): string => {
  if (ride.failed(failure)) return failure.type === 'NoDriver' ? 'Sorry, no driver is free.' : 'Sorry, your driver does not come.';
  return 'Your ride is cancelled.';
};
