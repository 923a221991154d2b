import type { Served } from '../../../../lib/service/served.ts';
import { serve } from 'tutti/service';
import { inventory, notifications, shipping, warehouse } from '../../../../examples/order-fulfilment/contracts.ts';
import { orders } from '../../../../examples/order-fulfilment/fulfil-order.ts';
import type { Choices } from '../../world/choices.ts';
import type { EndedRun, Expectation, Scenario, Site } from '../scenario.ts';
import { done } from './done.ts';
import { Script } from './script.ts';

const HOUR_MS = 3_600_000;
const DAY_MS = 24 * HOUR_MS;
/** The time after which the warehouse reports that an order is packed. With `NEVER`, only a cancel ends the order. */
const PACKED_AFTER_MS = [HOUR_MS, 0, 60_000, 26 * HOUR_MS, 3 * DAY_MS] as const;
const NEVER = 'never';

/**
 * The orders of examples/order-fulfilment, whose packing a person reports by token, or never. Customers cancel before, during and after it.
 */
export const orderFulfilment = (choices: Choices): Scenario => {
  const script = new Script(choices, 'orders');
  const expectations = new Map<string, Expectation>();
  for (let count = choices.between(1, 3), i = 1; i <= count; i += 1) {
    const orderId = `o-${i}`;
    const never = choices.chance(0.15);
    const cancels = never || choices.chance(0.4);
    const inStock = !choices.chance(0.15);
    const item = never ? NEVER : String(choices.one(PACKED_AFTER_MS));
    script.publish(
      'orders.order-placed',
      `placed-${orderId}`,
      { orderId, item, quantity: inStock ? 1 : 100, customer: 'ada@example.com' },
      600_000,
    );
    if (cancels) script.publish('orders.cancel-order', `cancel-${orderId}`, { orderId }, choices.chance(0.5) ? 900_000 : 2 * DAY_MS);
    expectations.set(`default#fulfil-order#${orderId}`, {
      starts: [`placed-${orderId}`],
      events: cancels ? [`cancel-${orderId}`] : [],
      operated: [],
      judge: (run) => judge(run, { cancels, never, inStock }),
    });
  }
  return { name: 'order-fulfilment', builds: [orders], serve: serveOrders, acts: script.acts, expectations };
};

const serveOrders = (site: Site): readonly Served[] => [
  serve(inventory, {
    reserve: async (line, task) => {
      if (line.quantity > 10) throw task.errors.OutOfStock({ available: 10 });
      await done(site, 'inventory.reserve', line, task);
      return { reservationId: task.commandId };
    },
    release: async (input, task) => done(site, 'inventory.release', input, task),
  }),
  serve(warehouse, {
    pack: {
      run: async (line, task) => {
        const answer = { kind: 'complete', command: 'warehouse.pack', output: { parcelId: task.commandId } } as const;
        if (line.item !== NEVER) site.answerLater(Number(line.item), task.token, answer);
        await site.pass();
        return task.defer();
      },
      cancel: async () => site.pass(),
    },
    unpack: async (input, task) => done(site, 'warehouse.unpack', input, task),
    remind: async (input, task) => done(site, 'warehouse.remind', input, task),
  }),
  serve(shipping, {
    ship: async (input, task) => {
      await done(site, 'shipping.ship', input, task);
      return { tracking: task.commandId };
    },
  }),
  serve(notifications, { notify: async (input, task) => done(site, 'notifications.notify', input, task) }),
];

interface Order {
  readonly cancels: boolean;
  readonly never: boolean;
  readonly inStock: boolean;
}

/** An order is shipped once, or all its effects are undone. It is never shipped without packing, and never cancelled without a request. */
const judge = ({ pid, status, result, standing, effects, disturbed }: EndedRun, order: Order): readonly string[] => {
  const wrong = (what: string): readonly string[] => [
    `I10: ${pid} is ${status} ${JSON.stringify(result)}: ${what}; standing effects: ${standing.map(({ command }) => command).join(' ')}`,
  ];
  const count = (command: string, among = standing): number => among.filter((effect) => effect.command === command).length;
  if (status !== 'completed') return status === 'failed' && !disturbed ? wrong('no step of it can fail') : [];
  const { status: end } = result as { readonly status: string };
  if (!order.inStock) return end === 'out-of-stock' && effects.length <= 1 ? [] : wrong('there was no stock');
  if (end === 'shipped') {
    if (order.never) return wrong('it was never packed');
    if (count('inventory.reserve') !== 1 || count('shipping.ship') !== 1) return wrong('it was not reserved and shipped exactly once');
    return count('warehouse.unpack') === 0 ? [] : wrong('it was unpacked, although it was shipped');
  }
  if (end !== 'cancelled' || !order.cancels) return wrong('it was neither shipped nor cancelled by its customer');
  if (count('shipping.ship', effects) > 0) return wrong('it was shipped');
  return count('inventory.reserve') === 0 ? [] : wrong('its stock is still reserved');
};
