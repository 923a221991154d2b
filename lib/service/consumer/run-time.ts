import type { Clock } from '../../ports/clock.ts';
import type { InFlight } from './in-flight.ts';

/** What a run comes to whose time is over before it has ended. */
export const OVERDUE: unique symbol = Symbol('the time of the run is over');

/** Aborts the signal of a run after its time, and then resolves; never where the run has ended before. */
export async function watchTime(flight: InFlight, timeoutMs: number, clock: Clock): Promise<typeof OVERDUE> {
  await clock.sleep(timeoutMs, flight.ended);
  if (flight.ended.aborted) return new Promise(() => undefined);
  flight.expire();
  return OVERDUE;
}
