import { beforeAll, expect, test } from 'vitest';
import type { Deployment } from './outside/deployment.ts';
import { awaitStatus, pidOf, readHead } from './outside/head.ts';
import { deedsFor } from './outside/ledger.ts';
import { checkOut } from './outside/publish.ts';
import { messagesIn } from './outside/queue.ts';
import { withoutFunction } from './outside/service-switch.ts';
import { until } from './outside/until.ts';
import { deployed } from './suite-deployment.ts';

const run = Date.now().toString(36);
const ids = Array.from({ length: 5 }, (_, index) => `${run}-waiting-${index}`);
let suite: Deployment;

beforeAll(async () => {
  suite = await deployed();
});

test('bookings wait at a service that is down, as messages of its queue, and go on when it is back', { timeout: 300_000 }, async () => {
  await withoutFunction(suite, 'hotels', async () => {
    await Promise.all(ids.map((id) => checkOut(suite, id)));
    await until('five commands to lie in the queue of the hotels', async () => (await messagesIn(suite, suite.queueUrl('hotels'))) >= 5, {
      withinSeconds: 120,
    });
    for (const id of ids) expect((await readHead(suite, pidOf('book-trip', id)))?.status).toBe('running');
  });
  for (const id of ids) {
    await awaitStatus(suite, pidOf('book-trip', id), 'completed');
    expect(await deedsFor(suite, pidOf('book-trip', id))).toEqual([
      'payments: charge',
      'flights: book',
      'hotels: book',
      'notifications: notify',
    ]);
  }
});
