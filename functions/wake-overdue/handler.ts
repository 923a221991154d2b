import type { Context } from 'aws-lambda';
import { wakeOverdue, type WakePorts } from '../../lib/engine/wake-overdue.ts';
import type { Log } from '../log-line.ts';

export interface WakeOverduePorts extends WakePorts {
  readonly log: Log;
}

type Handler = (event: unknown, context: Pick<Context, 'getRemainingTimeInMillis'>) => Promise<void>;

/** Sends lost ticks again, and says so: a tick is lost by an accident that somebody should hear of. */
export const makeHandler =
  (ports: () => WakeOverduePorts): Handler =>
  async (_event, context) => {
    const { log, ...others } = ports();
    const { count, whole } = await wakeOverdue(others, { remainingMs: () => context.getRemainingTimeInMillis() });
    if (count > 0 || !whole) log({ event: 'woken', count, ...(!whole && { detail: 'Not every running instance was looked at.' }) });
  };
