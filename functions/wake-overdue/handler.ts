import type { Context } from 'aws-lambda';
import { countStuck, wakeOverdue, type WakePorts } from '../../lib/engine/jobs/wake-overdue.ts';
import { countWaiting, type ParkedList } from '../../lib/ports/parked-list.ts';
import { faultLine, unsentLine, type Log } from '../log-line.ts';

export interface WakeOverduePorts extends WakePorts {
  readonly parking: ParkedList;
  readonly log: Log;
}

const NONE = { stuck: 0, unresolved: 0 };

const isRejected = (result: PromiseSettledResult<unknown>): result is PromiseRejectedResult => result.status === 'rejected';

type Handler = (event: unknown, context: Pick<Context, 'getRemainingTimeInMillis'>) => Promise<void>;

/** More parked events than this are a fault of a producer or a service, and their number says no more. */
const PARKED_MAX = 1_000;

/**
 * Sends lost ticks again, and says so: a tick is lost by an accident that an operator should know of. Says every hour what is still stuck,
 * parked and unresolved, so that the alarms last as long as the state does. What is stuck and parked is counted first, since waking may use up the
 * time; what is unresolved is counted among the running instances that are looked at for their ticks anyway, and among the stuck ones.
 */
export const makeHandler =
  (ports: () => WakeOverduePorts): Handler =>
  async (_event, context) => {
    const { log, parking, ...others } = ports();
    const still = (event: 'still-stuck' | 'still-parked' | 'still-unresolved', count: number): void => {
      if (count > 0) log({ event, count });
    };
    // Waking has the other half of the time.
    const wakingMs = context.getRemainingTimeInMillis() / 2;
    const counting = { remainingMs: () => context.getRemainingTimeInMillis() - wakingMs };
    const [stuck, parked] = await Promise.allSettled([countStuck(others, counting), countWaiting(parking, PARKED_MAX)]);
    // Ticks are sent all the same.
    for (const { reason } of [stuck, parked].filter(isRejected)) log(faultLine(reason));
    const { stuck: stuckCount, unresolved: unresolvedStuck } = stuck.status === 'fulfilled' ? stuck.value : NONE;
    still('still-stuck', stuckCount);
    still('still-parked', parked.status === 'fulfilled' ? parked.value : 0);
    const { count, unresolved, unsent, whole } = await wakeOverdue(others, { remainingMs: () => context.getRemainingTimeInMillis() });
    still('still-unresolved', unresolvedStuck + unresolved);
    for (const reason of unsent) log(unsentLine(reason));
    if (count > 0) log({ event: 'woken', count });
    if (!whole) log({ event: 'unseen', detail: 'Not every running instance was looked at.' });
  };
