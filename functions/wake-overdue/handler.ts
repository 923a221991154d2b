import type { Context } from 'aws-lambda';
import { countStuck, wakeOverdue, type WakePorts } from '../../lib/engine/wake-overdue.ts';
import { countWaiting, type ParkedList } from '../../lib/ports/parked-list.ts';
import { faultLine, unsentLine, type Log } from '../log-line.ts';

export interface WakeOverduePorts extends WakePorts {
  readonly parking: ParkedList;
  readonly log: Log;
}

type Handler = (event: unknown, context: Pick<Context, 'getRemainingTimeInMillis'>) => Promise<void>;

/** More parked events than this are a fault of a producer or a service, and their number says no more. */
const PARKED_MAX = 1_000;

/**
 * Sends lost ticks again, and says so: a tick is lost by an accident that an operator should know of. Says every hour what is still stuck and
 * parked, so that the alarms last as long as the state does; it counts first, since waking may use up the time.
 */
export const makeHandler =
  (ports: () => WakeOverduePorts): Handler =>
  async (_event, context) => {
    const { log, parking, ...others } = ports();
    const counts = await Promise.allSettled([countStuck(others), countWaiting(parking, PARKED_MAX)]);
    for (const [i, event] of (['still-stuck', 'still-parked'] as const).entries()) {
      const count = counts[i] as PromiseSettledResult<number>;
      // Ticks are sent all the same.
      if (count.status === 'rejected') log(faultLine(count.reason));
      else if (count.value > 0) log({ event, count: count.value });
    }
    const { count, unsent, whole } = await wakeOverdue(others, { remainingMs: () => context.getRemainingTimeInMillis() });
    for (const reason of unsent) log(unsentLine(reason));
    if (count > 0) log({ event: 'woken', count });
    if (!whole) log({ event: 'unseen', detail: 'Not every running instance was looked at.' });
  };
