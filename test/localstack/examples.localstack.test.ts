import { fileURLToPath } from 'node:url';
import { beforeAll, expect, test } from 'vitest';
import { findDeployment } from './outside/deployment.ts';
import { awaitStatus, journalOf, pidOf } from './outside/head.ts';
import { asciiJson, cart, publish, putOnBus } from './outside/publish.ts';
import { until } from './outside/until.ts';
import { runQuietly } from './program.ts';

const run = Date.now().toString(36);
const root = fileURLToPath(new URL('../..', import.meta.url));

beforeAll(async () => {
  await runQuietly('npm', ['run', '--silent', 'deploy:local'], { cwd: root, env: process.env });
});

test(
  'the stack of npm run deploy:local books a trip for an event of any program, and undoes one that is not available',
  { timeout: 180_000 },
  async () => {
    const trips = await findDeployment('trips');
    const type = 'trips.checkout-travel-cart';
    for (const [id, city] of [
      [`${run}-had`, 'Lisbon'],
      [`${run}-full`, 'Venice'],
    ] as const)
      await putOnBus(trips, { source: 'trips', type, detail: asciiJson(cart(id, city)) });
    await awaitStatus(trips, pidOf('book-trip', `${run}-had`), 'completed', 120);
    await awaitStatus(trips, pidOf('book-trip', `${run}-full`), 'failed', 120);
    const journal = await journalOf(trips, pidOf('book-trip', `${run}-full`));
    expect(journal.indexOf('"flights.cancel"')).toBeLessThan(journal.indexOf('"payments.refund"'));
  },
);

test('an order that waits for a person at the warehouse is cancelled, and its stock released', { timeout: 180_000 }, async () => {
  const orders = await findDeployment('orders');
  const pid = pidOf('fulfil-order', `${run}-order`);
  await publish(orders, 'orders.order-placed', { orderId: `${run}-order`, item: 'lamp', quantity: 1, customer: 'ada@example.com' });
  await until('the warehouse to have deferred its answer', async () => (await journalOf(orders, pid)).includes('"deferred":true'), {
    withinSeconds: 90,
    report: () => journalOf(orders, pid),
  });
  await publish(orders, 'orders.cancel-order', { orderId: `${run}-order` });
  await awaitStatus(orders, pid, 'completed', 120);
  expect(await journalOf(orders, pid)).toContain('"inventory.release"');
});
