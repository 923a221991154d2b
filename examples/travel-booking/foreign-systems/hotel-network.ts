import { ReservationSystem } from './reservations.ts';

export const hotelNetwork = new ReservationSystem('hotels', 'HT');

/** Full from that day on, until the other. Venice has its carnival. */
const fullHotels: Readonly<Record<string, { readonly from: string; readonly until: string }>> = {
  Venice: { from: '2027-02-05', until: '2027-02-17' },
};

/** The first free day, where the hotels of that city are full on this one. Follows from the input alone. */
export function fullUntil(city: string, day: string): string | undefined {
  const full = fullHotels[city];
  return full !== undefined && day >= full.from && day < full.until ? full.until : undefined;
}
