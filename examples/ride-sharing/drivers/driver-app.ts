import { Ledger } from '../../foreign-systems/ledger.ts';
import type { Place } from '../contracts.ts';

export interface Offer {
  readonly rideId: string;
  readonly driverId: string;
  readonly from: Place;
  readonly to: Place;
  /** The task token, which answers the command: `client.complete(drivers.offer, token, { driverId, car })`. */
  readonly token: string;
}

type State = 'offered' | 'declined' | 'accepted' | 'withdrawn' | 'released' | 'ended';

interface Shown extends Offer {
  readonly key: string;
  readonly state: State;
}

/** The drivers, with the places at which they wait for a ride. */
const FLEET: Readonly<Record<string, { readonly car: string; readonly place: Place }>> = {
  ada: { car: 'blue Zoe', place: { x: 1, y: 0 } },
  ben: { car: 'red Golf', place: { x: 0, y: 1.5 } },
  chloe: { car: 'white Leaf', place: { x: 2, y: 2 } },
  dan: { car: 'black Ioniq', place: { x: 8, y: 1 } },
};
const shown = new Ledger<Shown>('offers');

const keyOf = (rideId: string, driverId: string): string => `${rideId} ${driverId}`;
const distance = (a: Place, b: Place): number => Math.abs(a.x - b.x) + Math.abs(a.y - b.y);

/** The app on the phones of the drivers. Each operation is idempotent: a repetition changes nothing. */
export const driverApp = {
  car: (driverId: string): string => FLEET[driverId]?.car ?? 'car',

  /** The drivers without a ride in this circle, the nearest first. */
  near(place: Place, kilometres: number): readonly string[] {
    const busy = new Set(driverApp.in('accepted').map(({ driverId }) => driverId));
    return Object.entries(FLEET)
      .filter(([driverId, { place: at }]) => !busy.has(driverId) && distance(at, place) <= kilometres)
      .toSorted(([, one], [, other]) => distance(one.place, place) - distance(other.place, place))
      .map(([driverId]) => driverId);
  },

  show(offer: Offer): void {
    const key = keyOf(offer.rideId, offer.driverId);
    shown.once(key, () => ({ ...offer, key, state: 'offered' }));
  },

  accept: (rideId: string, driverId: string): void => move(rideId, driverId, { from: 'offered', to: 'accepted' }),
  decline: (rideId: string, driverId: string): void => move(rideId, driverId, { from: 'offered', to: 'declined' }),
  withdraw: (rideId: string, driverId: string): void => move(rideId, driverId, { from: 'offered', to: 'withdrawn' }),
  release: (rideId: string, driverId: string): void => move(rideId, driverId, { from: 'accepted', to: 'released' }),
  end: (rideId: string, driverId: string): void => move(rideId, driverId, { from: 'accepted', to: 'ended' }),

  /** The offers in this state. */
  in: (state: State): readonly Offer[] => shown.entries().filter((offer) => offer.state === state),
};

function move(rideId: string, driverId: string, { from, to }: { readonly from: State; readonly to: State }): void {
  const offer = shown.get(keyOf(rideId, driverId));
  if (offer?.state === from) shown.put({ ...offer, state: to });
}
