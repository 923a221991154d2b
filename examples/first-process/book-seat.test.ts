import { everyCrash, type World } from 'tutti/testing';
import { expect, test, vi } from 'vitest';
import { bank, bookSeat, CartCheckedOut, handler, seats } from './book-seat.ts';

/** Runs a story once, and once more for each point at which a worker can be killed. Time is virtual. */
const surviving = (flight: string, check: (world: World) => Promise<void>): Promise<void> =>
  everyCrash(seats, { services: [handler] }, async (world) => {
    await world.client.publish(CartCheckedOut, { cartId: 'c-1', total: 9_900, flight });
    await check(world);
  });

test('an available seat is paid and booked', async () => {
  await surviving('BER-OSL', async (world) => {
    expect(await world.client.result(bookSeat, 'c-1')).toEqual({ seat: '12A' });
  });
});

test('a sold-out flight refunds the payment', async () => {
  const refund = vi.spyOn(bank, 'refund');
  await surviving('BER-LIS', async (world) => {
    await expect(world.client.result(bookSeat, 'c-1')).rejects.toMatchObject({ code: 'PROCESS_FAILED' });
    expect(refund).toHaveBeenLastCalledWith(expect.stringMatching(/^paid /));
  });
});
