import { beforeAll, expect, test } from 'vitest';
import type { Deployment } from './outside/deployment.ts';
import { awaitStatus, pidOf, readHead } from './outside/head.ts';
import { mappingsOf, switchMapping } from './outside/lambda.ts';
import { deedsFor } from './outside/ledger.ts';
import { checkOut } from './outside/publish.ts';
import { messagesIn } from './outside/queue.ts';
import { until } from './outside/until.ts';
import { deployed } from './suite-deployment.ts';

const run = Date.now().toString(36);
let suite: Deployment;

beforeAll(async () => {
  suite = await deployed('first');
});

/** Switches the function of a service off, or on, and waits until it is so. */
async function switchService(service: string, enabled: boolean): Promise<void> {
  const state = enabled ? 'Enabled' : 'Disabled';
  for (const mapping of await mappingsOf(`${suite.name}-${service}`)) await switchMapping(mapping, enabled);
  await until(`the function of ${service} to be ${state}`, async () => {
    const mappings = await mappingsOf(`${suite.name}-${service}`);
    return mappings.length > 0 && mappings.every(({ State }) => State === state);
  });
}

test('bookings wait at a service that is down, as messages of its queue, and go on when it is back', { timeout: 240_000 }, async () => {
  await switchService('hotels', false);
  const ids = Array.from({ length: 5 }, (_, index) => `${run}-waiting-${index}`);
  try {
    await Promise.all(ids.map((id) => checkOut(suite, id)));
    await until('five commands to lie in the queue of the hotels', async () => (await messagesIn(suite, suite.queueUrl('hotels'))) >= 5);
    for (const id of ids) expect((await readHead(suite, pidOf('book-trip', id)))?.status).toBe('running');
  } finally {
    await switchService('hotels', true);
  }
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
