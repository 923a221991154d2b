import type { Context } from 'aws-lambda';
import { sweepTimers, type SweepPorts } from '../../lib/engine/jobs/sweep-timers.ts';
import { unsentLine, type Log } from '../log-line.ts';

export interface SweepTimersPorts extends SweepPorts {
  readonly log: Log;
}

type Handler = (event: unknown, context: Pick<Context, 'getRemainingTimeInMillis'>) => Promise<void>;

/** The function runs every minute and may be late, so timers that come due well after its next run get a delayed tick now. */
const AHEAD_MS = 90_000;

/** Sends a tick to every instance with a due timer. If the time does not suffice, the log says so and the next run continues. */
export function makeHandler(ports: () => SweepTimersPorts): Handler {
  return async (_event, context) => {
    const { log, ...others } = ports();
    const options = { aheadMs: AHEAD_MS, remainingMs: () => context.getRemainingTimeInMillis() };
    const { unsent, whole } = await sweepTimers(others, options);
    for (const reason of unsent) log(unsentLine(reason));
    if (!whole) log({ event: 'unseen', detail: 'Some due timers were not checked.' });
  };
}
