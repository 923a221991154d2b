import { sweepTimers, type SweepPorts } from '../../lib/engine/sweep-timers.ts';
import { unsentLine, type Log } from '../log-line.ts';

export interface SweepTimersPorts extends SweepPorts {
  readonly log: Log;
}

/** It runs every minute and may be late: what comes due until well after its next run gets its tick now, delayed. */
const AHEAD_MS = 90_000;

/** Sends a tick to every instance that is due. */
export const makeHandler = (ports: () => SweepTimersPorts) => async (): Promise<void> => {
  const { log, ...others } = ports();
  const { unsent } = await sweepTimers(others, AHEAD_MS);
  for (const reason of unsent) log(unsentLine(reason));
};
