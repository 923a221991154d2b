import { Ledger } from '../../foreign-systems/ledger.ts';
import type { Report } from '../contracts.ts';

interface Decision {
  readonly key: string;
  readonly report: Report;
  /** The task token, which answers the command. */
  readonly token: string;
  readonly open: boolean;
}

const decisions = new Ledger<Decision>('decisions');
const keyOf = ({ orderId, number }: Report): string => `${orderId}.${number}`;

/** The worklist of the back office: reports that a clerk decides on. */
export const desk = {
  add(report: Report, token: string): void {
    const key = keyOf(report);
    decisions.once(key, () => ({ key, report, token, open: true }));
  },
  remove(report: Report): void {
    const known = decisions.get(keyOf(report));
    if (known !== undefined) decisions.put({ ...known, open: false });
  },
  open: (): readonly Decision[] => decisions.entries().filter(({ open }) => open),
};
