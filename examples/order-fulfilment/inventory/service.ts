import { serve } from 'tutti/service';
import { inventory } from '../contracts.ts';
import { stock } from './stock.ts';

export const handler = serve(inventory, {
  reserve: async ({ item, quantity }, task) => {
    const answer = await stock.reserve(item, quantity, task.commandId);
    if ('available' in answer) throw task.errors.OutOfStock({ available: answer.available });
    return answer;
  },
  release: async ({ reservationId }) => {
    await stock.release(reservationId);
  },
});
