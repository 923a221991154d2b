import { Ledger } from '../../foreign-systems/ledger.ts';
import { overTheNetwork } from '../../foreign-systems/network.ts';

interface Reservation {
  readonly key: string;
  readonly reference: string;
  readonly what: string;
  readonly cancelled: boolean;
}

interface Refused {
  readonly key: string;
  readonly count: number;
}

/** A reservation system of somebody else, such as an airline's: books each idempotency key once, and can be out of reach. */
export class ReservationSystem {
  readonly #prefix: string;
  readonly #outOfReach: Readonly<Record<string, number>>;
  readonly #reservations: Ledger<Reservation>;
  readonly #refused: Ledger<Refused>;

  /** `outOfReach`: how many connections about that are refused before the first one is taken. */
  constructor(name: string, prefix: string, outOfReach: Readonly<Record<string, number>> = {}) {
    this.#prefix = prefix;
    this.#outOfReach = outOfReach;
    this.#reservations = new Ledger(name);
    this.#refused = new Ledger(`${name}-refused`);
  }

  async book(
    about: string,
    what: string,
    options: { readonly idempotencyKey: string; readonly signal: AbortSignal },
  ): Promise<{ readonly reference: string }> {
    await this.#connect(about, options.signal);
    const key = options.idempotencyKey;
    const { reference } = this.#reservations.once(key, (count) => ({
      key,
      reference: `${this.#prefix}${100 + count}`,
      what,
      cancelled: false,
    }));
    return { reference };
  }

  /** Cancelling twice is cancelling once. */
  async cancel(reference: string): Promise<void> {
    await overTheNetwork(200);
    const standing = this.#reservations.entries().find((reservation) => reservation.reference === reference);
    if (standing !== undefined && !standing.cancelled) this.#reservations.put({ ...standing, cancelled: true });
  }

  /** The references that stand. */
  standing(): readonly string[] {
    return this.#reservations
      .entries()
      .filter((reservation) => !reservation.cancelled)
      .map((reservation) => reservation.reference);
  }

  async #connect(about: string, signal: AbortSignal): Promise<void> {
    await overTheNetwork(400, signal);
    const count = this.#refused.get(about)?.count ?? 0;
    if (count >= (this.#outOfReach[about] ?? 0)) return;
    this.#refused.put({ key: about, count: count + 1 });
    throw Object.assign(new Error(`connect ECONNREFUSED: the line about ${about} is down`), { code: 'ECONNREFUSED' });
  }
}
