import { describe, expect, test } from 'vitest';
import { countWaiting, type ParkedFilter, type ParkedList } from '../../lib/ports/parked-list.ts';
import type { ParkedEvent, ParkingStore } from '../../lib/ports/parking-store.ts';

function parked(id: string, over: Partial<ParkedEvent> = {}): ParkedEvent {
  return { pid: 'p', id, reason: 'POISON', detail: 'It throws.', body: '{"x":"\\u00e9"}', parkedAt: 7, ...over };
}

/** The contract of each parking store. `make` returns an empty one. */
export function parkingStoreContract(name: string, make: () => Promise<ParkingStore & ParkedList> | (ParkingStore & ParkedList)): void {
  describe(`parking store: ${name}`, () => {
    test('keeps events beside their instance, in order of their ids, each id once', async () => {
      const store = await make();
      for (const id of ['000000000000002#b', '000000000000001#c', '000000000000002#b']) await store.park(parked(id));
      await store.park(parked('000000000000001#z', { pid: '' }));
      expect(await store.parked('p')).toEqual([parked('000000000000001#c'), parked('000000000000002#b')]);
      expect((await store.parked('')).map(({ id }) => id)).toEqual(['000000000000001#z']);
      expect(await store.parked('none')).toEqual([]);
    });

    test('leaves out redriven events, and ignores unknown ids', async () => {
      const store = await make();
      await store.park(parked('1'));
      await store.park(parked('2'));
      await store.redriven('p', [parked('1'), parked('unknown')], 9);
      expect((await store.parked('p')).map(({ id }) => id)).toEqual(['2']);
    });

    test('leaves out discarded events, and ignores unknown ids and copies that were parked again since', async () => {
      const store = await make();
      for (const id of ['1', '2', '3']) await store.park(parked(id, { pid: '' }));
      await store.park(parked('3', { pid: '', parkedAt: 8 }));
      await store.discarded('', [parked('1'), parked('unknown'), parked('3')], { at: 9, by: 'ada', reason: 'of a test' });
      expect((await store.parked('')).map(({ id }) => id)).toEqual(['2', '3']);
      expect((await store.list({}, 10)).events.map(({ id }) => id).toSorted()).toEqual(['2', '3']);
    });

    test('keeps an event that was parked again under its id after the redriven copy was read', async () => {
      const store = await make();
      await store.park(parked('1'));
      await store.park(parked('1', { parkedAt: 8 }));
      await store.redriven('p', [parked('1')], 9);
      expect(await store.parked('p')).toEqual([parked('1', { parkedAt: 8 })]);
    });

    test('keeps the expiry of an event, and keeps the event once however often it is parked', async () => {
      const store = await make();
      const late = parked('1', { reason: 'CLOSED', expiresAt: 4_102_444_800_000 });
      await store.park(late);
      await store.park(late);
      expect(await store.parked('p')).toEqual([late]);
    });

    test('keeps the channel and the sender of a message', async () => {
      const store = await make();
      const act = parked('1', { channel: 'operations', senderId: 'AROAEXAMPLE:alice' });
      await store.park(act);
      expect(await store.parked('p')).toEqual([act]);
    });

    test('returns only the events with the given ids', async () => {
      const store = await make();
      for (const id of ['1', '2', '3']) await store.park(parked(id));
      await store.park(parked('4', { pid: '' }));
      await store.redriven('p', [parked('2')], 9);
      expect((await store.parked('p', ['3', '2', '1', 'unknown', '1'])).map(({ id }) => id)).toEqual(['1', '3']);
      expect((await store.parked('', ['4'])).map(({ id }) => id)).toEqual(['4']);
    });

    const listed = async (store: ParkedList, filter: ParkedFilter = {}, max = 100): Promise<string[]> => {
      const ids: string[] = [];
      let after: string | undefined;
      do {
        const page = await store.list(filter, max, after);
        expect(page.events.length).toBeLessThanOrEqual(max);
        ids.push(...page.events.map(({ id }) => id));
        after = page.next;
      } while (after !== undefined);
      return ids;
    };
    const filled = async (): Promise<ParkingStore & ParkedList> => {
      const store = await make();
      const event = { id: 'e1', type: 'shop.placed', source: 'shop' };
      await store.park(parked('000000000000009#c', { pid: 'default#a#1', parkedAt: 30, reason: 'DEAD_LETTER', event }));
      await store.park(parked('000000000000002#a', { pid: '', parkedAt: 10, reason: 'MALFORMED' }));
      await store.park(parked('000000000000003#b', { pid: 'default#b#1', parkedAt: 20, reason: 'CLOSED', expiresAt: 4_102_444_800_000 }));
      await store.park(parked('000000000000002#a', { pid: 'default#b#1', parkedAt: 40, event }));
      await store.park(parked('000000000000005#d', { pid: 'default#b#1', parkedAt: 15 }));
      await store.redriven('default#b#1', [{ id: '000000000000005#d', parkedAt: 15 }], 50);
      return store;
    };
    const [apart, late, dead, poison] = ['000000000000002#a', '000000000000003#b', '000000000000009#c', '000000000000002#a'] as const;

    test('lists events beside all instances and beside none, the oldest first, without redriven ones', async () => {
      const store = await filled();
      expect(await listed(store)).toEqual([apart, late, dead, poison]);
      expect((await store.list({}, 4)).events[2]).toEqual({
        pid: 'default#a#1',
        id: dead,
        reason: 'DEAD_LETTER',
        detail: 'It throws.',
        parkedAt: 30,
        event: { id: 'e1', type: 'shop.placed', source: 'shop' },
      });
    });

    test.each([1, 2, 3])('lists in pages of %i', async (max) => {
      expect(await listed(await filled(), {}, max)).toEqual([apart, late, dead, poison]);
      expect(await listed(await filled(), { pid: 'default#b#1' }, max)).toEqual([late, poison]);
    });

    test.each<[string, ParkedFilter, readonly string[]]>([
      ['of one instance', { pid: 'default#b#1' }, [late, poison]],
      ['beside no instance', { pid: '' }, [apart]],
      ['of a reason', { reason: 'DEAD_LETTER' }, [dead]],
      ['of a type', { type: 'shop.placed' }, [dead, poison]],
      ['for an operator', { waiting: true }, [apart, dead, poison]],
      ['parked since', { parkedAfter: 20 }, [late, dead, poison]],
      ['parked before', { parkedBefore: 20 }, [apart, late]],
      ['parked in an empty range', { parkedAfter: 41, parkedBefore: 39 }, []],
    ])('lists events %s', async (_what, filter, ids) => {
      expect(await listed(await filled(), filter)).toEqual(ids);
    });

    test('counts the events that an operator must handle, up to a maximum', async () => {
      const store = await filled();
      expect([await countWaiting(store, 100), await countWaiting(store, 2)]).toEqual([3, 2]);
    });

    test('lists an event that is parked again under its id once', async () => {
      const store = await make();
      await store.park(parked('1', { parkedAt: 5 }));
      await store.redriven('p', [{ id: '1', parkedAt: 5 }], 6);
      await store.park(parked('1', { parkedAt: 7 }));
      expect((await store.list({}, 10)).events).toMatchObject([{ id: '1', parkedAt: 7 }]);
    });

    test('counts the attempts of each message that have begun and not ended', async () => {
      const store = await make();
      expect([await store.attempt('m1', 1), await store.attempt('m1', 1), await store.attempt('m2', 1)]).toEqual([1, 2, 1]);
      expect([await store.attempt('m1', -1), await store.attempt('m2', -1)]).toEqual([1, 0]);
      expect([await store.attempt('m1', 1), await store.attempt('m2', 1)]).toEqual([2, 1]);
    });
  });
}
