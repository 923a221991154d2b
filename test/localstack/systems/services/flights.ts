import { serve } from 'tutti/service';
import { flights } from '../../../../examples/travel-booking/contracts.ts';
import { deed } from './ledger.ts';

export const handler = serve(flights, {
  book: async ({ to }, task) => {
    if (to === 'OSL') throw task.errors.SoldOut({});
    return { reference: await deed({ key: task.commandId, service: 'flights', what: 'book' }) };
  },
  cancel: async ({ reference }, task) => {
    await deed({ key: task.commandId, service: 'flights', what: `cancel ${reference}` });
  },
});
