import { serve } from 'tutti/service';
import { Ledger } from '../../foreign-systems/ledger.ts';
import { maintenance } from '../contracts.ts';

export const tickets = new Ledger<{ readonly key: string; readonly ticket: string; readonly shipmentId: string }>('tickets');

export const handler = serve(maintenance, {
  inspect: async ({ shipmentId }, task) => {
    const key = task.commandId;
    const { ticket } = tickets.once(key, (count) => ({ key, ticket: `T-${count}`, shipmentId }));
    return { ticket };
  },
});
