import type { Clock } from '../../ports/clock.ts';
import type { InstanceIndex } from '../../ports/instance-index.ts';
import type { RetirementStore } from '../../ports/retirement-store.ts';
import { tenantsInTurn } from './tenants-in-turn.ts';

export interface RetirePorts {
  readonly index: Pick<InstanceIndex, 'tenants'>;
  readonly retirement: RetirementStore;
  readonly clock: Pick<Clock, 'now'>;
}

export interface RetireOptions {
  /** Instances that closed longer ago than this and a day are retired. */
  readonly retentionMs: number;
  /** How long the caller will still wait, in milliseconds. @default no limit */
  readonly remainingMs?: () => number;
}

/**
 * A start that is as old as the retention still begins an instance, and the clocks of publishers may be wrong by hours: an instance
 * outlives the last instant at which its start is accepted.
 */
const CLOCKS_MS = 86_400_000;
const PAGE = 100;
/** A page is not begun with less than this left. */
const PAGE_MS = 5_000;
/** Writes to as many instances at a time. */
const AT_A_TIME = 10;

/**
 * Gives instances that closed long ago their expiry, tenant by tenant (docs/protocol.md#retirement); the store removes them some time
 * after. It goes on until none is left or the time is up; the next call goes on from there, since a retired instance is not found again.
 * Returns how many were retired.
 * @throws the first error of an instance that could not be retired, after all others
 */
export async function retireClosed({ index, retirement, clock }: RetirePorts, options: RetireOptions): Promise<number> {
  const { retentionMs, remainingMs = () => Infinity } = options;
  const now = clock.now();
  const run: Run = { retirement, now, until: now - retentionMs - CLOCKS_MS, remainingMs, retired: 0, failure: undefined };
  for (const tenant of await tenantsInTurn(index, now)) {
    if (remainingMs() < PAGE_MS) break;
    await retireOf(tenant, run);
  }
  if (run.failure) throw run.failure.reason;
  return run.retired;
}

interface Run {
  readonly retirement: RetirementStore;
  readonly now: number;
  readonly until: number;
  readonly remainingMs: () => number;
  retired: number;
  failure: PromiseRejectedResult | undefined;
}

async function retireOf(tenant: string, run: Run): Promise<void> {
  const { retirement, now } = run;
  for (;;) {
    const page = await retirement.closed(tenant, run.until, PAGE);
    let ofPage = 0;
    for (let from = 0; from < page.length; from += AT_A_TIME) {
      const some = page.slice(from, from + AT_A_TIME);
      const done = await Promise.allSettled(some.map(({ pid, version }) => retirement.retire(pid, version, now)));
      ofPage += done.filter((each) => each.status === 'fulfilled' && each.value).length;
      // This instance comes first in every run, so the others do not wait for it.
      run.failure ??= done.find((each) => each.status === 'rejected');
    }
    run.retired += ofPage;
    // The index is eventually consistent: a page of which nothing could be retired would only be read again.
    if (page.length < PAGE || ofPage === 0 || run.remainingMs() < PAGE_MS) return;
  }
}
