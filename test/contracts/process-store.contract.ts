import { describe, expect, test } from 'vitest';
import type { CommitCondition, Head, ProcessStore } from '../../lib/ports/process-store.ts';

export function head(over: Partial<Head> = {}): Head {
  return {
    pid: 'default#book-trip#cart-1',
    version: 1,
    writer: 'w1',
    run: 'r1',
    status: 'running',
    definition: 'book-trip@1',
    clock: 1000,
    control: '{"seq":1}',
    tail: ['{"a":1}'],
    tailFrom: 0,
    startedAt: 1000,
    ...over,
  };
}

/** The contract of each process store. `make` returns an empty one. */
export function processStoreContract(name: string, make: () => Promise<ProcessStore> | ProcessStore): void {
  describe(`process store: ${name}`, () => {
    const strong = { consistent: true };
    const load = async (store: ProcessStore, pid = head().pid): Promise<Head | undefined> => (await store.load([pid], strong))[0];

    test('loads heads in the order of the pids, and undefined if nothing was committed', async () => {
      const store = await make();
      await store.commit(head({ pid: 'a' }), { kind: 'absent' });
      await store.commit(head({ pid: 'b' }), { kind: 'absent' });
      expect((await store.load(['b', 'x', 'a'], strong)).map((found) => found?.pid)).toEqual(['b', undefined, 'a']);
    });

    test('keeps every field of a head', async () => {
      const store = await make();
      const full = head({
        due: 5,
        closedAt: 6,
        hotUntil: 7,
        paused: '{"at":1,"by":"ann"}',
        why: 'waits for a person',
        tags: { city: 'Bern' },
        early: ['{"é":1}'],
        status: 'stuck',
      });
      await store.commit(full, { kind: 'absent' });
      expect(await load(store)).toEqual(full);
    });

    test('drops the fields that a later commit leaves out', async () => {
      const store = await make();
      await store.commit(head({ due: 5, hotUntil: 7, paused: '{}', why: 'x', tags: { a: 'b' } }), { kind: 'absent' });
      const next = head({ version: 2 });
      await store.commit(next, { kind: 'at', version: 1, run: 'r1' });
      expect(await load(store)).toEqual(next);
    });

    test.each<[string, Head | undefined, CommitCondition, boolean]>([
      ['absent, no head', undefined, { kind: 'absent' }, true],
      ['absent, a head', head(), { kind: 'absent' }, false],
      ['at, the same', head(), { kind: 'at', version: 1, run: 'r1' }, true],
      ['at, another version', head(), { kind: 'at', version: 2, run: 'r1' }, false],
      ['at, another run', head(), { kind: 'at', version: 1, run: 'r2' }, false],
      ['at, no head', undefined, { kind: 'at', version: 1, run: 'r1' }, false],
      ['early, the buffer', head({ status: 'early' }), { kind: 'early', version: 1 }, true],
      ['early, a later buffer', head({ status: 'early', version: 2 }), { kind: 'early', version: 1 }, false],
      ['early, started', head(), { kind: 'early', version: 1 }, false],
      ['stuck, the same', head({ status: 'stuck' }), { kind: 'stuck', version: 1 }, true],
      ['stuck, resumed', head(), { kind: 'stuck', version: 1 }, false],
      ['stuck, another version', head({ status: 'stuck', version: 3 }), { kind: 'stuck', version: 1 }, false],
    ])('commits only on its condition, else returns the whole current head: %s', async (_, before, expected, holds) => {
      const store = await make();
      if (before !== undefined) await store.commit(before, { kind: 'absent' });
      const next = head({ version: 9, control: '{"new":true}' });
      const result = await store.commit(next, expected);
      expect(result).toEqual(holds ? { status: 'committed' } : { status: 'conflict', current: before });
      expect(await load(store)).toEqual(holds ? next : before);
    });

    test('lets exactly one of many writers at the same version win', async () => {
      const store = await make();
      await store.commit(head(), { kind: 'absent' });
      const writes = Array.from({ length: 8 }, (_, n) =>
        store.commit(head({ version: 2, writer: `w${n}` }), { kind: 'at', version: 1, run: 'r1' }),
      );
      const won = (await Promise.all(writes)).map((result) => result.status === 'committed');
      expect(won.filter(Boolean)).toHaveLength(1);
      expect((await load(store))?.writer).toBe(`w${won.indexOf(true)}`);
    });

    test('buffers early events in order, the same body twice, counts them, and is due when the first expires', async () => {
      const store = await make();
      const event = { pid: 'p', max: 10, expiresAt: 70 };
      expect(await store.buffer({ ...event, body: 'a' })).toEqual({ status: 'buffered' });
      await store.buffer({ ...event, body: 'a', expiresAt: 90 });
      await store.buffer({ ...event, body: 'b' });
      expect(await load(store, 'p')).toMatchObject({ status: 'early', version: 3, early: ['a', 'a', 'b'], due: 70 });
    });

    test('gives an emptied buffer the expiry of the next event', async () => {
      const store = await make();
      await store.buffer({ pid: 'p', body: 'a', max: 3, expiresAt: 70 });
      const { due: _due, ...emptied } = (await load(store, 'p')) as Head;
      await store.commit({ ...emptied, version: 2, early: [] }, { kind: 'early', version: 1 });
      await store.buffer({ pid: 'p', body: 'b', max: 3, expiresAt: 90 });
      expect(await load(store, 'p')).toMatchObject({ version: 3, early: ['b'], due: 90 });
    });

    test('refuses to buffer more than its maximum', async () => {
      const store = await make();
      await store.buffer({ pid: 'p', body: 'a', max: 1, expiresAt: 1 });
      expect(await store.buffer({ pid: 'p', body: 'b', max: 1, expiresAt: 1 })).toEqual({ status: 'full' });
      expect((await load(store, 'p'))?.early).toEqual(['a']);
    });

    test('returns the head if the instance has started', async () => {
      const store = await make();
      await store.commit(head({ pid: 'p' }), { kind: 'absent' });
      expect(await store.buffer({ pid: 'p', body: 'b', max: 1, expiresAt: 1 })).toEqual({ status: 'started', current: head({ pid: 'p' }) });
    });

    test('keeps chunks by run, by their first entry, and a chunk put twice once', async () => {
      const store = await make();
      const chunk = { pid: 'p', run: 'r1', from: 0, entries: ['a', 'b'] };
      await store.spill({ ...chunk, from: 10, entries: ['k'] });
      await store.spill({ ...chunk, from: 2, entries: ['c'] });
      await store.spill(chunk);
      await store.spill(chunk);
      await store.spill({ ...chunk, run: 'r2' });
      await store.spill({ ...chunk, pid: 'pp' });
      expect(await store.chunks('p', 'r1')).toEqual([chunk, { ...chunk, from: 2, entries: ['c'] }, { ...chunk, from: 10, entries: ['k'] }]);
      expect(await store.chunks('p', 'r3')).toEqual([]);
    });

    test('keeps overlapping chunks side by side', async () => {
      const store = await make();
      await store.spill({ pid: 'p', run: 'r', from: 0, entries: ['a'] });
      await store.spill({ pid: 'p', run: 'r', from: 0, entries: ['a', 'b'] });
      expect((await store.chunks('p', 'r')).map((chunk) => chunk.entries)).toEqual([['a'], ['a', 'b']]);
    });
  });
}
