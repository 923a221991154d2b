import { serve, type Served } from 'tutti/service';
import { carrier } from './contracts.ts';

/** The API of the carrier's library. */
export interface CarrierApi {
  quote(kg: number): Promise<{ readonly status: number; readonly price: number }>;
  book(orderId: string, options: { readonly key: string; readonly signal: AbortSignal }): Promise<{ readonly id: string }>;
  cancel(id: string): Promise<void>;
}

/** The request did not leave this machine. */
export class NotSent extends Error {}

export const carrierService = (api: CarrierApi): Served<'carrier'> =>
  // region handler
  serve(carrier, {
    quote: async ({ kg }, task) => {
      const { status, price } = await api.quote(kg);
      if (status === 429) throw task.retryAfter('30 seconds', 'the carrier is busy'); // counts as no attempt
      return { price };
    },
    pickUp: async ({ orderId }, task) => {
      try {
        const { id } = await api.book(orderId, { key: task.commandId, signal: task.signal });
        return { pickUpId: id };
      } catch (error) {
        if (error instanceof NotSent) throw task.notDone(error.message); // nothing happened, for certain
        throw error; // it may have happened
      }
    },
    release: async ({ pickUpId }) => api.cancel(pickUpId),
  });
// endregion
