import * as z from 'zod';
import { command, event, service } from 'tutti';

export const PaymentCharged = event('payments.payment-charged', z.object({ paymentId: z.string() }));
const refund = command({ input: z.object({ paymentId: z.string() }) });
const charge = command({
  input: z.object({ amount: z.int().min(0), card: z.string() }),
  output: PaymentCharged,
  errors: { CardDeclined: z.object({ reason: z.string() }), SuspectedFraud: z.object({}) },
  undo: { command: refund, input: (_charge, receipt) => ({ paymentId: receipt.paymentId }) },
});
export const payments = service('payments', { charge, refund });
