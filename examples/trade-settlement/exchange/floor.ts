import { Ledger } from '../../foreign-systems/ledger.ts';
import { overTheNetwork } from '../../foreign-systems/network.ts';
import type { Report } from '../contracts.ts';

interface Match {
  readonly key: string;
  readonly share: string;
  readonly state: 'matched' | 'released' | 'executed';
}

/** Nothing of this share is offered. */
const UNLISTED = 'UNLISTED';
const matches = new Ledger<Match>('matches');
const told = new Ledger<Report & { readonly key: string }>('fill-reports');

/** The exchange. It finds the other side of an order, and reports about its fills. */
export const floor = {
  /** Undefined: no other side. */
  async match(share: string, key: string): Promise<string | undefined> {
    await overTheNetwork(100);
    return share === UNLISTED ? undefined : matches.once(key, () => ({ key, share, state: 'matched' })).key;
  },
  async release(matchId: string): Promise<void> {
    await overTheNetwork(100);
    change(matchId, 'released');
  },
  async execute(matchId: string): Promise<void> {
    await overTheNetwork(200);
    change(matchId, 'executed');
  },
  /** The reports about an order in their order, from a number on. */
  async reports(orderId: string, from: number): Promise<readonly Report[]> {
    await overTheNetwork(100);
    return told
      .entries()
      .filter((report) => report.orderId === orderId && report.number >= from)
      .toSorted((one, other) => one.number - other.number)
      .map(({ key: _key, ...report }) => report);
  },

  /** Notes a report, which the exchange then publishes. */
  tell(report: Report): void {
    const key = `${report.orderId}.${report.number}`;
    told.once(key, () => ({ ...report, key }));
  },
  states: (): readonly string[] => matches.entries().map(({ state }) => state),
};

function change(matchId: string, state: Match['state']): void {
  const known = matches.get(matchId);
  if (known !== undefined) matches.put({ ...known, state });
}
