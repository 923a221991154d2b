import { serve } from 'tutti/service';
import { Ledger } from '../../foreign-systems/ledger.ts';
import { purchases } from '../contracts.ts';

const booked = new Ledger<{ readonly key: string; readonly userId: string; readonly items: readonly string[] }>('purchases');

export const handler = serve(purchases, {
  process: async ({ userId, items }, task) => {
    booked.once(task.commandId, () => ({ key: task.commandId, userId, items }));
  },
});
