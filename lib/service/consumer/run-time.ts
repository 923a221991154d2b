import type { Clock } from '../../ports/clock.ts';
import type { InFlight } from './in-flight.ts';

/** The result of a run that exceeded its timeout. */
export const OVERDUE: unique symbol = Symbol('the time of the run is over');

/** Aborts the signal of a run after its timeout and calls `overdue`, unless the run ends before. */
export function watchTime(flight: InFlight, timeoutMs: number, clock: Clock, overdue: () => void = ignore): void {
  void clock.sleep(timeoutMs, flight.ended).then(() => {
    if (flight.ended.aborted) return;
    flight.expire();
    overdue();
  });
}

function ignore(): void {
  // A transaction cannot be taken from its handler.
}
