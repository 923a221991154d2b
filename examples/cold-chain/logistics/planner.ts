import { Ledger } from '../../foreign-systems/ledger.ts';
import { overTheNetwork } from '../../foreign-systems/network.ts';
import type { Place } from '../contracts.ts';

interface Order {
  readonly key: string;
  readonly shipmentId: string;
  readonly depot?: string;
}

const DEPOTS: Readonly<Record<string, Place>> = {
  Berlin: { lat: 52.5, lon: 13.4 },
  Lyon: { lat: 45.8, lon: 4.8 },
  Vienna: { lat: 48.2, lon: 16.4 },
};
const REACH_DEGREES = 4;
const orders = new Ledger<Order>('reroutings');

/** The route planner of the haulier. It returns the same depot for each request with the same idempotency key. */
export const planner = {
  async reroute(
    shipmentId: string,
    place: Place,
    { idempotencyKey: key, signal }: { readonly idempotencyKey: string; readonly signal: AbortSignal },
  ): Promise<string | undefined> {
    await overTheNetwork(200, signal);
    const depot = nearest(place);
    return orders.once(key, () => ({ key, shipmentId, ...(depot !== undefined && { depot }) })).depot;
  },

  reroutings: (): readonly Order[] => orders.entries(),
};

/** The nearest depot, if there is one within reach. */
function nearest(place: Place): string | undefined {
  const distances = Object.entries(DEPOTS).map(([name, { lat, lon }]) => ({ name, far: Math.hypot(lat - place.lat, lon - place.lon) }));
  const [best] = distances.toSorted((one, other) => one.far - other.far);
  return best !== undefined && best.far <= REACH_DEGREES ? best.name : undefined;
}
