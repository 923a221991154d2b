import { ReservationSystem } from './reservations.ts';

/** Refuses the first two connections about Reykjavik (KEF). With the retries of the service that takes a few seconds. */
export const airline = new ReservationSystem('flights', 'FL', { KEF: 2 });

const soldOutFlights: ReadonlySet<string> = new Set(['OSL 2026-12-24']);

/** Depends on the input alone, so it cannot deny a booking that an earlier run has made. */
export const isSoldOut = (to: string, day: string): boolean => soldOutFlights.has(`${to} ${day}`);
