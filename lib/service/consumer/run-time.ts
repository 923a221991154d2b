import type { Clock } from '../../ports/clock.ts';
import type { InFlight } from './in-flight.ts';

/** The result of a run that exceeded its timeout. */
export const OVERDUE: unique symbol = Symbol('the time of the run is over');

/** Aborts the signal of a run after its timeout and resolves. Never resolves if the run ends before. */
export async function watchTime(flight: InFlight, timeoutMs: number, clock: Clock): Promise<typeof OVERDUE> {
  await clock.sleep(timeoutMs, flight.ended);
  if (flight.ended.aborted) return new Promise(() => undefined);
  flight.expire();
  return OVERDUE;
}
