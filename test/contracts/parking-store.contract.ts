import { describe, expect, it } from 'vitest';
import type { ParkedEvent, ParkingStore } from '../../lib/ports/parking-store.ts';

function parked(id: string, over: Partial<ParkedEvent> = {}): ParkedEvent {
  return { pid: 'p', id, reason: 'POISON', detail: 'It throws.', body: '{"x":"\\u00e9"}', parkedAt: 7, ...over };
}

/** What every parking store does. `make` returns an empty one. */
export function parkingStoreContract(name: string, make: () => Promise<ParkingStore> | ParkingStore): void {
  describe(`parking store: ${name}`, () => {
    it('keeps events beside their instance, in order of their ids, each id once', async () => {
      const store = await make();
      for (const id of ['000000000000002#b', '000000000000001#c', '000000000000002#b']) await store.park(parked(id));
      await store.park(parked('000000000000001#z', { pid: '' }));
      expect(await store.parked('p')).toEqual([parked('000000000000001#c'), parked('000000000000002#b')]);
      expect((await store.parked('')).map(({ id }) => id)).toEqual(['000000000000001#z']);
      expect(await store.parked('none')).toEqual([]);
    });

    it('leaves out what was sent back, and ignores ids that it does not know', async () => {
      const store = await make();
      await store.park(parked('1'));
      await store.park(parked('2'));
      await store.redriven('p', ['1', 'unknown'], 9);
      expect((await store.parked('p')).map(({ id }) => id)).toEqual(['2']);
    });

    it('keeps with an event when it expires, and keeps it once however often it is parked', async () => {
      const store = await make();
      const late = parked('1', { reason: 'CLOSED', expiresAt: 4_102_444_800_000 });
      await store.park(late);
      await store.park(late);
      expect(await store.parked('p')).toEqual([late]);
    });

    it('keeps where a message came to and who sent it', async () => {
      const store = await make();
      const act = parked('1', { channel: 'operations', senderId: 'AROAEXAMPLE:alice' });
      await store.park(act);
      expect(await store.parked('p')).toEqual([act]);
    });

    it('counts the attempts of each message that were begun and have not ended', async () => {
      const store = await make();
      expect([await store.attempt('m1', 1), await store.attempt('m1', 1), await store.attempt('m2', 1)]).toEqual([1, 2, 1]);
      expect([await store.attempt('m1', -1), await store.attempt('m2', -1)]).toEqual([1, 0]);
      expect([await store.attempt('m1', 1), await store.attempt('m2', 1)]).toEqual([2, 1]);
    });
  });
}
