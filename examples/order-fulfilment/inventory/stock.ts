import { Ledger } from '../../foreign-systems/ledger.ts';
import { overTheNetwork } from '../../foreign-systems/network.ts';

interface Reservation {
  readonly key: string;
  readonly item: string;
  readonly quantity: number;
  /** Set if the stock did not suffice: the quantity that was available. Nothing is reserved then. */
  readonly available?: number;
  readonly released?: true;
}

const delivered: Readonly<Record<string, number>> = { lamp: 10, chair: 4, 'walnut table': 1, rug: 0 };
const reservations = new Ledger<Reservation>('stock');

/** The inventory system. It returns the same answer for each request with the same idempotency key. */
export const stock = {
  async reserve(
    item: string,
    quantity: number,
    idempotencyKey: string,
  ): Promise<{ readonly reservationId: string } | { readonly available: number }> {
    await overTheNetwork(150);
    const made = reservations.once(idempotencyKey, () => {
      const available = stock.available(item);
      return available < quantity ? { key: idempotencyKey, item, quantity, available } : { key: idempotencyKey, item, quantity };
    });
    return made.available === undefined ? { reservationId: idempotencyKey } : { available: made.available };
  },

  async release(reservationId: string): Promise<void> {
    await overTheNetwork(100);
    const kept = reservations.get(reservationId);
    if (kept !== undefined) reservations.put({ ...kept, released: true });
  },

  available(item: string): number {
    const kept = reservations.entries().filter((each) => each.item === item && each.available === undefined && each.released === undefined);
    return kept.reduce((rest, { quantity }) => rest - quantity, delivered[item] ?? 0);
  },
};
