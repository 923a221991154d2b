import type { Served } from '../../../../lib/service/served.ts';
import { serve } from 'tutti/service';
import { flights, hotels, notifications, payments } from '../../../../examples/travel-booking/contracts.ts';
import { trips } from '../../../../examples/travel-booking/system.ts';
import type { Choices } from '../../world/choices.ts';
import type { EndedRun, Expectation, Scenario, Site } from '../scenario.ts';
import { done, namesOf } from './done.ts';
import { Script } from './script.ts';

/** The fate of a cart. The scenario chooses it, so that the answers of the services follow from their input alone. */
const FATES = ['booked', 'declined', 'fraud', 'no-flight', 'no-hotel'] as const;
type Fate = (typeof FATES)[number];

const BOOKED = 'flights.book hotels.book notifications.notify payments.charge';
const DAY_MS = 86_400_000;

/** The carts of examples/travel-booking, which are checked out, some of them twice. Some are cancelled. */
export const travelBooking = (choices: Choices): Scenario => {
  const script = new Script(choices, 'trips');
  const expectations = new Map<string, Expectation>();
  for (let count = choices.between(1, 3), i = 1; i <= count; i += 1) {
    const fate = choices.one(FATES);
    const cartId = `cart-${i}`;
    const pid = `default#book-trip#${cartId}`;
    script.publish('trips.checkout-travel-cart', `checkout-${cartId}`, cart(cartId, fate), 600_000);
    const cancelled = choices.chance(0.2);
    if (cancelled) script.cancel(pid, choices.chance(0.8) ? 900_000 : DAY_MS);
    expectations.set(pid, {
      starts: [`checkout-${cartId}`],
      events: [],
      operated: cancelled ? ['cancel'] : [],
      judge: (run) => judge(run, fate, cancelled),
    });
  }
  return { name: 'travel-booking', builds: [trips], serve: serveTrips, acts: script.acts, expectations };
};

const cart = (cartId: string, fate: Fate) => ({
  cartId,
  email: 'ada@example.com',
  total: 129_000,
  card: fate,
  flight: { from: 'VIE', to: fate === 'no-flight' ? 'NOWHERE' : 'LIS', day: '2027-01-02' },
  hotel: { city: fate === 'no-hotel' ? 'NOWHERE' : 'Lisbon', from: '2027-01-02', nights: 3 },
});

const serveTrips = (site: Site): readonly Served[] => [
  serve(payments, {
    charge: async (input, task) => {
      if (input.card === 'declined') throw task.errors.CardDeclined({ reason: 'limit' });
      if (input.card === 'fraud') throw task.errors.SuspectedFraud({});
      await done(site, 'payments.charge', input, task);
      return { paymentId: task.commandId };
    },
    refund: async (input, task) => done(site, 'payments.refund', input, task),
  }),
  serve(flights, {
    book: async (input, task) => {
      if (input.to === 'NOWHERE') throw task.errors.SoldOut({});
      await done(site, 'flights.book', input, task);
      return { reference: task.commandId };
    },
    cancel: async (input, task) => done(site, 'flights.cancel', input, task),
  }),
  serve(hotels, {
    book: async (input, task) => {
      if (input.city === 'NOWHERE') throw task.errors.SoldOut({ freeFrom: '2027-02-01' });
      await done(site, 'hotels.book', input, task);
      return { reference: task.commandId };
    },
    cancel: async (input, task) => done(site, 'hotels.cancel', input, task),
  }),
  serve(notifications, { notify: async (input, task) => done(site, 'notifications.notify', input, task) }),
];

/** The commands without the notice. A cancel after the pivot may come before the notice is sent. */
const withoutNotice = (names: string): string => names.replace('notifications.notify ', '');

/** A refusal undoes the bookings and notifies the customer once. A cancel before the pivot does the same. */
const judge = ({ pid, status, entries, standing, effects, disturbed }: EndedRun, fate: Fate, cancelled: boolean): readonly string[] => {
  const names = namesOf(standing);
  const wrong = (what: string): readonly string[] => [`I10: ${pid} (${fate}) is ${status}: ${what}; standing effects: ${names}`];
  if (status === 'completed') {
    if (fate !== 'booked') return wrong('a service has refused it');
    return names === BOOKED ? [] : wrong('not every booking was made exactly once');
  }
  if (status !== 'failed' && status !== 'cancelled') return [];
  // After the pivot, a cancel undoes nothing.
  if (entries.some(({ type }) => type === 'Pivoted'))
    return withoutNotice(names) === withoutNotice(BOOKED) ? [] : wrong('a booking was undone after the pivot');
  if (status === 'failed' && fate === 'booked' && !disturbed) return wrong('no service has refused it');
  if (status === 'cancelled' && !cancelled) return wrong('no operator has cancelled it');
  if (names !== 'notifications.notify' && !(names === '' && cancelled)) return wrong('a booking stands, or the customer was not notified');
  return effects.filter(({ command }) => command === 'notifications.notify').length > 1 ? wrong('the customer was notified twice') : [];
};
