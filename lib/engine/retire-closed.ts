import type { Clock } from '../ports/clock.ts';
import type { RetirementStore } from '../ports/retirement-store.ts';

export interface RetirePorts {
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
 * Gives what closed long ago its expiry (docs/protocol.md#retirement); the store removes it some time after. Goes on until nothing is left, or the time is up: the
 * next call goes on from there, since what is retired is not found again. Returns how many were retired.
 * @throws the first error of an instance that could not be retired, when all others have been
 */
export const retireClosed = async ({ retirement, clock }: RetirePorts, options: RetireOptions): Promise<number> => {
  const { retentionMs, remainingMs = () => Infinity } = options;
  const now = clock.now();
  let retired = 0;
  let failure: PromiseRejectedResult | undefined;
  while (remainingMs() >= PAGE_MS) {
    const page = await retirement.closed(now - retentionMs - CLOCKS_MS, PAGE);
    let ofPage = 0;
    for (let from = 0; from < page.length; from += AT_A_TIME) {
      const some = page.slice(from, from + AT_A_TIME);
      const done = await Promise.allSettled(some.map(({ pid, version }) => retirement.retire(pid, version, now)));
      ofPage += done.filter((each) => each.status === 'fulfilled' && each.value).length;
      // It would be the first again in every run, so the others do not wait for it.
      failure ??= done.find((each) => each.status === 'rejected');
    }
    retired += ofPage;
    // The list lags behind: a page of which nothing could be retired would only come again.
    if (page.length < PAGE || ofPage === 0) break;
  }
  if (failure) throw failure.reason;
  return retired;
};
