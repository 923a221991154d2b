import { describe, expect, test } from 'vitest';
import { MemoryProcessStore, memoryProcessTables } from '../../lib/adapters/memory/process-store.ts';
import { MemoryInstanceIndex } from '../../lib/adapters/memory/instance-index.ts';
import { MemoryRetirementStore } from '../../lib/adapters/memory/retirement-store.ts';
import { VirtualClock } from '../../lib/adapters/memory/virtual-clock.ts';
import { retireClosed } from '../../lib/engine/jobs/retire-closed.ts';
import type { InstanceIndex } from '../../lib/ports/instance-index.ts';
import { head } from '../contracts/process-store.contract.ts';

const DAY_MS = 86_400_000;
const clock = new VirtualClock(100 * DAY_MS);
const retentionMs = 30 * DAY_MS;

interface Filled {
  readonly store: MemoryProcessStore;
  readonly index: Pick<InstanceIndex, 'tenants'>;
  readonly retirement: MemoryRetirementStore;
}

/** `count` instances of each tenant that closed on each of the days, and one that is open. */
const filled = async (count: number, days: readonly number[], tenants: readonly string[] = ['acme']): Promise<Filled> => {
  const tables = memoryProcessTables();
  const store = new MemoryProcessStore(tables);
  for (const tenant of tenants) {
    for (const day of days)
      for (let n = 0; n < count; n += 1)
        await store.commit(head({ pid: `${tenant}#trip#${day}-${n}`, status: 'completed', closedAt: day * DAY_MS }), { kind: 'absent' });
    await store.commit(head({ pid: `${tenant}#trip#open` }), { kind: 'absent' });
  }
  return { store, index: new MemoryInstanceIndex(tables.heads), retirement: new MemoryRetirementStore(tables) };
};

const left = async (store: MemoryProcessStore, ...ids: string[]): Promise<string[]> =>
  (await store.load(ids.map((id) => `acme#trip#${id}`))).flatMap((found) => (found ? [found.pid] : []));

describe('retireClosed', () => {
  test('retires instances that closed a day before the retention, since a start of that age may still be accepted if a clock is wrong', async () => {
    const { store, index, retirement } = await filled(1, [10, 69, 70]);
    expect(await retireClosed({ index, retirement, clock }, { retentionMs })).toBe(2);
    expect(await left(store, '10-0', '69-0', '70-0', 'open')).toEqual(['acme#trip#70-0', 'acme#trip#open']);
    expect(await retireClosed({ index, retirement, clock }, { retentionMs })).toBe(0);
  });

  test('goes on from page to page', async () => {
    const { index, retirement } = await filled(250, [10]);
    expect(await retireClosed({ index, retirement, clock }, { retentionMs })).toBe(250);
  });

  test('begins no page when the time is nearly up, and the next call goes on', async () => {
    const { index, retirement } = await filled(250, [10]);
    const times = [60_000, 4_000];
    expect(await retireClosed({ index, retirement, clock }, { retentionMs, remainingMs: () => times.shift() ?? 0 })).toBe(100);
    expect(await retireClosed({ index, retirement, clock }, { retentionMs })).toBe(150);
  });

  test('ends where the list still shows what is retired', async () => {
    const page = Array.from({ length: 100 }, (_, n) => ({ pid: `acme#trip#${n}`, version: 1 }));
    const index = { tenants: () => Promise.resolve(['acme']) };
    const retirement = { closed: () => Promise.resolve(page), retire: () => Promise.resolve(false) };
    expect(await retireClosed({ index, retirement, clock }, { retentionMs })).toBe(0);
  });

  test('passes over one that cannot be retired, and tells of it at the end', async () => {
    const { store, index, retirement } = await filled(30, [10]);
    const failing = {
      closed: retirement.closed.bind(retirement),
      retire: (pid: string, version: number, expiresAt: number) =>
        pid === 'acme#trip#10-0' ? Promise.reject(new TypeError('no rights')) : retirement.retire(pid, version, expiresAt),
    };
    await expect(retireClosed({ index, retirement: failing, clock }, { retentionMs })).rejects.toThrow('no rights');
    expect(await left(store, '10-0', '10-1', '10-15', '10-29')).toEqual(['acme#trip#10-0']);
  });

  test('takes what closed of every tenant', async () => {
    const { store, index, retirement } = await filled(3, [10, 70], ['default', 'acme', 'zoo']);
    expect(await retireClosed({ index, retirement, clock }, { retentionMs })).toBe(9);
    const pids = ['default', 'acme', 'zoo'].flatMap((tenant) => ['10-0', '10-2', '70-0', 'open'].map((id) => `${tenant}#trip#${id}`));
    const kept = (await store.load(pids)).flatMap((found) => (found ? [found.pid] : []));
    expect(kept).toEqual(['default', 'acme', 'zoo'].flatMap((tenant) => [`${tenant}#trip#70-0`, `${tenant}#trip#open`]));
  });

  test('begins with another tenant at another instant, so that none is always the last where the time does not suffice', async () => {
    const { index } = await filled(0, [], ['acme', 'zoo']);
    const first = async (instant: number): Promise<unknown> => {
      const asked: string[] = [];
      const retirement = { closed: async (tenant: string) => (asked.push(tenant), []), retire: () => Promise.resolve(false) };
      const times = [60_000];
      await retireClosed({ index, retirement, clock: new VirtualClock(instant) }, { retentionMs, remainingMs: () => times.pop() ?? 0 });
      return asked;
    };
    expect([await first(90), await first(91), await first(92), await first(93)]).toEqual([['acme'], ['default'], ['zoo'], ['acme']]);
  });
});
