import { serve } from 'tutti/service';
import { hotels } from '../contracts.ts';
import { fullUntil, hotelNetwork } from '../foreign-systems/hotel-network.ts';

export const handler = serve(hotels, {
  book: async ({ city, from, nights }, task) => {
    const freeFrom = fullUntil(city, from);
    if (freeFrom !== undefined) throw task.errors.SoldOut({ freeFrom });
    return hotelNetwork.book(city, `${city} ${from}, ${nights} nights`, { idempotencyKey: task.commandId, signal: task.signal });
  },
  cancel: async ({ reference }) => {
    await hotelNetwork.cancel(reference);
  },
});
