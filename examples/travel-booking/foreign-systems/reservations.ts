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

/** A third-party reservation system, such as an airline's. It books each idempotency key once, and can be unavailable. */
export class ReservationSystem {
  readonly #prefix: string;
  readonly #unavailable: Readonly<Record<string, number>>;
  readonly #reservations: Ledger<Reservation>;
  readonly #refused: Ledger<Refused>;

  /** `unavailable`: by subject, the number of connections that are refused before the first one is accepted. */
  constructor(name: string, prefix: string, unavailable: Readonly<Record<string, number>> = {}) {
    this.#prefix = prefix;
    this.#unavailable = unavailable;
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

  /** Idempotent: a second cancellation changes nothing. */
  async cancel(reference: string): Promise<void> {
    await overTheNetwork(200);
    const standing = this.#reservations.entries().find((reservation) => reservation.reference === reference);
    if (standing !== undefined && !standing.cancelled) this.#reservations.put({ ...standing, cancelled: true });
  }

  /** The references of all reservations that are not cancelled. */
  standing(): readonly string[] {
    return this.#reservations
      .entries()
      .filter((reservation) => !reservation.cancelled)
      .map((reservation) => reservation.reference);
  }

  async #connect(about: string, signal: AbortSignal): Promise<void> {
    await overTheNetwork(400, signal);
    const count = this.#refused.get(about)?.count ?? 0;
    if (count >= (this.#unavailable[about] ?? 0)) return;
    this.#refused.put({ key: about, count: count + 1 });
    throw Object.assign(new Error(`connect ECONNREFUSED: the reservation system for ${about} is unavailable`), { code: 'ECONNREFUSED' });
  }
}
