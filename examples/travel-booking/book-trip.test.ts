import { readFileSync } from 'node:fs';
import {
  answered,
  calls,
  cancelRequested,
  everyCrash,
  given,
  happened,
  publishes,
  recordJournal,
  scripted,
  silent,
  simulate,
  completes,
  fails,
  undoes,
} from 'tutti/testing';
import { beforeEach, describe, expect, test } from 'vitest';
import { bookTrip } from './book-trip.ts';
import { CheckoutTravelCart, flights, hotels, notifications, payments, TripBooked } from './contracts.ts';
import { airline } from './foreign-systems/airline.ts';
import { hotelNetwork } from './foreign-systems/hotel-network.ts';
import { paymentProvider } from '../foreign-systems/payment-provider.ts';
import { placeForeignSystems } from '../foreign-systems/ledger.ts';
import { mail } from '../foreign-systems/mail.ts';
import { services } from './services.ts';
import { trips } from './system.ts';

const cart = {
  cartId: 'cart-42',
  email: 'ada@example.com',
  total: 129_000,
  card: 'tok_visa',
  flight: { from: 'BER', to: 'LIS', day: '2026-12-27' },
  hotel: { city: 'Lisbon', from: '2026-12-27', nights: 4 },
};
const receipt = { paymentId: 'p-7' };
const flight = { reference: 'FL7' };
const hotel = { reference: 'HT7' };

beforeEach(() => placeForeignSystems('memory'));

describe('book-trip decides', () => {
  test('a checked-out cart is charged first', async () => {
    await given(bookTrip)
      .when(happened(CheckoutTravelCart, cart))
      .expect(calls(payments.charge, { amount: 129_000, card: 'tok_visa' }));
  });

  test('the flight is booked once the payment is charged, and the hotel once the flight is booked', async () => {
    await given(bookTrip, happened(CheckoutTravelCart, cart))
      .when(answered(payments.charge, receipt))
      .expect(calls(flights.book, cart.flight));
    await given(bookTrip, happened(CheckoutTravelCart, cart), answered(payments.charge, receipt))
      .when(answered(flights.book, flight))
      .expect(calls(hotels.book, cart.hotel));
  });

  test('a booked hotel publishes TripBooked and notifies the customer', async () => {
    await given(bookTrip, happened(CheckoutTravelCart, cart), answered(payments.charge, receipt), answered(flights.book, flight))
      .when(answered(hotels.book, hotel))
      .expect(
        publishes(TripBooked, { cartId: 'cart-42', flight: 'FL7', hotel: 'HT7' }),
        calls(notifications.notify, { to: cart.email, message: 'Booked: FL7, HT7.' }),
      );
  });

  test('a notified customer completes the booking', async () => {
    await given(
      bookTrip,
      happened(CheckoutTravelCart, cart),
      answered(payments.charge, receipt),
      answered(flights.book, flight),
      answered(hotels.book, hotel),
    )
      .when(answered(notifications.notify, null))
      .expect(completes({ flight: 'FL7', hotel: 'HT7' }));
  });

  test('a full hotel cancels the flight first', async () => {
    await given(bookTrip, happened(CheckoutTravelCart, cart), answered(payments.charge, receipt), answered(flights.book, flight))
      .when(answered(hotels.book, hotels.book.errors.SoldOut({ freeFrom: '2027-01-03' })))
      .expect(undoes(flights.book));
  });

  test('a cancelled flight is followed by the refund, the refund by the apology, and the apology by the failure', async () => {
    const full = [
      happened(CheckoutTravelCart, cart),
      answered(payments.charge, receipt),
      answered(flights.book, flight),
      answered(hotels.book, hotels.book.errors.SoldOut({ freeFrom: '2027-01-03' })),
    ];
    await given(bookTrip, ...full)
      .when(answered(flights.cancel, null))
      .expect(undoes(payments.charge));
    await given(bookTrip, ...full, answered(flights.cancel, null))
      .when(answered(payments.refund, null))
      .expect(calls(notifications.notify, { to: cart.email, message: 'The hotel is full until 2027-01-03; everything is refunded.' }));
    await given(bookTrip, ...full, answered(flights.cancel, null), answered(payments.refund, null))
      .when(answered(notifications.notify, null))
      .expect(fails(hotels.book.errors.SoldOut({ freeFrom: '2027-01-03' })));
  });

  test('a declined card undoes nothing, and the customer learns the reason', async () => {
    await given(bookTrip, happened(CheckoutTravelCart, cart))
      .when(answered(payments.charge, payments.charge.errors.CardDeclined({ reason: 'insufficient funds' })))
      .expect(calls(notifications.notify, { to: cart.email, message: 'Your card was declined: insufficient funds.' }));
  });

  test('a suspected fraud is not explained to the customer', async () => {
    await given(bookTrip, happened(CheckoutTravelCart, cart))
      .when(answered(payments.charge, payments.charge.errors.SuspectedFraud({})))
      .expect(calls(notifications.notify, { to: cart.email, message: 'We could not accept this payment.' }));
  });

  test('an airline that never answers leads to a refund', async () => {
    await given(bookTrip, happened(CheckoutTravelCart, cart), answered(payments.charge, receipt))
      .when(silent(flights.book))
      .expect(undoes(payments.charge));
  });

  test('a cancel request while the hotel is open settles the hotel before anything is undone', async () => {
    const before = [happened(CheckoutTravelCart, cart), answered(payments.charge, receipt), answered(flights.book, flight)];
    await given(bookTrip, ...before, cancelRequested('the customer rang'))
      .when(answered(hotels.book, hotel))
      .expect(undoes(hotels.book));
  });
});

