import { describe, expect, test } from 'vitest';
import { MemoryProcessStore, memoryProcessTables } from '../../lib/adapters/memory/process-store.ts';
import { MemoryRetirementStore } from '../../lib/adapters/memory/retirement-store.ts';
import { VirtualClock } from '../../lib/adapters/memory/virtual-clock.ts';
import { retireClosed } from '../../lib/engine/retire-closed.ts';
import { head } from '../contracts/process-store.contract.ts';

const DAY_MS = 86_400_000;
const clock = new VirtualClock(100 * DAY_MS);
const retentionMs = 30 * DAY_MS;

/** `count` instances that closed on each of the days, and one that is open. */
const filled = async (
  count: number,
  days: readonly number[],
): Promise<{ store: MemoryProcessStore; retirement: MemoryRetirementStore }> => {
  const tables = memoryProcessTables();
  const store = new MemoryProcessStore(tables);
  for (const day of days)
    for (let n = 0; n < count; n += 1)
      await store.commit(head({ pid: `t#trip#${day}-${n}`, status: 'completed', closedAt: day * DAY_MS }), { kind: 'absent' });
  await store.commit(head({ pid: 't#trip#open' }), { kind: 'absent' });
  return { store, retirement: new MemoryRetirementStore(tables) };
};

const left = async (store: MemoryProcessStore, ...ids: string[]): Promise<string[]> =>
  (await store.load(ids.map((id) => `t#trip#${id}`))).flatMap((found) => (found ? [found.pid] : []));

describe('retiring what closed long ago', () => {
  test('takes what closed a day before the retention, since a start of that age may still be heard where a clock is wrong', async () => {
    const { store, retirement } = await filled(1, [10, 69, 70]);
    expect(await retireClosed({ retirement, clock }, { retentionMs })).toBe(2);
    expect(await left(store, '10-0', '69-0', '70-0', 'open')).toEqual(['t#trip#70-0', 't#trip#open']);
    expect(await retireClosed({ retirement, clock }, { retentionMs })).toBe(0);
  });

  test('goes on from page to page', async () => {
    const { retirement } = await filled(250, [10]);
    expect(await retireClosed({ retirement, clock }, { retentionMs })).toBe(250);
  });

  test('begins no page when the time is nearly up, and the next call goes on', async () => {
    const { retirement } = await filled(250, [10]);
    const times = [60_000, 4_000];
    expect(await retireClosed({ retirement, clock }, { retentionMs, remainingMs: () => times.shift() ?? 0 })).toBe(100);
    expect(await retireClosed({ retirement, clock }, { retentionMs })).toBe(150);
  });

  test('ends where the list still shows what is retired', async () => {
    const page = Array.from({ length: 100 }, (_, n) => ({ pid: `t#trip#${n}`, version: 1 }));
    const retirement = { closed: () => Promise.resolve(page), retire: () => Promise.resolve(false) };
    expect(await retireClosed({ retirement, clock }, { retentionMs })).toBe(0);
  });

  test('passes over one that cannot be retired, and tells of it at the end', async () => {
    const { store, retirement } = await filled(30, [10]);
    const failing = {
      closed: retirement.closed.bind(retirement),
      retire: (pid: string, version: number, expiresAt: number) =>
        pid === 't#trip#10-0' ? Promise.reject(new TypeError('no rights')) : retirement.retire(pid, version, expiresAt),
    };
    await expect(retireClosed({ retirement: failing, clock }, { retentionMs })).rejects.toThrow('no rights');
    expect(await left(store, '10-0', '10-1', '10-15', '10-29')).toEqual(['t#trip#10-0']);
  });
});
