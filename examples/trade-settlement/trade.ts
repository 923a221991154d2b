import type { Fill, Report } from './contracts.ts';

/** The fills of an order, as its reports tell them. The newest report of a fill counts. */
export class Trade {
  /** The number of the report that comes next. */
  next = 1;
  readonly #fills = new Map<string, Fill>();

  take({ fill, number, quantity, cents }: Report): void {
    this.next = number + 1;
    this.#fills.set(fill, { fill, number, quantity, cents });
  }

  /** A fill that was corrected to no quantity is cancelled. */
  get fills(): Fill[] {
    return [...this.#fills.values()].filter(({ quantity }) => quantity > 0);
  }
}
