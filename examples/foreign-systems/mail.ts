import { Ledger } from './ledger.ts';
import { overTheNetwork } from './network.ts';

interface Letter {
  readonly key: string;
  readonly to: string;
  readonly message: string;
}

const sent = new Ledger<Letter>('mail');

/** A mail provider that delivers each idempotency key once. */
export const mail = {
  async send(to: string, message: string, options: { readonly idempotencyKey: string; readonly signal?: AbortSignal }): Promise<void> {
    await overTheNetwork(100, options.signal);
    sent.once(options.idempotencyKey, () => ({ key: options.idempotencyKey, to, message }));
  },

  /** The messages that were delivered to an address. */
  to: (address: string): readonly string[] =>
    sent
      .entries()
      .filter((letter) => letter.to === address)
      .map((letter) => letter.message),
};
