import { payments } from '../contracts.ts';
import { paymentProvider } from '../../foreign-systems/payment-provider.ts';

type Answer =
  | { readonly status: 'ok'; readonly id: string }
  | { readonly status: 'declined'; readonly id: string; readonly reason: string };

/** Translates the provider's answers: its status `blocked` is the declared error `SuspectedFraud` of the contract. */
export const gateway = {
  async charge(request: Parameters<typeof paymentProvider.charge>[0]): Promise<Answer> {
    const answer = await paymentProvider.charge(request);
    if (answer.status === 'blocked') throw payments.charge.errors.SuspectedFraud({});
    return answer;
  },
  refund: (paymentId: string, options: { readonly idempotencyKey: string }): Promise<void> => paymentProvider.refund(paymentId, options),
};
