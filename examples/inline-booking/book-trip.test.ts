import { readFileSync } from 'node:fs';
import { steps } from 'tutti';
import { everyCrash, simulate } from 'tutti/testing';
import { beforeEach, expect, test } from 'vitest';
import { placeForeignSystems } from '../foreign-systems/ledger.ts';
import { bookTrip, CartCheckedOut, trips } from './book-trip.ts';
import { airline, bank, hotels } from './partners.ts';

const cart = { cartId: 'c-1', card: 'tok_visa', total: 129_000, flight: 'BER-LIS', hotel: 'Lisbon' };
const deals = (): readonly string[] => [bank, airline, hotels].flatMap((partner) => partner.deals().map(({ what }) => what));

beforeEach(() => placeForeignSystems('memory'));

test('a cart is paid and booked, step by step', async () => {
  const world = simulate(trips);
  await world.client.publish(CartCheckedOut, cart);
  await world.settle();
  expect(await world.client.result(bookTrip, 'c-1')).toEqual({ flight: 'airline-1', hotel: 'hotels-1' });
  expect(deals()).toEqual(['129000 cents of tok_visa', 'BER-LIS', 'Lisbon']);
});

test('a hotel that is sold out gives the flight and the payment back, in reverse', async () => {
  const world = simulate(trips);
  await world.client.publish(CartCheckedOut, { ...cart, hotel: 'sold out: Lisbon' });
  await world.settle();
  expect((await world.client.describe(bookTrip, 'c-1')).why).toContain('the step book the hotel failed: hotels: sold out: Lisbon');
  expect(deals()).toEqual(['129000 cents of tok_visa', 'back bank-1', 'BER-LIS', 'back airline-1']);
  expect(world.calls(steps.undo).map(({ step }) => step)).toEqual(['book the flight:1', 'charge:1']);
});

test('a test scripts a step', async () => {
  const world = simulate(trips);
  world.runs('book the flight', async (task) => {
    throw task.fail('fog');
  });
  await world.client.publish(CartCheckedOut, cart);
  await world.settle();
  expect(deals()).toEqual(['129000 cents of tok_visa', 'back bank-1']);
});

test('at whatever point a worker is killed, each partner makes one deal', async () => {
  await everyCrash(trips, {}, async (world) => {
    placeForeignSystems('memory');
    await world.client.publish(CartCheckedOut, { ...cart, hotel: 'sold out: Lisbon' });
    await world.advance('1 hour');
    expect(deals()).toEqual(['129000 cents of tok_visa', 'back bank-1', 'BER-LIS', 'back airline-1']);
  });
});

test('the booking has at most 50 lines in two files', () => {
  const lines = ['book-trip.ts', 'partners.ts'].flatMap((file) => readFileSync(new URL(file, import.meta.url), 'utf8').split('\n'));
  expect(lines.filter((line) => !/^\s*(?:$|\/\/|\/\*)/.test(line)).length).toBeLessThanOrEqual(50);
});
