import { Ledger } from './ledger.ts';
import { overTheNetwork } from './network.ts';

export type ChargeAnswer =
  | { readonly status: 'ok'; readonly id: string }
  | { readonly status: 'declined'; readonly id: string; readonly reason: string }
  | { readonly status: 'blocked'; readonly id: string };

interface Charge {
  readonly key: string;
  readonly amount: number;
  readonly answer: ChargeAnswer;
}

interface Refund {
  readonly key: string;
  readonly paymentId: string;
}

/** Test cards, as payment providers have them: the card number determines the answer. */
const declinedCards: Readonly<Record<string, string>> = { tok_no_funds: 'insufficient funds', tok_expired: 'the card has expired' };
const stolenCards: ReadonlySet<string> = new Set(['tok_stolen']);

const charges = new Ledger<Charge>('payments');
const refunds = new Ledger<Refund>('refunds');

/** A third-party payment provider: it supports idempotency keys and knows nothing of Tutti. */
export const paymentProvider = {
  async charge(request: {
    readonly amount: number;
    readonly card: string;
    readonly idempotencyKey: string;
    readonly signal: AbortSignal;
  }): Promise<ChargeAnswer> {
    await overTheNetwork(300, request.signal);
    const { amount, card, idempotencyKey: key } = request;
    return charges.once(key, (count) => ({ key, amount, answer: answerTo(card, `p-${1000 + count}`) })).answer;
  },

  async refund(paymentId: string, options: { readonly idempotencyKey: string }): Promise<void> {
    await overTheNetwork(200);
    refunds.once(options.idempotencyKey, () => ({ key: options.idempotencyKey, paymentId }));
  },

  /** The balance of the account: all charges that were not refunded. */
  balance(): number {
    const returned = new Set(refunds.entries().map((refund) => refund.paymentId));
    const kept = charges.entries().filter(({ answer }) => answer.status === 'ok' && !returned.has(answer.id));
    return kept.reduce((sum, charge) => sum + charge.amount, 0);
  },

  charged: (): readonly string[] =>
    charges
      .entries()
      .filter(({ answer }) => answer.status === 'ok')
      .map(({ answer }) => answer.id),
  refunded: (): readonly string[] => refunds.entries().map((refund) => refund.paymentId),
};

function answerTo(card: string, id: string): ChargeAnswer {
  const reason = declinedCards[card];
  if (reason !== undefined) return { status: 'declined', id, reason };
  return stolenCards.has(card) ? { status: 'blocked', id } : { status: 'ok', id };
}
