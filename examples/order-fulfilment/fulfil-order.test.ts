import { expect, test } from 'vitest';
import { scripted, simulate } from 'tutti/testing';
import { CancelOrder, inventory, notifications, OrderPlaced, warehouse } from './contracts.ts';
import { fulfilOrder, orders } from './fulfil-order.ts';

test('the warehouse gets a reminder every day, and a cancelled order releases its stock', async () => {
  const world = simulate(orders, { services: [scripted(inventory, { reserve: async () => ({ reservationId: 'r-1' }), release: async () => {} }),
    scripted(warehouse, { pack: async (_line, task) => task.defer(), remind: async () => {} }), scripted(notifications, { notify: async () => {} })] });
  await world.client.publish(OrderPlaced, { orderId: 'o-1', item: 'lamp', quantity: 1, customer: 'a@example.com' });
  await world.advance('2 days');
  expect(world.calls(warehouse.remind)).toHaveLength(2);
  await world.client.publish(CancelOrder, { orderId: 'o-1' });
  await world.settle();
  expect(await world.client.result(fulfilOrder, 'o-1')).toEqual({ status: 'cancelled' });
  expect(world.calls(inventory.release)).toEqual([{ reservationId: 'r-1' }]);
});
