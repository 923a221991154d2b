import { PRICES, type PriceName } from './prices.ts';

/** One line of a bill: how much of what a booking takes. */
export interface Line {
  readonly item: string;
  /** Of one booking. */
  readonly quantity: number;
  readonly price: PriceName;
  /** Where the quantity comes from. */
  readonly why: string;
}

export type Bill = readonly Line[];

/** Of a million bookings. */
export const lineUsd = ({ quantity, price }: Line): number => quantity * PRICES[price].usdPerMillion;

/** Of a million bookings. */
export const billUsd = (bill: Bill): number => bill.reduce((sum, line) => sum + lineUsd(line), 0);
