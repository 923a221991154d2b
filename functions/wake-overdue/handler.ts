import type { Context } from 'aws-lambda';
import { countStuck, wakeOverdue, type WakePorts } from '../../lib/engine/jobs/wake-overdue.ts';
import { countWaiting, type ParkedList } from '../../lib/ports/parked-list.ts';
import type { Head } from '../../lib/ports/process-store.ts';
import { faultLine, unsentLine, type Log } from '../log-line.ts';

export interface WakeOverduePorts extends WakePorts {
  readonly parking: ParkedList;
  readonly log: Log;
  /** Reads the instances for metrics. @default nothing is measured */
  readonly measured?: () => { readonly seen: (head: Head) => void; readonly flush: () => void };
}

const NONE = { stuck: 0, unresolved: 0 };

function isRejected(result: PromiseSettledResult<unknown>): result is PromiseRejectedResult {
  return result.status === 'rejected';
}

type Handler = (event: unknown, context: Pick<Context, 'getRemainingTimeInMillis'>) => Promise<void>;

/** Upper bound of the count of parked events: a higher number would say no more about the cause. */
const PARKED_MAX = 1_000;

/**
 * Sends lost ticks again and logs their number, because an operator should know of the loss. Logs every hour how many instances or events
 * are still stuck, parked or unresolved, so that the alarms last as long as the state. Stuck and parked ones are counted first, since
 * waking may use up the time. Unresolved ones are counted among the stuck instances and among the running ones that waking reads anyway.
 */
export function makeHandler(ports: () => WakeOverduePorts): Handler {
  return async (_event, context) => {
    const { log, parking, measured, ...others } = ports();
    const still = (event: 'still-stuck' | 'still-parked' | 'still-unresolved', count: number): void => {
      if (count > 0) log({ event, count });
    };
    // Counting may use half of the time; waking has the rest.
    const wakingMs = context.getRemainingTimeInMillis() / 2;
    const counting = { remainingMs: () => context.getRemainingTimeInMillis() - wakingMs };
    const [stuck, parked] = await Promise.allSettled([countStuck(others, counting), countWaiting(parking, PARKED_MAX)]);
    // Ticks are sent even if counting fails.
    for (const { reason } of [stuck, parked].filter(isRejected)) log(faultLine(reason));
    const { stuck: stuckCount, unresolved: unresolvedStuck } = stuck.status === 'fulfilled' ? stuck.value : NONE;
    still('still-stuck', stuckCount);
    still('still-parked', parked.status === 'fulfilled' ? parked.value : 0);
    const measures = measured?.();
    const { count, unresolved, unsent, whole } = await wakeOverdue(others, {
      remainingMs: () => context.getRemainingTimeInMillis(),
      seen: measures?.seen,
    });
    measures?.flush();
    still('still-unresolved', unresolvedStuck + unresolved);
    for (const reason of unsent) log(unsentLine(reason));
    if (count > 0) log({ event: 'woken', count });
    if (!whole) log({ event: 'unseen', detail: 'Some running instances were not checked.' });
  };
}
