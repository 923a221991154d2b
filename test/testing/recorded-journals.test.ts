import { readdirSync, readFileSync } from 'node:fs';
import type { System } from 'tutti';
import { replayJournal, scripted, simulate, type JournalFixture } from 'tutti/testing';
import { describe, expect, test } from 'vitest';
import { coldChain } from '../../examples/cold-chain/system.ts';
import { orders } from '../../examples/order-fulfilment/fulfil-order.ts';
import { personalisation } from '../../examples/personalisation/system.ts';
import { rides } from '../../examples/ride-sharing/system.ts';
import { trading } from '../../examples/trade-settlement/system.ts';
import { trips } from '../../examples/travel-booking/system.ts';
import { shop as activities } from '../../examples/user-activity/system.ts';
import { changedSystem, CONTRACT_CHANGES } from './contract-changes.ts';
import { order, Ordered, ordered, parcels, payments, shop } from './shop.ts';

/** A run of a contract with a default, so that its journal holds `asked`. */
const ofShop = async (): Promise<JournalFixture> => {
  const world = simulate(shop, {
    services: [
      scripted(payments, { charge: async () => ({ paymentId: 'p' }), refund: async () => {} }),
      scripted(parcels, { label: async () => {}, ship: async () => ({ tracking: 'T' }) }),
    ],
  });
  await world.client.publish(Ordered, ordered);
  await world.settle();
  return { process: 'order', id: 'o-1', entries: world.journal(order, 'o-1') };
};

const recorded = (example: string): readonly (readonly [string, JournalFixture])[] => {
  const folder = new URL(`../../examples/${example}/journals/`, import.meta.url);
  const names = readdirSync(folder).filter((name) => name.endsWith('.json'));
  return names.map((name) => [`${example}/${name}`, JSON.parse(readFileSync(new URL(name, folder), 'utf8')) as JournalFixture]);
};

const JOURNALS: readonly (readonly [System<string>, readonly (readonly [string, JournalFixture])[]])[] = [
  [trips, recorded('travel-booking')],
  [orders, recorded('order-fulfilment')],
  [trading, recorded('trade-settlement')],
  [personalisation, recorded('personalisation')],
  [activities, recorded('user-activity')],
  [rides, recorded('ride-sharing')],
  [coldChain, recorded('cold-chain')],
  [shop, [['a shop with a default', await ofShop()]]],
];

/** Changes the value that each step passed. */
const passingOthers = (fixture: JournalFixture): JournalFixture => ({
  ...fixture,
  entries: fixture.entries.map((entry) => {
    const { hash, asked, undoes } = entry as { readonly hash?: string; readonly asked?: string; readonly undoes?: string };
    if (hash === undefined || undoes !== undefined) return entry;
    return Object.assign({}, entry, { hash: '0'.repeat(16) }, asked === undefined ? {} : { asked: '0'.repeat(16) });
  }),
});

describe.each(Object.entries(CONTRACT_CHANGES))('after %s in every contract of its services', (_name, change) => {
  test('every recorded journal of the examples replays', async () => {
    let replayed = 0;
    for (const [system, journals] of JOURNALS) {
      const after = changedSystem(system, change);
      for (const [name, fixture] of journals) {
        expect([name, await replayJournal(after, fixture)]).toEqual([name, []]);
        replayed += 1;
      }
    }
    expect(replayed).toBeGreaterThanOrEqual(39);
  });

  test('a journal whose steps passed other values still differs', async () => {
    for (const [system, journals] of JOURNALS) {
      // A decider stores its state, so it passes nothing again.
      if (system === activities || system === personalisation || system === coldChain) continue;
      for (const [name, fixture] of journals) {
        const differences = await replayJournal(changedSystem(system, change), passingOthers(fixture));
        expect([name, differences.join()]).toEqual([name, expect.stringMatching(/^(NONDETERMINISM|POISON): /)]);
      }
    }
  });
});

test('the journal of a contract with a default holds the value that the code passed', async () => {
  expect((await ofShop()).entries).toContainEqual(
    expect.objectContaining({ type: 'CommandIssued', command: 'payments.charge', asked: expect.any(String) }),
  );
});
