import type { Context } from 'aws-lambda';
import { countStuck, wakeOverdue, type WakePorts } from '../../lib/engine/wake-overdue.ts';
import { unsentLine, type Log } from '../log-line.ts';

export interface WakeOverduePorts extends WakePorts {
  readonly log: Log;
}

type Handler = (event: unknown, context: Pick<Context, 'getRemainingTimeInMillis'>) => Promise<void>;

/**
 * Sends lost ticks again, and says so: a tick is lost by an accident that an operator should know of. Says every hour what is still stuck, so
 * that the alarm lasts as long as the state does; it counts first, since waking may use up the time.
 */
export const makeHandler =
  (ports: () => WakeOverduePorts): Handler =>
  async (_event, context) => {
    const { log, ...others } = ports();
    const stuck = await countStuck(others);
    if (stuck > 0) log({ event: 'still-stuck', count: stuck });
    const { count, unsent, whole } = await wakeOverdue(others, { remainingMs: () => context.getRemainingTimeInMillis() });
    for (const reason of unsent) log(unsentLine(reason));
    if (count > 0) log({ event: 'woken', count });
    if (!whole) log({ event: 'unseen', detail: 'Not every running instance was looked at.' });
  };
