import { serve } from 'tutti/service';
import { flights } from '../contracts.ts';
import { airline, isSoldOut } from '../foreign-systems/airline.ts';

export const handler = serve(flights, {
  book: async ({ from, to, day }, task) => {
    if (isSoldOut(to, day)) throw task.errors.SoldOut({});
    return airline.book(to, `${from}-${to} ${day}`, { idempotencyKey: task.commandId, signal: task.signal });
  },
  cancel: async ({ reference }) => {
    await airline.cancel(reference);
  },
});
