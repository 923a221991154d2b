import { serve } from 'tutti/service';
import { Ledger } from '../../foreign-systems/ledger.ts';
import { risk } from '../contracts.ts';

const LIMIT_CENTS = 10_000_000;

interface Reservation {
  readonly key: string;
  readonly account: string;
  /** The reserved part of the limit. Zero if it did not suffice, or was freed. */
  readonly cents: number;
}

const reservations = new Ledger<Reservation>('credit');

/** The part of its limit that an account has reserved. */
export const reservedCents = (account: string): number =>
  reservations
    .entries()
    .filter((each) => each.account === account)
    .reduce((sum, { cents }) => sum + cents, 0);

export const handler = serve(risk, {
  reserve: async ({ account, cents }, task) => {
    const key = task.commandId;
    const freeCents = LIMIT_CENTS - reservedCents(account);
    const reserved = reservations.once(key, () => ({ key, account, cents: cents <= freeCents ? cents : 0 }));
    if (reserved.cents === 0) throw task.errors.LimitExceeded({ freeCents });
    return { reservationId: key };
  },
  free: async ({ reservationId }) => {
    const known = reservations.get(reservationId);
    if (known !== undefined) reservations.put({ ...known, cents: 0 });
  },
});
