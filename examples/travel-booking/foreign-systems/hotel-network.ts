import { ReservationSystem } from './reservations.ts';

export const hotelNetwork = new ReservationSystem('hotels', 'HT');

/** Cities without free hotels from one day until another. Venice has its carnival. */
const fullHotels: Readonly<Record<string, { readonly from: string; readonly until: string }>> = {
  Venice: { from: '2027-02-05', until: '2027-02-17' },
};

/** The first free day if the hotels of the city are full on `day`. Depends on the input alone, so each run has the same answer. */
export function fullUntil(city: string, day: string): string | undefined {
  const full = fullHotels[city];
  return full !== undefined && day >= full.from && day < full.until ? full.until : undefined;
}
