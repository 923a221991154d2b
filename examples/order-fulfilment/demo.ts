import { readFileSync } from 'node:fs';
import { setTimeout as delay } from 'node:timers/promises';
import { startLocal } from 'tutti/local';
import { CancelOrder, OrderPlaced } from './contracts.ts';
import { fulfilOrder, orders } from './fulfil-order.ts';
import { services } from './services.ts';
import { packAll } from './warehouse/packer.ts';

/**
 * Runs the orders of orders.jsonl, with a simulated packer every two seconds. After a kill, run it again: each order continues.
 * `node --conditions=source --import tsx examples/order-fulfilment/demo.ts`
 */
const runtime = await startLocal(orders, { directory: process.argv[2] ?? '.tutti/orders', services });
const tutti = runtime.client;

const lines = readFileSync(new URL('orders.jsonl', import.meta.url), 'utf8')
  .trim()
  .split('\n');
const events = lines.map(
  (line) => JSON.parse(line) as { type: string; data: { orderId: string; item: string; quantity: number; customer: string } },
);
for (const { type, data } of events) {
  // With a fixed id, the event of a second run is a duplicate, not a second order.
  if (type === OrderPlaced.type) await tutti.publish(OrderPlaced, data, { id: `placed-${data.orderId}` });
  else await tutti.publish(CancelOrder, data, { id: `cancelled-${data.orderId}` });
}

for (let open = await openOrders(); open.length > 0; open = await openOrders()) {
  process.stdout.write(`open: ${open.join(', ')}\n`);
  await delay(2_000);
  for (const orderId of await packAll(tutti)) process.stdout.write(`the warehouse packed ${orderId}\n`);
}
for await (const { id, status } of tutti.list({ process: fulfilOrder })) {
  process.stdout.write(`${id} ${status}: ${status === 'completed' ? JSON.stringify(await tutti.result(fulfilOrder, id)) : ''}\n`);
}
await runtime.stop();

async function openOrders(): Promise<readonly string[]> {
  const open: string[] = [];
  for await (const { id } of tutti.list({ process: fulfilOrder, status: 'running' })) open.push(id);
  return open;
}
