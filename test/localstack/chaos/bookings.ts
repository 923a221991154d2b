import type { Choices } from '../../simulation/world/choices.ts';
import type { EndedRun, Expectation } from '../../simulation/scenarios/scenario.ts';
import { pidOf } from '../outside/head.ts';
import { asciiJson, cart, envelope } from '../outside/publish.ts';

/** The outcome of a booking follows from its cart alone, so no fault may change it. */
export const FATES = ['booked', 'card declined', 'suspected fraud', 'flight sold out', 'hotel full'] as const;
export type Fate = (typeof FATES)[number];

export interface Booking {
  readonly pid: string;
  readonly fate: Fate;
  /** Id of the event that starts it. */
  readonly eventId: string;
  /** That event, as it goes on the bus. */
  readonly detail: string;
  /** How often its producer publishes it. */
  readonly copies: number;
}

export const CHECKOUT = 'trips.checkout-travel-cart';

/** The cart for each outcome. */
const cartOf: Readonly<Record<Fate, (id: string) => object>> = {
  booked: (id) => cart(id),
  'card declined': (id) => ({ ...cart(id), card: 'tok_no_funds' }),
  'suspected fraud': (id) => ({ ...cart(id), card: 'tok_stolen' }),
  'flight sold out': (id) => ({ ...cart(id), flight: { from: 'BER', to: 'OSL', day: '2026-12-24' } }),
  'hotel full': (id) => cart(id, 'Venice'),
};

/** The effects of the foreign systems that each outcome requires, in order. */
const deedsOf: Readonly<Record<Fate, readonly string[]>> = {
  booked: ['payments.charge', 'flights.book', 'hotels.book', 'notifications.notify'],
  'card declined': ['notifications.notify'],
  'suspected fraud': ['notifications.notify'],
  'flight sold out': ['payments.charge', 'payments.refund', 'notifications.notify'],
  'hotel full': ['payments.charge', 'flights.book', 'flights.cancel', 'payments.refund', 'notifications.notify'],
};

/** Bookings of all fates, six of ten booked; the event of one in ten is published twice or three times. */
export function drawBookings(count: number, run: string, choices: Choices): readonly Booking[] {
  return Array.from({ length: count }, (_, index) => {
    const id = `${run}-${index}`;
    const drawn = choices.below(10);
    const fate = drawn < 6 ? 'booked' : FATES[drawn - 5]!;
    const event = envelope(CHECKOUT, cartOf[fate](id));
    return {
      pid: pidOf('book-trip', id),
      fate,
      eventId: String(event['id']),
      detail: asciiJson(event),
      copies: choices.chance(0.1) ? choices.between(2, 3) : 1,
    };
  });
}

export const expectationOf = ({ fate, eventId }: Booking): Expectation => ({
  starts: [eventId],
  events: [],
  operated: [],
  judge: (run) => judge(fate, run),
});

/** Money and seats: what was done, each once, and what stands of it. */
function judge(fate: Fate, { status, effects, standing }: EndedRun): readonly string[] {
  const wrong: string[] = [];
  const wanted = fate === 'booked' ? 'completed' : 'failed';
  if (status !== wanted) wrong.push(`is ${status}, expected ${wanted}, since it is ${fate}`);
  const done = effects.map(({ command }) => command);
  if (done.join() !== deedsOf[fate].join()) wrong.push(`was ${done.join(', ') || 'nothing'}, expected ${deedsOf[fate].join(', ')}`);
  const stands = standing.map(({ command }) => command).filter((command) => /\.(?:charge|book)$/.test(command));
  const mayStand = fate === 'booked' ? ['payments.charge', 'flights.book', 'hotels.book'] : [];
  if (stands.join() !== mayStand.join())
    wrong.push(`${stands.join(', ') || 'nothing'} stands, expected ${mayStand.join(', ') || 'nothing'}`);
  return wrong;
}
