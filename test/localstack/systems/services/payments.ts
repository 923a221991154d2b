import { serve } from 'tutti/service';
import { payments } from '../../../../examples/travel-booking/contracts.ts';
import { deed } from './ledger.ts';

/** The number of a card determines the outcome of a charge. */
export const handler = serve(payments, {
  charge: async ({ card }, task) => {
    if (card === 'tok_no_funds') throw task.errors.CardDeclined({ reason: 'insufficient funds' });
    if (card === 'tok_stolen') throw task.errors.SuspectedFraud({});
    return { paymentId: await deed({ key: task.commandId, service: 'payments', what: 'charge' }) };
  },
  refund: async ({ paymentId }, task) => {
    await deed({ key: task.commandId, service: 'payments', what: `refund ${paymentId}` });
  },
});
