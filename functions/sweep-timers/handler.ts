import type { Context } from 'aws-lambda';
import { sweepTimers, type SweepPorts } from '../../lib/engine/jobs/sweep-timers.ts';
import { unsentLine, type Log } from '../log-line.ts';

export interface SweepTimersPorts extends SweepPorts {
  readonly log: Log;
}

type Handler = (event: unknown, context: Pick<Context, 'getRemainingTimeInMillis'>) => Promise<void>;

/** It runs every minute and may be late: what comes due until well after its next run gets its tick now, delayed. */
const AHEAD_MS = 90_000;

/** Sends a tick to every instance that is due. The next run sends the ticks for which the time does not suffice, and the log counts them. */
export const makeHandler =
  (ports: () => SweepTimersPorts): Handler =>
  async (_event, context) => {
    const { log, ...others } = ports();
    const options = { aheadMs: AHEAD_MS, remainingMs: () => context.getRemainingTimeInMillis() };
    const { unsent, whole } = await sweepTimers(others, options);
    for (const reason of unsent) log(unsentLine(reason));
    if (!whole) log({ event: 'unseen', detail: 'Not every timer that is due was looked at.' });
  };
