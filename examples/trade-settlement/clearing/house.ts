import { Ledger } from '../../foreign-systems/ledger.ts';
import type { Fill } from '../contracts.ts';

/** One line in the books: the difference to the lines before it of the same fill. */
export interface Entry {
  /** The command that booked it, and the fill. */
  readonly key: string;
  readonly orderId: string;
  readonly fill: string;
  /** The number of the report. */
  readonly number: number;
  readonly quantity: number;
  readonly cents: number;
  readonly because: string;
}

const HOLIDAYS: ReadonlySet<string> = new Set(['2026-11-26', '2026-12-25']);
const entries = new Ledger<Entry>('books');

/** The clearing house. Its books are append-only: a correction adds the difference. */
export const house = {
  worksOn: (day: string): boolean => !HOLIDAYS.has(day),

  /** Books what is missing until the fill stands as reported. A repeated command, and an older report, book nothing. */
  book(commandId: string, orderId: string, { fill, number, quantity, cents }: Fill, because: string): void {
    const key = `${commandId} ${fill}`;
    const before = house.entriesOf(orderId).filter((entry) => entry.fill === fill);
    if (before.some((entry) => entry.number >= number)) return;
    entries.once(key, () => ({
      key,
      orderId,
      fill,
      number,
      quantity: quantity - sumOf(before, 'quantity'),
      cents: quantity * cents - sumOf(before, 'cents'),
      because,
    }));
  },

  entriesOf: (orderId: string): readonly Entry[] => entries.entries().filter((entry) => entry.orderId === orderId),

  /** The shares that have changed hands for an order, and the money for them. */
  standing(orderId: string): { readonly quantity: number; readonly cents: number } {
    const booked = house.entriesOf(orderId);
    return { quantity: sumOf(booked, 'quantity'), cents: sumOf(booked, 'cents') };
  },
};

function sumOf(booked: readonly Entry[], member: 'quantity' | 'cents'): number {
  return booked.reduce((sum, entry) => sum + entry[member], 0);
}
