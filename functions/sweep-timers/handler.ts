import type { Context } from 'aws-lambda';
import { listSchedules } from '../../lib/engine/jobs/list-schedules.ts';
import { sweepTimers, type SweepPorts } from '../../lib/engine/jobs/sweep-timers.ts';
import { faultLine, unsentLine, type Log } from '../log-line.ts';

export interface SweepTimersPorts extends SweepPorts {
  readonly log: Log;
  /** The system lists schedules. @default false */
  readonly schedules?: boolean;
  /** Stores the graphs of the processes that are not stored yet. @default the build has none */
  readonly storeFlows?: () => Promise<void>;
}

type Handler = (event: unknown, context: Pick<Context, 'getRemainingTimeInMillis'>) => Promise<void>;

/** The function runs every minute and may be late, so timers that come due well after its next run get a delayed tick now. */
const AHEAD_MS = 90_000;

/** An environment that a deployment has started asks at its first run for the schedules of the new code and stores its graphs, and then every hour. */
const LISTED_EVERY_MS = 3_600_000;

/** Sends a tick to every instance with a due timer. If the time does not suffice, the log says so and the next run continues. */
export function makeHandler(ports: () => SweepTimersPorts): Handler {
  let listedAt = -Infinity;
  let storedAt = -Infinity;
  return async (_event, context) => {
    const { log, schedules = false, storeFlows, ...others } = ports();
    if (schedules && others.clock.now() - listedAt >= LISTED_EVERY_MS) {
      const reasons = await listSchedules(others);
      for (const reason of reasons) log(unsentLine(reason));
      if (reasons.length === 0) listedAt = others.clock.now();
    }
    const options = { aheadMs: AHEAD_MS, remainingMs: () => context.getRemainingTimeInMillis() };
    const { unsent, whole } = await sweepTimers(others, options);
    for (const reason of unsent) log(unsentLine(reason));
    if (!whole) log({ event: 'unseen', detail: 'Some due timers were not checked.' });
    if (!storeFlows || others.clock.now() - storedAt < LISTED_EVERY_MS) return;
    storedAt = others.clock.now();
    // A graph is for people: timers do not wait for it.
    await storeFlows().catch((error: unknown) => log(faultLine(error)));
  };
}
