import { PRICES, type PriceName } from './prices.ts';

/** One line of a bill: a priced resource, and the quantity of it per booking. */
export interface Line {
  readonly item: string;
  /** Per booking. */
  readonly quantity: number;
  readonly price: PriceName;
  /** Explains the quantity. */
  readonly why: string;
}

export type Bill = readonly Line[];

/** Of a million bookings. */
export const lineUsd = ({ quantity, price }: Line): number => quantity * PRICES[price].usdPerMillion;

/** Of a million bookings. */
export const billUsd = (bill: Bill): number => bill.reduce((sum, line) => sum + lineUsd(line), 0);
