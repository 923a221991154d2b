import { describe, expect, test } from 'vitest';
import type { ParkingStore } from '../../lib/ports/parking-store.ts';
import { InboxRig } from './inbox-rig.ts';

const HASH = 'a'.repeat(64);
const STORED = { data: undefined, dataref: `payload:${HASH}`, datahash: `sha256:${HASH}` };

/** A worker that ends while it fetches stored data: no line after the fetch runs, so it takes back no mark either. */
const deadly = () => {
  const rig = new InboxRig();
  const parking = rig.state.parkingStore;
  let fetches = 0;
  rig.state.payloadStore.fetch = async () => {
    fetches += 1;
    throw new TypeError('the worker ends here');
  };
  const attempt: ParkingStore['attempt'] = parking.attempt.bind(parking);
  const deliver = async (delivery: number): Promise<boolean> => {
    const [message] = await rig.inbox.receive({ max: 1, waitSeconds: 0, visibilitySeconds: 1 });
    if (!message) return true;
    const before = fetches;
    // A mark that is removed after the end of the worker is never removed.
    parking.attempt = (mark, change) => (change === -1 && fetches > before ? Promise.resolve(1) : attempt(mark, change));
    const { acknowledge } = await rig.engineAfterCrash().advance([{ ...message, receiveCount: delivery }]);
    await rig.inbox.delete(acknowledge);
    rig.clock.advanceTo(rig.clock.now() + 2_000);
    return acknowledge.length > 0;
  };
  const deliveriesUntilDone = async (): Promise<number> => {
    for (let delivery = 1; delivery <= 20; delivery += 1) if (await deliver(delivery)) return delivery;
    return Infinity;
  };
  return { rig, fetched: () => fetches, deliveriesUntilDone };
};

describe('a message whose stored data ends its worker', () => {
  test.each([
    ['names its instance', { processid: 'default#fulfil#o-1' }, 'default#fulfil#o-1'],
    ['names no instance', {}, ''],
  ])(
    'a message that ends its worker at the read of its data is parked unread after three marked deliveries if it %s',
    async (_what, named, pid) => {
      const { rig, fetched, deliveriesUntilDone } = deadly();
      rig.event('shop.placed', undefined, { ...STORED, ...named });
      expect(await deliveriesUntilDone()).toBe(7);
      // Three deliveries before it is a suspect, and three under a mark.
      expect(fetched()).toBe(6);
      expect(await rig.parked(pid)).toMatchObject([{ reason: 'POISON', detail: expect.stringContaining('while it was read') as string }]);
    },
  );
});
