import { serve } from 'tutti/service';
import { payments } from '../../../../examples/travel-booking/contracts.ts';
import { deed } from './ledger.ts';

export const handler = serve(payments, {
  charge: async (_charge, task) => ({
    paymentId: await deed({ key: task.commandId, service: 'payments', what: 'charge' }),
  }),
  refund: async ({ paymentId }, task) => {
    await deed({ key: task.commandId, service: 'payments', what: `refund ${paymentId}` });
  },
});
