import { readFileSync } from 'node:fs';
import { answered, calls, everyCrash, given, happened, passed, recordJournal, simulate, sleeps, undoes, waits } from 'tutti/testing';
import { beforeEach, describe, expect, test } from 'vitest';
import { CancelOrder, inventory, notifications, OrderPlaced, shipping, warehouse } from './contracts.ts';
import { fulfilOrder, orders } from './fulfil-order.ts';
import { placeForeignSystems } from '../foreign-systems/ledger.ts';
import { mail } from '../foreign-systems/mail.ts';
import { stock } from './inventory/stock.ts';
import { services } from './services.ts';
import { packAll } from './warehouse/packer.ts';
import { worklist } from './warehouse/worklist.ts';

const order = { orderId: 'o-1', item: 'lamp', quantity: 2, customer: 'ada@example.com' };
const line = { orderId: 'o-1', item: 'lamp', quantity: 2 };
const tell = (message: string) => calls(notifications.notify, { to: 'ada@example.com', message });

beforeEach(() => placeForeignSystems('memory'));

describe('fulfil-order decides', () => {
  test('an order reserves its stock first', async () => {
    await given(fulfilOrder).when(happened(OrderPlaced, order)).expect(calls(inventory.reserve, line));
  });

  test('reserved stock confirms the order, asks the warehouse to pack and schedules the first reminder', async () => {
    await given(fulfilOrder, happened(OrderPlaced, order))
      .when(answered(inventory.reserve, { reservationId: 'r-1' }))
      .expect(tell('Your order is confirmed.'), calls(warehouse.pack, line), waits(CancelOrder), sleeps('1 day'));
  });

  test('a day without packing reminds the warehouse and schedules the next reminder', async () => {
    await given(fulfilOrder, happened(OrderPlaced, order), answered(inventory.reserve, { reservationId: 'r-1' }))
      .when(passed('1 day'))
      .expect(calls(warehouse.remind, { orderId: 'o-1' }), sleeps('1 day'));
  });

  test('a packed parcel is shipped', async () => {
    await given(fulfilOrder, happened(OrderPlaced, order), answered(inventory.reserve, { reservationId: 'r-1' }))
      .when(answered(warehouse.pack, { parcelId: 'parcel-1' }))
      .expect(calls(shipping.ship, { parcelId: 'parcel-1' }));
  });

  test('a parcel that is packed after the cancellation is unpacked', async () => {
    await given(
      fulfilOrder,
      happened(OrderPlaced, order),
      answered(inventory.reserve, { reservationId: 'r-1' }),
      happened(CancelOrder, { orderId: 'o-1' }),
    )
      .when(answered(warehouse.pack, { parcelId: 'parcel-1' }))
      .expect(undoes(warehouse.pack));
  });
});

describe('the whole shop', () => {
  test('an order that is packed three days later is shipped, and the customer gets its tracking number', async () => {
    const world = simulate(orders, { services });
    await world.client.publish(OrderPlaced, order);
    await world.advance('3 days');
    expect(await world.client.query(fulfilOrder, 'o-1')).toEqual({ stage: 'packing' });
    expect(worklist.highlighted()).toEqual(['o-1']);
    expect(world.calls(warehouse.remind)).toHaveLength(3);
    expect(await packAll(world.client)).toEqual(['o-1']);
    await world.settle();
    expect(await world.client.result(fulfilOrder, 'o-1')).toEqual({ status: 'shipped', tracking: 'TRACK-0001' });
    expect(mail.to(order.customer)).toEqual(['Your order is confirmed.', 'On its way: TRACK-0001.']);
    await world.advance('30 days');
    expect(world.calls(warehouse.remind)).toHaveLength(3);
    recordJournal(world, fulfilOrder, 'o-1', new URL('journals/reminded.json', import.meta.url));
  });

  test('an order for more than the stock ends at once and reserves nothing', async () => {
    const world = simulate(orders, { services });
    await world.client.publish(OrderPlaced, { ...order, item: 'chair', quantity: 5 });
    await world.settle();
    expect(await world.client.result(fulfilOrder, 'o-1')).toEqual({ status: 'out-of-stock' });
    expect(mail.to(order.customer)).toEqual(['Sorry, only 4 left.']);
    expect(stock.available('chair')).toBe(4);
  });

  test('an order that is cancelled before it is packed leaves the worklist and releases its stock', async () => {
    const world = simulate(orders, { services });
    await world.client.publish(OrderPlaced, order);
    await world.settle();
    expect(worklist.open()).toHaveLength(1);
    expect(stock.available('lamp')).toBe(8);
    await world.client.signal(fulfilOrder, 'o-1', CancelOrder, { orderId: 'o-1' });
    await world.settle();
    expect(await world.client.result(fulfilOrder, 'o-1')).toEqual({ status: 'cancelled' });
    expect(worklist.open()).toEqual([]);
    expect(stock.available('lamp')).toBe(10);
    expect(mail.to(order.customer).at(-1)).toBe('Your order is cancelled.');
  });

  test('a cancellation that arrives together with the order is not lost', async () => {
    const world = simulate(orders, { services });
    await world.client.publish(OrderPlaced, order);
    await world.client.publish(CancelOrder, { orderId: 'o-1' });
    await world.settle();
    expect(await world.client.result(fulfilOrder, 'o-1')).toEqual({ status: 'cancelled' });
    expect(stock.available('lamp')).toBe(10);
  });

  test('a cancellation that arrives before the order waits for it', async () => {
    const world = simulate(orders, { services });
    await world.client.publish(CancelOrder, { orderId: 'o-1' });
    await world.advance('1 hour');
    await world.client.publish(OrderPlaced, order);
    await world.settle();
    expect(await world.client.result(fulfilOrder, 'o-1')).toEqual({ status: 'cancelled' });
    recordJournal(world, fulfilOrder, 'o-1', new URL('journals/cancelled-early.json', import.meta.url));
  });

  test('the orders of orders.jsonl end as README.md describes', async () => {
    const world = simulate(orders, { services });
    const lines = readFileSync(new URL('orders.jsonl', import.meta.url), 'utf8')
      .trim()
      .split('\n');
    for (const line of lines) {
      const { type, data } = JSON.parse(line) as { type: string; data: typeof order };
      await (type === OrderPlaced.type ? world.client.publish(OrderPlaced, data) : world.client.publish(CancelOrder, data));
      await world.settle();
    }
    await packAll(world.client);
    await world.settle();
    const ends: Record<string, string> = {};
    for await (const { id } of world.client.list({ process: fulfilOrder })) ends[id] = (await world.client.result(fulfilOrder, id)).status;
    expect(ends).toEqual({
      'o-1': 'shipped',
      'o-2': 'shipped',
      'o-3': 'out-of-stock',
      'o-4': 'cancelled',
      'o-5': 'out-of-stock',
      'o-6': 'shipped',
    });
    expect(stock.available('walnut table')).toBe(1);
    for (const id of Object.keys(ends)) recordJournal(world, fulfilOrder, id, new URL(`journals/${id}.json`, import.meta.url));
  });

  test('a cancelled order releases its stock once, after a crash at any step', async () => {
    await everyCrash(orders, { services }, async (world) => {
      placeForeignSystems('memory');
      await world.client.publish(OrderPlaced, order, { id: 'placed' });
      await world.advance('1 hour');
      await world.client.publish(CancelOrder, { orderId: 'o-1' }, { id: 'cancelled' });
      await world.advance('1 hour');
      expect(await world.client.result(fulfilOrder, 'o-1')).toEqual({ status: 'cancelled' });
      expect(stock.available('lamp')).toBe(10);
    });
  });
});
