import { describe, expect, test } from 'vitest';
import type { InstanceFilter, InstanceIndex } from '../../lib/ports/instance-index.ts';
import type { ProcessStore } from '../../lib/ports/process-store.ts';
import { head } from './process-store.contract.ts';

export interface Indexed {
  readonly store: ProcessStore;
  readonly index: InstanceIndex;
  /** Resolves when the index shows all commits. */
  readonly settle: () => Promise<void>;
}

/** The contract of each instance index. `make` returns an empty store and its index. */
export function instanceIndexContract(name: string, make: () => Promise<Indexed> | Indexed): void {
  describe(`instance index: ${name}`, () => {
    type Others = Omit<InstanceFilter, 'tenant'>;
    const pids = async (index: InstanceIndex, filter: Others, tenant = 'acme'): Promise<string[]> => {
      const found: string[] = [];
      for await (const { pid } of index.list({ ...filter, tenant })) found.push(pid);
      return found;
    };
    const filled = async (): Promise<Indexed> => {
      const made = await make();
      const put = (id: string, over: Parameters<typeof head>[0]): unknown =>
        made.store.commit(head({ pid: id, ...over }), { kind: 'absent' });
      await put('acme#trip#1', { startedAt: 10, tags: { city: 'Bern' } });
      await put('acme#trip#2', { startedAt: 30, status: 'completed', closedAt: 40, tags: { city: 'Bern', class: 'first' } });
      await put('acme#order#3', { startedAt: 20, status: 'stuck' });
      await made.store.buffer({ pid: 'acme#trip#4', body: '{}', max: 5, expiresAt: 50 });
      await made.settle();
      return made;
    };

    test.each<[string, Others, string[]]>([
      ['all, newest start first, no early buffers', {}, ['acme#trip#2', 'acme#order#3', 'acme#trip#1']],
      ['by process', { process: 'trip' }, ['acme#trip#2', 'acme#trip#1']],
      ['by status', { statuses: ['running', 'stuck'] }, ['acme#order#3', 'acme#trip#1']],
      ['by tag', { tags: { city: 'Bern', class: 'first' } }, ['acme#trip#2']],
      ['started after, inclusive', { startedAfter: 20 }, ['acme#trip#2', 'acme#order#3']],
      ['started before, inclusive', { startedBefore: 20 }, ['acme#order#3', 'acme#trip#1']],
    ])('lists %s', async (_, filter, expected) => {
      const { index } = await filled();
      expect(await pids(index, filter)).toEqual(expected);
    });

    test('continues a list behind an instance, also among those of one start instant, and where that instance is gone', async () => {
      const { store, index, settle } = await make();
      const startedAt: Record<string, number> = { a: 10, b: 20, c: 20, d: 20, e: 30 };
      for (const [id, at] of Object.entries(startedAt))
        await store.commit(head({ pid: `acme#trip#${id}`, startedAt: at, ...(at === 20 && { status: 'completed', closedAt: 40 }) }), {
          kind: 'absent',
        });
      await settle();
      const all = await pids(index, {});
      expect(all.toSorted()).toEqual(['a', 'b', 'c', 'd', 'e'].map((id) => `acme#trip#${id}`));
      for (const [at, pid] of all.entries())
        expect(await pids(index, { after: { pid, startedAt: startedAt[pid.slice(-1)] ?? 0 } })).toEqual(all.slice(at + 1));
      expect(await pids(index, { after: { pid: 'acme#trip#c', startedAt: 25 } })).toEqual(all.slice(1));
      expect(await pids(index, { after: { pid: 'acme#trip#c', startedAt: 40 }, startedBefore: 10 })).toEqual(['acme#trip#a']);
    });

    test('lists the instances of one tenant, even if another has some of the same process and id', async () => {
      const { store, index, settle } = await filled();
      for (const [pid, startedAt] of [
        ['acme-2#trip#1', 40],
        ['default#trip#1', 20],
        ['default#trip#2', 50],
      ] as const)
        await store.commit(head({ pid, startedAt, status: 'completed', closedAt: 60 }), { kind: 'absent' });
      await settle();
      expect(await pids(index, {})).toEqual(['acme#trip#2', 'acme#order#3', 'acme#trip#1']);
      expect(await pids(index, { process: 'trip' }, 'default')).toEqual(['default#trip#2', 'default#trip#1']);
      expect(await pids(index, {}, 'acme-2')).toEqual(['acme-2#trip#1']);
      expect(await pids(index, {}, 'nobody')).toEqual([]);
    });

    test('returns every tenant that has an instance, each once and in order, and always the default', async () => {
      const made = await make();
      expect(await made.index.tenants()).toEqual(['default']);
      for (const pid of ['acme#trip#1', 'zoo#trip#1', 'acme#order#1', 'acme-2#trip#1', 'default#trip#1'])
        await made.store.commit(head({ pid, status: 'completed', closedAt: 60 }), { kind: 'absent' });
      await made.settle();
      expect(await made.index.tenants()).toEqual(['acme', 'acme-2', 'default', 'zoo']);
    });

    test('lists an instance by its current status', async () => {
      const { store, index, settle } = await filled();
      await store.commit(head({ pid: 'acme#trip#1', version: 2, status: 'failed', startedAt: 10 }), { kind: 'at', version: 1, run: 'r1' });
      await settle();
      expect(await pids(index, { process: 'trip', statuses: ['running'] })).toEqual([]);
      expect(await pids(index, { process: 'trip', statuses: ['failed'] })).toEqual(['acme#trip#1']);
    });

    test('finds due instances, oldest first, at most the limit, in each call', async () => {
      const { store, index, settle } = await make();
      for (const [pid, due] of [
        ['a', 30],
        ['b', 10],
        ['c', 20],
        ['d', 99],
      ] as const)
        await store.commit(head({ pid, due }), { kind: 'absent' });
      await settle();
      const expected = [
        { pid: 'b', run: 'r1', due: 10 },
        { pid: 'c', run: 'r1', due: 20 },
      ];
      expect(await index.due(30, 2)).toEqual(expected);
      expect(await index.due(30, 2)).toEqual(expected);
      expect((await index.due(30, 9)).map(({ pid }) => pid)).toEqual(['b', 'c', 'a']);
    });

    test('continues behind an instance of an earlier call, even among those with one due time', async () => {
      const { store, index, settle } = await make();
      for (const [pid, due] of [
        ['a', 20],
        ['b', 10],
        ['c', 20],
        ['d', 20],
        ['e', 40],
      ] as const)
        await store.commit(head({ pid, due }), { kind: 'absent' });
      await settle();
      const first = await index.due(30, 2);
      expect(first.map(({ pid }) => pid)).toEqual(['b', 'a']);
      const second = await index.due(30, 9, first[1]);
      expect(second.map(({ pid }) => pid)).toEqual(['c', 'd']);
      expect(await index.due(30, 9, second[1])).toEqual([]);
    });

    test('replaces a due time that has changed', async () => {
      const { store, index, settle } = await make();
      await store.commit(head({ pid: 'a', due: 10 }), { kind: 'absent' });
      await store.commit(head({ pid: 'a', version: 2, due: 50 }), { kind: 'at', version: 1, run: 'r1' });
      await store.commit(head({ pid: 'b', due: 10 }), { kind: 'absent' });
      await store.commit(head({ pid: 'b', version: 2 }), { kind: 'at', version: 1, run: 'r1' });
      await settle();
      expect(await index.due(49, 9)).toEqual([]);
      expect(await index.due(50, 9)).toEqual([{ pid: 'a', run: 'r1', due: 50 }]);
    });

    test('finds early buffers that expire', async () => {
      const { index } = await filled();
      expect((await index.due(50, 9)).map(({ pid }) => pid)).toEqual(['acme#trip#4']);
    });
  });
}
