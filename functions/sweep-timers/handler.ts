import { sweepTimers, type SweepPorts } from '../../lib/engine/sweep-timers.ts';

/** It runs every minute and may be late: what comes due until well after its next run gets its tick now, delayed. */
const AHEAD_MS = 90_000;

/** Sends a tick to every instance that is due. */
export const makeHandler = (ports: () => SweepPorts) => async (): Promise<void> => {
  await sweepTimers(ports(), AHEAD_MS);
};
