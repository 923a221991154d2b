import { system } from 'tutti';
import { scripted, simulate } from 'tutti/testing';
import { expect } from 'vitest';
import { carrier, OrderChanged, OrderPlaced, payments } from './contracts.ts';
import { deliver } from './deliver.ts';

export const deliverStory = async (): Promise<void> => {
  // region test
  const shop = system('shop', { processes: [deliver], services: [payments, carrier] });
  const world = simulate(shop, {
    services: [
      scripted(payments, { charge: async () => ({ paymentId: 'p-1' }) }),
      scripted(carrier, { quote: async () => ({ price: 450 }), pickUp: async () => ({ pickUpId: 'u-1' }) }),
    ],
  });
  await world.client.publish(OrderPlaced, { orderId: 'o-1', kg: 2, total: 7_000 });
  await world.advance('1 hour');
  await world.client.publish(OrderChanged, { orderId: 'o-1', kg: 2, total: 8_000 });
  await world.advance('2 hours');
  expect(await world.client.result(deliver, 'o-1')).toEqual({ delivered: true, price: 450 });
  expect(world.calls(payments.charge)).toEqual([{ amount: 8_000 }]);
  // endregion
};
