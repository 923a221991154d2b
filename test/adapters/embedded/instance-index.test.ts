import { expect, test } from 'vitest';
import type { InstanceFilter } from '../../../lib/ports/instance-index.ts';
import type { Head } from '../../../lib/ports/process-store.ts';
import type { State } from '../../../lib/local/state.ts';
import { head } from '../../contracts/process-store.contract.ts';
import { newDirectory, opens } from '../opened-states.ts';

const put = (state: State, id: number, over: Partial<Head>, before?: number): Promise<unknown> =>
  state.processStore.commit(
    head({ pid: `default#trip#${String(id).padStart(4, '0')}`, startedAt: 1 + (id % 300), version: (before ?? 0) + 1, ...over }),
    before === undefined ? { kind: 'absent' } : { kind: 'at', version: before, run: 'r1' },
  );

const idsOf = async (state: State, filter: Partial<InstanceFilter> = {}): Promise<number[]> => {
  const ids: number[] = [];
  for await (const { pid } of state.instanceIndex.list({ tenant: 'default', ...filter })) ids.push(Number(pid.slice(-4)));
  return ids;
};

const inOrder = (ids: readonly number[]): number[] => ids.toSorted((left, right) => (right % 300) - (left % 300) || left - right);
const upTo = (count: number): number[] => Array.from({ length: count }, (_, id) => id);
const ended = { status: 'completed', closedAt: 1_000 } as const;

test('a list is whole and in order while its instances are in memory, in rows, or changed since their rows', async () => {
  const directory = newDirectory();
  const state = opens({ directory, keptMax: 0 });
  for (const id of upTo(900)) await put(state, id, id % 3 === 0 ? {} : ended);
  expect(await idsOf(state)).toEqual(inOrder(upTo(900)));
  state.checkpoint();
  expect(await idsOf(state)).toEqual(inOrder(upTo(900)));
  // An instance that was open ends, one that had ended gets another status, one begins again, one is removed.
  await put(state, 0, ended, 1);
  await put(state, 1, { ...ended, status: 'failed' }, 1);
  await put(state, 2, { startedAt: 400 }, 1);
  expect(await state.retirementStore.retire('default#trip#0004', 1, 0)).toBe(true);
  const rest = upTo(900).filter((id) => id !== 2 && id !== 4);
  for (const move of [() => undefined, () => state.checkpoint()]) {
    move();
    expect(await idsOf(state)).toEqual([2, ...inOrder(rest)]);
    expect(await idsOf(state, { statuses: ['failed'] })).toEqual([1]);
    expect(await idsOf(state, { process: 'trip', statuses: ['failed', 'terminated'] })).toEqual([1]);
    expect(await idsOf(state, { statuses: ['running', 'stuck'] })).toEqual([
      2,
      ...inOrder(upTo(900).filter((id) => id % 3 === 0 && id > 0)),
    ]);
  }
  state.close();
  expect(await idsOf(opens({ directory, keptMax: 0 }))).toEqual([2, ...inOrder(rest)]);
});

test('no instance is missed or listed twice where a checkpoint ends in the middle of a list', async () => {
  const state = opens({ directory: newDirectory(), keptMax: 0 });
  for (const id of upTo(900)) await put(state, id, ended);
  const seen: string[] = [];
  for await (const { pid } of state.instanceIndex.list({ tenant: 'default' })) if (seen.push(pid) % 250 === 0) state.checkpoint();
  expect(seen).toHaveLength(900);
  expect(new Set(seen).size).toBe(900);
});

test('a list of open instances reads no row', async () => {
  const state = opens({ directory: newDirectory(), keptMax: 0 });
  for (const id of upTo(50)) await put(state, id, id === 7 ? {} : ended);
  state.checkpoint();
  state.abandon();
  expect(await idsOf(state, { statuses: ['running', 'stuck'] })).toEqual([7]);
});

test('other work of the thread has its turn during a list', async () => {
  const state = opens({ directory: newDirectory() });
  for (const id of upTo(900)) await put(state, id, {});
  let turns = 0;
  let goes = true;
  const turn = (): void => {
    turns += 1;
    if (goes) setImmediate(turn);
  };
  setImmediate(turn);
  expect(await idsOf(state, { tags: { city: 'Bern' } })).toEqual([]);
  expect(await idsOf(state)).toHaveLength(900);
  goes = false;
  expect(turns).toBeGreaterThanOrEqual(4);
});

test.each([
  ['another tenant', { tenant: 'other' }],
  ['a status that no row has', { statuses: ['completed', 'early'] }],
  ['a rare status of another tenant', { tenant: 'other', statuses: ['failed'] }],
  ['a rare status of another process', { process: 'other', statuses: ['failed'] }],
] as const)('other work of the thread has its turn while many rows are passed over: of %s', async (_, filter) => {
  const state = opens({ directory: newDirectory(), keptMax: 0 });
  for (const id of upTo(4_000)) await put(state, id, { ...ended, status: 'failed' });
  state.checkpoint();
  let turns = 0;
  let goes = true;
  const turn = (): void => {
    turns += 1;
    if (goes) setImmediate(turn);
  };
  setImmediate(turn);
  expect(await idsOf(state, filter)).toEqual([]);
  goes = false;
  expect(turns).toBeGreaterThanOrEqual(4);
});
