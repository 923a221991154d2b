import { describe, expect, test } from 'vitest';
import { Choices } from '../../simulation/world/choices.ts';
import type { Effect, EndedRun } from '../../simulation/scenarios/scenario.ts';
import { drawBookings, expectationOf, FATES, type Booking, type Fate } from './bookings.ts';

const drawn = drawBookings(200, 'run', Choices.seeded('bookings'));
const bookingOf = (fate: Fate): Booking => drawn.find((booking) => booking.fate === fate)!;

const effect = (command: string, n: number, undoes?: number): Effect => ({
  commandId: `p/r/${n}`,
  command,
  input: '',
  ...(undoes !== undefined && { undoes: `p/r/${undoes}` }),
});

function judged(fate: Fate, status: EndedRun['status'], effects: readonly Effect[]): readonly string[] {
  const undone = new Set(effects.map(({ undoes }) => undoes));
  const standing = effects.filter(({ commandId, undoes }) => undoes === undefined && !undone.has(commandId));
  return expectationOf(bookingOf(fate)).judge({ pid: 'p', run: 'r', status, entries: [], effects, standing, disturbed: false });
}

const charge = effect('payments.charge', 1);
const flight = effect('flights.book', 2);
const hotel = effect('hotels.book', 3);
const letter = effect('notifications.notify', 9);

test('a draw has bookings of all fates, and some whose start is published more than once', () => {
  expect(new Set(drawn.map(({ fate }) => fate))).toEqual(new Set(FATES));
  expect(new Set(drawn.map(({ copies }) => copies))).toEqual(new Set([1, 2, 3]));
  expect(new Set(drawn.map(({ pid }) => pid)).size).toBe(200);
});

describe('a booking is right', () => {
  test('when it is booked and all of it stands', () => {
    expect(judged('booked', 'completed', [charge, flight, hotel, letter])).toEqual([]);
  });

  test('when nothing was charged on a card that was declined', () => {
    expect(judged('card declined', 'failed', [letter])).toEqual([]);
  });

  test('when the hotel is full and everything else was taken back, the newest first', () => {
    const effects = [charge, flight, effect('flights.cancel', 4, 2), effect('payments.refund', 5, 1), letter];
    expect(judged('hotel full', 'failed', effects)).toEqual([]);
  });
});

describe('a booking is wrong', () => {
  test('when it is charged twice', () => {
    const twice = [charge, effect('payments.charge', 4), flight, hotel, letter];
    expect(judged('booked', 'completed', twice)).toEqual([
      expect.stringContaining('was payments.charge, payments.charge, flights.book'),
      expect.stringContaining('payments.charge, payments.charge, flights.book, hotels.book stands'),
    ]);
  });

  test('when its money is kept though the flight is sold out', () => {
    expect(judged('flight sold out', 'failed', [charge, letter])).toContainEqual('payments.charge stands, expected nothing');
  });

  test('when the refund is that of another payment', () => {
    const effects = [charge, effect('payments.refund', 4, 77), letter];
    expect(judged('flight sold out', 'failed', effects)).toEqual(['payments.charge stands, expected nothing']);
  });

  test('when it has a room and is said to have failed', () => {
    expect(judged('booked', 'failed', [charge, flight, hotel, letter])).toEqual(['is failed, expected completed, since it is booked']);
  });

  test('when it has not ended', () => {
    expect(judged('booked', 'running', [charge])).toHaveLength(3);
  });
});