describe('the whole system', () => {
  const carts = readFileSync(new URL('carts.jsonl', import.meta.url), 'utf8')
    .trim()
    .split('\n')
    .map((line) => (JSON.parse(line) as { data: typeof cart }).data);

  test('eight of the twelve carts are booked, and the balance of the account is their price', async () => {
    const world = simulate(trips, { at: '2026-12-01T08:00:00Z', services });
    for (const each of carts) await world.client.publish(CheckoutTravelCart, each);
    await world.advance('1 hour');
    const statuses = Object.fromEntries(
      await Promise.all(carts.map(async ({ cartId }) => [cartId, (await world.client.describe(bookTrip, cartId)).status])),
    );
    const failed = ['cart-3', 'cart-4', 'cart-7', 'cart-9'];
    expect(statuses).toEqual(Object.fromEntries(carts.map(({ cartId }) => [cartId, failed.includes(cartId) ? 'failed' : 'completed'])));
    for (const cartId of ['cart-1', 'cart-5', ...failed])
      recordJournal(world, bookTrip, cartId, new URL(`journals/${cartId}.json`, import.meta.url));
    const booked = carts.filter(({ cartId }) => !failed.includes(cartId));
    expect(paymentProvider.balance()).toBe(booked.reduce((sum, { total }) => sum + total, 0));
    expect(airline.standing()).toHaveLength(booked.length);
    expect(hotelNetwork.standing()).toHaveLength(booked.length);
  });

  test('a full hotel cancels the flight, refunds the payment, and sends one message', async () => {
    const world = simulate(trips, { services });
    await world.client.publish(CheckoutTravelCart, { ...cart, hotel: { city: 'Venice', from: '2027-02-12', nights: 3 } });
    await world.settle();
    expect(paymentProvider.charged()).toEqual(paymentProvider.refunded());
    expect(airline.standing()).toEqual([]);
    expect(mail.to(cart.email)).toEqual(['The hotel is full until 2027-02-17; everything is refunded.']);
  });

  test('a payment service that is down for an hour only delays the booking', async () => {
    const world = simulate(trips, { services });
    world.down(payments, '1 hour');
    await world.client.publish(CheckoutTravelCart, cart);
    await world.settle();
    expect(paymentProvider.charged()).toEqual([]);
    await world.advance('2 hours');
    expect(await world.client.result(bookTrip, 'cart-42')).toEqual({ flight: 'FL101', hotel: 'HT101' });
    expect(paymentProvider.charged()).toHaveLength(1);
  });

  test('a cart that is checked out twice is booked once', async () => {
    const world = simulate(trips, { services });
    await world.client.publish(CheckoutTravelCart, cart);
    await world.settle();
    await world.client.publish(CheckoutTravelCart, cart);
    await world.settle();
    expect(paymentProvider.balance()).toBe(cart.total);
  });

  test('a trip that is cancelled before its hotel answers is undone and reported as cancelled', async () => {
    const world = simulate(trips, {
      services: [
        ...services.filter((service) => service['~service'] !== 'hotels'),
        scripted(hotels, { book: async (_stay, task) => task.defer(), cancel: async () => {} }),
      ],
    });
    await world.client.publish(CheckoutTravelCart, cart);
    await world.settle();
    await world.client.cancel(bookTrip, 'cart-42', 'the customer rang');
    await world.settle();
    expect((await world.client.describe(bookTrip, 'cart-42')).status).toBe('cancelled');
    recordJournal(world, bookTrip, 'cart-42', new URL('journals/cancelled.json', import.meta.url));
    expect(paymentProvider.balance()).toBe(0);
    expect(airline.standing()).toEqual([]);
  });

  test('a booking is completed and paid once, after a crash at any step', async () => {
    await everyCrash(trips, { services }, async (world) => {
      placeForeignSystems('memory');
      await world.client.publish(CheckoutTravelCart, cart, { id: 'checkout-42' });
      await world.advance('1 hour');
      expect(await world.client.result(bookTrip, 'cart-42')).toEqual({ flight: 'FL101', hotel: 'HT101' });
      expect(paymentProvider.balance()).toBe(cart.total);
      expect(mail.to(cart.email)).toEqual(['Booked: FL101, HT101.']);
    });
  });

  test('a booking that fails is undone once, after a crash at any step', async () => {
    await everyCrash(trips, { services }, async (world) => {
      placeForeignSystems('memory');
      await world.client.publish(
        CheckoutTravelCart,
        { ...cart, hotel: { city: 'Venice', from: '2027-02-12', nights: 3 } },
        { id: 'checkout-42' },
      );
      await world.advance('1 hour');
      expect((await world.client.describe(bookTrip, 'cart-42')).status).toBe('failed');
      expect(paymentProvider.refunded()).toEqual(paymentProvider.charged());
      expect(airline.standing()).toEqual([]);
      expect(mail.to(cart.email)).toHaveLength(1);
    });
  });
});
