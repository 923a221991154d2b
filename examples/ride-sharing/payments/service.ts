import { serve } from 'tutti/service';
import { paymentProvider } from '../../foreign-systems/payment-provider.ts';
import { payments } from '../contracts.ts';

export const handler = serve(payments, {
  charge: async ({ amount, card }, task) => {
    const answer = await paymentProvider.charge({ amount, card, idempotencyKey: task.commandId, signal: task.signal });
    if (answer.status === 'declined') throw task.errors.CardDeclined({ reason: answer.reason });
    if (answer.status === 'blocked') throw task.errors.SuspectedFraud({});
    return { paymentId: answer.id };
  },
  refund: async ({ paymentId }, task) => {
    await paymentProvider.refund(paymentId, { idempotencyKey: task.commandId });
  },
});
