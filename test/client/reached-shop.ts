import { setTimeout as delay } from 'node:timers/promises';
import { connect, type Connection } from 'tutti/client';
import { operationsOn } from '../../lib/client/operations/operations-on.ts';
import { connectionPorts } from '../../lib/client/connection.ts';
import { systemContract } from '../../lib/contract/system.ts';
import type { JournalEntry } from '../../lib/core/journal-entry.ts';
import type { ReachedShop } from './client.contract.ts';
import { shop } from './shop-orders.ts';

const TRIES = 300;
const TRY_MS = 100;

/** A shop in real time, over any connection. */
export function reachedShop(connection: Connection, close: () => Promise<void>): ReachedShop {
  const { journal } = operationsOn({ system: systemContract(shop), ports: connectionPorts(connection) });
  return {
    client: connect(shop, connection),
    journal: async ({ name }, id) =>
      (await journal({ process: name, id, payloads: true, from: 0 })).entries as unknown as readonly JournalEntry[],
    until: tryUntil,
    letTimePass: () => delay(5),
    close,
  };
}

/** Retries until `done` stops throwing, for at most half a minute. */
export async function tryUntil(done: () => unknown): Promise<void> {
  for (let tries = 1; ; tries += 1) {
    try {
      await done();
      return;
    } catch (error) {
      if (tries >= TRIES) throw error;
      await delay(TRY_MS);
    }
  }
}
