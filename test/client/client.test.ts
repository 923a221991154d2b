import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { simulate } from 'tutti/testing';
import { local } from 'tutti/local';
import type { AnyProcess } from '../../lib/contract/process-contract.ts';
import type { JournalEntry } from '../../lib/core/journal-entry.ts';
import { Runtime } from '../../lib/local/runtime.ts';
import { clientContract } from './client.contract.ts';
import { reachedShop } from './reached-shop.ts';
import { peopleHandler, shop, stockHandler } from './shop-orders.ts';

const services = [stockHandler, peopleHandler];

clientContract('the world of the test kit', async () => {
  const world = simulate(shop, { services });
  return {
    client: world.client,
    journal: async (process, id) => world.journal(process as AnyProcess, id) as unknown as readonly JournalEntry[],
    // Time advances only if the condition is not met without it.
    until: async (done) => {
      for (let seconds = 0; ; seconds += 1) {
        // The contract makes instances stuck on purpose, under its own ids.
        await world.settle().catch(() => undefined);
        try {
          await done();
          return;
        } catch (error) {
          if (seconds >= 10) throw error;
          await world.advance('1 second').catch(() => undefined);
        }
      }
    },
    letTimePass: () => world.advance('1 second').catch(() => undefined),
    close: async () => {},
  };
});

clientContract('the embedded runtime in memory', async () => {
  const runtime = new Runtime(shop, { services });
  await runtime.start();
  return reachedShop(runtime.connection, () => runtime.stop());
});

clientContract('local()', async () => {
  const directory = mkdtempSync(join(tmpdir(), 'tutti-client-'));
  const runtime = new Runtime(shop, { services, directory });
  await runtime.start();
  return reachedShop(local(directory), async () => {
    await runtime.stop();
    rmSync(directory, { recursive: true });
  });
});
