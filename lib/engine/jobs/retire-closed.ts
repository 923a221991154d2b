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
  /** What closed longer ago than this, and a day, is retired. */
  readonly retentionMs: number;
  /** How long the caller will still wait, in milliseconds. @default for ever */
  readonly remainingMs?: () => number;
}

/**
 * A start that is as old as the retention still begins an instance, and clocks may be wrong by hours, also those of whoever publishes: what
 * a start has begun outlives the last instant at which it is heard.
 */
const CLOCKS_MS = 86_400_000;
const PAGE = 100;
/** A page is not begun with less than this left. */
const PAGE_MS = 5_000;
/** Writes to as many instances at a time. */
const AT_A_TIME = 10;

/**
 * Gives what closed long ago its expiry, tenant by tenant (docs/protocol.md#retirement); the store removes it some time after. Goes on until
 * nothing is left, or the time is up: the next call goes on from there, since what is retired is not found again. Returns how many were retired.
 * @throws the first error of an instance that could not be retired, when all others have been
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
      // It would be the first again in every run, so the others do not wait for it.
      run.failure ??= done.find((each) => each.status === 'rejected');
    }
    run.retired += ofPage;
    // The list lags behind: a page of which nothing could be retired would only come again.
    if (page.length < PAGE || ofPage === 0 || run.remainingMs() < PAGE_MS) return;
  }
}
