import { z } from 'zod';
import { command } from '../../lib/contract/command.ts';
import { event } from '../../lib/contract/event.ts';
import { service } from '../../lib/contract/service.ts';
import { serve, type Handler, type ServeOptions } from '../../lib/service/serve.ts';
import type { Served } from '../../lib/service/served.ts';
import type { Task } from '../../lib/service/task.ts';
import type { Throws } from '../../lib/contract/command.ts';

export const PaymentCharged = event('payments.payment-charged', z.object({ paymentId: z.string(), note: z.string().optional() }));

export const payments = service('payments', {
  charge: command({
    input: z.object({ amount: z.int().min(0), card: z.string() }),
    output: PaymentCharged,
    errors: { CardDeclined: z.object({ reason: z.string() }) },
  }),
  ping: command({ input: z.object({}) }),
});

type Charge<Tx> = Handler<
  { amount: number; card: string },
  { paymentId: string; note?: string | undefined },
  Task<Throws<'payments.charge', { CardDeclined: { reason: string } }>, Tx>
>;

/** Serves the payments service with this handler for `charge`. */
export function servePayments<Tx = undefined>(charge: Charge<Tx>, options?: ServeOptions<Tx>): Served<'payments'> {
  return serve(payments, { charge, ping: async () => {} }, options);
}
