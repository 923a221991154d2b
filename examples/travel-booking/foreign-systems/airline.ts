import { ReservationSystem } from './reservations.ts';

/** Reykjavik's line is down for two connections, a few seconds with the retries of the service in between. */
export const airline = new ReservationSystem('flights', 'FL', { KEF: 2 });

const soldOutFlights: ReadonlySet<string> = new Set(['OSL 2026-12-24']);

/** Follows from the input alone, so it cannot deny a booking that an earlier attempt has made. */
export const isSoldOut = (to: string, day: string): boolean => soldOutFlights.has(`${to} ${day}`);
