import { statSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import type { Head } from '../../../lib/ports/process-store.ts';
import type { State } from '../../../lib/local/state.ts';
import { limitText, type LimitState } from '../../../lib/service/consumer/limits/limit-state.ts';
import { retireClosed } from '../../../lib/engine/jobs/retire-closed.ts';
import { head } from '../../contracts/process-store.contract.ts';
import { newDirectory, opens, queue } from '../opened-states.ts';

const DAY = 86_400_000;
const pidOf = (id: string): string => `default#trip#${id}`;

/** A closed instance with a journal of two runs, a command record and a parked event. */
async function ended(state: State, id: string, over: object = {}): Promise<void> {
  const pid = pidOf(id);
  await state.processStore.commit(head({ pid, status: 'completed', startedAt: 1, closedAt: 2, ...over }), { kind: 'absent' });
  for (const run of ['r0', 'r1']) await state.processStore.spill({ pid, run, from: 0, entries: ['{}'] });
  await state.idempotencyStore.write(`${pid}/r1/1`, { state: 'DONE', hash: 'h' }, 'absent');
  await state.parkingStore.park({ pid, id: 'x', reason: 'POISON', detail: 'd', body: 'b', parkedAt: 1 });
}

/** The parts of an instance that are left. */
async function left(state: State, id: string): Promise<string[]> {
  const pid = pidOf(id);
  const found = {
    head: (await state.processStore.load([pid], { consistent: true }))[0] !== undefined,
    run0: (await state.processStore.chunks(pid, 'r0')).length > 0,
    run1: (await state.processStore.chunks(pid, 'r1')).length > 0,
    record: (await state.idempotencyStore.read(`${pid}/r1/1`)) !== undefined,
    parked: (await state.parkingStore.parked(pid)).length > 0,
  };
  return Object.entries(found).flatMap(([name, is]) => (is ? [name] : []));
}

const ALL = ['head', 'run0', 'run1', 'record', 'parked'];
const retire = ({ instanceIndex: index, retirementStore: retirement }: State, now: number, retentionMs = DAY): Promise<number> =>
  retireClosed({ index, retirement, clock: { now: () => now } }, { retentionMs });

test.each([
  ['in memory', false],
  ['in rows', true],
])('everything of a closed instance whose changes are %s goes together, and nothing of others', async (_where, isStored) => {
  const directory = newDirectory();
  const state = opens({ directory, keptMax: isStored ? 0 : 100 });
  await ended(state, '1');
  await ended(state, '12');
  await ended(state, '2', { closedAt: 3 * DAY });
  await ended(state, '3', { status: 'running', closedAt: undefined });
  await ended(state, '4', { due: 5 });
  if (isStored) state.checkpoint();
  expect(await retire(state, 2 + 2 * DAY)).toBe(2);
  const expected = [[], [], ALL, ALL, ALL];
  const ids = ['1', '12', '2', '3', '4'];
  expect(await Promise.all(ids.map((id) => left(state, id)))).toEqual(expected);
  await state.durable();
  state.abandon();
  const again = opens({ directory, keptMax: 0 });
  expect(await Promise.all(ids.map((id) => left(again, id)))).toEqual(expected);
});

test('an instance stays while a message that names it is queued', async () => {
  const state = opens({ directory: newDirectory() });
  await ended(state, '1');
  await state.sender.send('work', [{ body: `{"id":"${pidOf('1')}/r1/1"}` }]);
  expect(await retire(state, 3 * DAY)).toBe(0);
  expect(await left(state, '1')).toEqual(ALL);
  const [message] = await queue(state, 'work').receive({ max: 1, waitSeconds: 0, visibilitySeconds: 30 });
  await queue(state, 'work').delete([message?.receiptHandle ?? '']);
  expect(await retire(state, 3 * DAY)).toBe(1);
});

test('a message keeps each instance that it names', async () => {
  const state = opens({ directory: newDirectory() });
  for (const id of ['1', '2', '3', '12']) await ended(state, id);
  await state.sender.send('work', [{ body: `{"id":"${pidOf('1')}/r1/1","of":"${pidOf('2')}","a":"a#b#c","text":"#"}` }]);
  expect(await retire(state, 3 * DAY)).toBe(2);
  expect(await Promise.all(['1', '2', '3', '12'].map((id) => left(state, id)))).toEqual([ALL, ALL, [], []]);
});

test('an early buffer that has expired is removed, and one that waits is not', async () => {
  const state = opens({ directory: newDirectory() });
  for (const id of ['waits', 'expired']) await state.processStore.buffer({ pid: pidOf(id), body: '{}', max: 5, expiresAt: 10 });
  const [buffered] = await state.processStore.load([pidOf('expired')], { consistent: true });
  const { due: _due, ...emptied } = { ...(buffered as Head), version: 2, early: [] };
  await state.processStore.commit(emptied, { kind: 'early', version: 1 });
  state.checkpoint();
  expect(await retire(state, 3 * DAY)).toBe(1);
  expect(await left(state, 'waits')).toEqual(['head']);
  expect(await left(state, 'expired')).toEqual([]);
});

test('instances of all pages are removed, and other work of the thread has its turn meanwhile', async () => {
  const state = opens({ directory: newDirectory(), keptMax: 0 });
  for (let n = 0; n < 700; n += 1) await ended(state, `${n}`, n % 7 === 0 ? { status: 'running', closedAt: undefined } : {});
  state.checkpoint();
  let turns = 0;
  const turning = setInterval(() => (turns += 1), 0);
  expect(await retire(state, 3 * DAY)).toBe(600);
  clearInterval(turning);
  expect(turns).toBeGreaterThan(0);
  expect(await retire(state, 3 * DAY)).toBe(0);
});

test('records under the prefix of their system are found', async () => {
  const state = opens({ directory: newDirectory(), recordPrefix: 'trips|' });
  await ended(state, '1');
  await state.idempotencyStore.write(`trips|${pidOf('1')}/r1/1`, { state: 'DONE', hash: 'h' }, 'absent');
  expect(await retire(state, 3 * DAY)).toBe(1);
  expect(await state.idempotencyStore.read(`trips|${pidOf('1')}/r1/1`)).toBeUndefined();
  expect(await state.idempotencyStore.read(`${pidOf('1')}/r1/1`)).toBeDefined();
});

test.each([
  ['in memory', false],
  ['in rows', true],
])('limits %s are removed when all of their times are past by the retention', async (_where, isStored) => {
  const state = opens({ directory: newDirectory(), keptMax: isStored ? 0 : 100 });
  await ended(state, '1');
  const [past, later] = [1 * DAY, 3 * DAY];
  const limits: Record<string, LimitState> = {
    over: {
      times: [1, past],
      runs: [{ token: 't', until: past, since: 1 }],
      next: { commandId: 'c', issuedAt: 1, until: past },
      lineEnd: past,
      restsUntil: past,
    },
    mean: { meanMs: 5 },
    times: { times: [1, later] },
    runs: { runs: [{ token: 't', until: later, since: 1 }] },
    next: { next: { commandId: 'c', issuedAt: 1, until: later } },
    line: { lineEnd: later },
    rests: { restsUntil: later },
  };
  const names = Object.keys(limits);
  for (const [name, limit] of Object.entries(limits))
    await state.idempotencyStore.write(`|a.b|${name}`, { state: 'LIMIT', hash: '', command: limitText(limit) }, 'absent');
  if (isStored) state.checkpoint();
  await retire(state, past + 2 * DAY);
  const found = await Promise.all(names.map((name) => state.idempotencyStore.read(`|a.b|${name}`)));
  expect(names.filter((_name, index) => found[index] !== undefined)).toEqual(['times', 'runs', 'next', 'line', 'rests']);
  await retire(state, later + 2 * DAY);
  expect(await state.idempotencyStore.read('|a.b|rests')).toBeUndefined();
});

test('the disk space of retired instances is used again', async () => {
  const directory = newDirectory();
  const sizes: number[] = [];
  for (let round = 0; round < 4; round += 1) {
    const state = opens({ directory });
    for (let n = 0; n < 100; n += 1) await ended(state, `${round}-${n}`, { tail: ['x'.repeat(2000)] });
    state.checkpoint();
    expect(await retire(state, 3 * DAY)).toBe(100);
    state.close();
    sizes.push(statSync(join(directory, 'state.db')).size);
  }
  expect(sizes[3]).toBeLessThanOrEqual((sizes[0] ?? 0) * 1.2);
});
