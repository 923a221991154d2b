import { scripted, simulate } from 'tutti/testing';
import { expect, test } from 'vitest';
import { bookSeat, CartCheckedOut, flights, payments } from './book-seat.ts';
import { seats } from './system.ts';

const paid = scripted(payments, { charge: async () => ({ paymentId: 'p-1' }), refund: async () => {} });

test('an available seat is paid and booked', async () => {
  const world = simulate(seats, { services: [paid, scripted(flights, { book: async () => ({ seat: '12A' }) })] });
  await world.client.publish(CartCheckedOut, { cartId: 'c-1', total: 9_900, flight: 'BER-LIS' });
  await world.settle();
  expect(await world.client.result(bookSeat, 'c-1')).toEqual({ seat: '12A' });
  expect(world.calls(payments.refund)).toEqual([]);
});

test('a sold-out flight refunds the payment', async () => {
  const soldOut = scripted(flights, {
    book: async (_flight, task) => {
      throw task.errors.SoldOut({});
    },
  });
  const world = simulate(seats, { services: [paid, soldOut] });
  await world.client.publish(CartCheckedOut, { cartId: 'c-1', total: 9_900, flight: 'BER-LIS' });
  await world.settle();
  expect((await world.client.describe(bookSeat, 'c-1')).status).toBe('failed');
  expect(world.calls(payments.refund)).toEqual([{ paymentId: 'p-1' }]);
});
