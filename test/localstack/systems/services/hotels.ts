import { serve } from 'tutti/service';
import { hotels } from '../../../../examples/travel-booking/contracts.ts';
import { deed } from './ledger.ts';

export const handler = serve(hotels, {
  book: async ({ city }, task) => {
    if (city === 'Venice') throw task.errors.SoldOut({ freeFrom: '2027-02-17' });
    return { reference: await deed({ key: task.commandId, service: 'hotels', what: 'book' }) };
  },
  cancel: async ({ reference }, task) => {
    await deed({ key: task.commandId, service: 'hotels', what: `cancel ${reference}` });
  },
});
