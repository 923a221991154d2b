import { serve } from 'tutti/service';
import { payments } from '../contracts.ts';
import { gateway } from './gateway.ts';

export const handler = serve(payments, {
  charge: async ({ amount, card }, task) => {
    const answer = await gateway.charge({ amount, card, idempotencyKey: task.commandId, signal: task.signal });   // a network error is retried
    if (answer.status === 'declined') throw task.errors.CardDeclined({ reason: answer.reason });
    return { paymentId: answer.id };
  },
  refund: async ({ paymentId }, task) => { await gateway.refund(paymentId, { idempotencyKey: task.commandId }); },
});
