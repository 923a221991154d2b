import { describe, expect, test } from 'vitest';
import type { InstanceIndex } from '../../lib/ports/instance-index.ts';
import type { Head, ProcessStore } from '../../lib/ports/process-store.ts';
import type { RetirementStore } from '../../lib/ports/retirement-store.ts';
import { head } from './process-store.contract.ts';

export interface Retiring {
  readonly store: ProcessStore;
  readonly index: InstanceIndex;
  readonly retirement: RetirementStore;
  /** Resolves when the indexes show all writes. */
  readonly settle: () => Promise<void>;
}

/** The contract of each retirement store. `make` returns an empty store with its index. */
export function retirementStoreContract(name: string, make: () => Promise<Retiring> | Retiring): void {
  describe(`retirement store: ${name}`, () => {
    const put = (store: ProcessStore, over: Partial<Head>): Promise<unknown> => store.commit(head(over), { kind: 'absent' });
    const ended = (id: string, closedAt: number): Partial<Head> => ({
      pid: `acme#trip#${id}`,
      status: 'completed',
      startedAt: 1,
      closedAt,
    });
    const filled = async (): Promise<Retiring> => {
      const made = await make();
      await put(made.store, ended('1', 10));
      await put(made.store, { ...ended('2', 20), status: 'failed' });
      await put(made.store, ended('3', 30));
      await put(made.store, { pid: 'acme#trip#4', startedAt: 1 });
      await put(made.store, { ...ended('5', 5), status: 'stuck' });
      await made.settle();
      return made;
    };
    const closed = async ({ retirement }: Retiring, instant: number, limit = 100, tenant = 'acme'): Promise<string[]> =>
      (await retirement.closed(tenant, instant, limit)).map(({ pid }) => pid).toSorted();
    const listed = async ({ index }: Retiring): Promise<string[]> => {
      const found: string[] = [];
      for await (const { pid } of index.list({ tenant: 'acme' })) found.push(pid);
      return found.toSorted();
    };

    test('finds instances that closed at or before an instant, and no open one', async () => {
      const made = await filled();
      expect(await closed(made, 9)).toEqual([]);
      expect(await closed(made, 20)).toEqual(['acme#trip#1', 'acme#trip#2']);
      expect(await closed(made, 1_000)).toEqual(['acme#trip#1', 'acme#trip#2', 'acme#trip#3']);
      expect(await closed(made, 1_000, 2)).toHaveLength(2);
    });

    test('finds and retires an instance of one tenant, and leaves that of another tenant with the same id unchanged', async () => {
      const made = await filled();
      await put(made.store, { ...ended('1', 10), pid: 'default#trip#1' });
      await made.settle();
      expect(await closed(made, 10)).toEqual(['acme#trip#1']);
      expect(await closed(made, 10, 100, 'default')).toEqual(['default#trip#1']);
      expect(await made.retirement.retire('acme#trip#1', 1, 50)).toBe(true);
      await made.settle();
      expect(await closed(made, 10)).toEqual([]);
      expect(await closed(made, 10, 100, 'default')).toEqual(['default#trip#1']);
    });

    test('retires an instance once: it is neither listed nor found again', async () => {
      const made = await filled();
      await made.store.spill({ pid: 'acme#trip#1', run: 'r1', from: 0, entries: ['{}'] });
      expect(await made.retirement.retire('acme#trip#1', 1, 50)).toBe(true);
      await made.settle();
      expect(await closed(made, 20)).toEqual(['acme#trip#2']);
      expect(await listed(made)).toEqual(['acme#trip#2', 'acme#trip#3', 'acme#trip#4', 'acme#trip#5']);
      expect(await made.retirement.retire('acme#trip#1', 1, 50)).toBe(false);
    });

    test.each([
      ['that is open', 'acme#trip#4', 1],
      ['that became stuck after it had closed', 'acme#trip#5', 1],
      ['that has been written since', 'acme#trip#2', 7],
      ['that does not exist', 'acme#trip#9', 1],
    ])('does not retire an instance %s', async (_, pid, version) => {
      const made = await filled();
      const before = await made.store.load([pid], { consistent: true });
      expect(await made.retirement.retire(pid, version, 50)).toBe(false);
      expect(await made.store.load([pid], { consistent: true })).toEqual(before);
      await made.settle();
      expect(await listed(made)).toEqual(['acme#trip#1', 'acme#trip#2', 'acme#trip#3', 'acme#trip#4', 'acme#trip#5']);
    });
  });
}
