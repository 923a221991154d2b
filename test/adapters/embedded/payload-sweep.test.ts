import { createHash } from 'node:crypto';
import { expect, test } from 'vitest';
import type { State } from '../../../lib/local/state.ts';
import { head } from '../../contracts/process-store.contract.ts';
import { newDirectory, opens } from '../opened-states.ts';

const PLACES = ['message', 'parked', 'record', 'head', 'early', 'chunk', 'nowhere', 'also nowhere'] as const;
const PID = 'default#trip#1';

const hashOf = (name: string): string => createHash('sha256').update(JSON.stringify(name)).digest('hex');

/** Puts a value for each place, and names it there. */
async function named(state: State): Promise<void> {
  for (const name of PLACES) await state.payloadStore.put(PID, hashOf(name), JSON.stringify(name));
  await state.sender.send('work', [{ body: `{"dataref":"payload:${hashOf('message')}"}` }]);
  await state.parkingStore.park({ pid: PID, id: 'x', reason: 'POISON', detail: 'd', body: `{"ref":"${hashOf('parked')}"}`, parkedAt: 1 });
  await state.idempotencyStore.write(`${PID}/r1/1`, { state: 'DONE', hash: 'h', reply: `{"ref":"${hashOf('record')}"}` }, 'absent');
  await state.processStore.commit(head({ pid: PID, tail: [`{"ref":"${hashOf('head')}"}`] }), { kind: 'absent' });
  await state.processStore.buffer({ pid: 'default#trip#2', body: `{"ref":"${hashOf('early')}"}`, max: 5, expiresAt: 9e15 });
  await state.processStore.spill({ pid: PID, run: 'r1', from: 0, entries: [`{"ref":"${hashOf('chunk')}"}`] });
}

async function left(state: State): Promise<string[]> {
  const found: string[] = [];
  for (const name of PLACES) if ((await state.payloadStore.get(PID, hashOf(name))) !== undefined) found.push(name);
  return found;
}

const NAMED = PLACES.slice(0, 6);

/** The folder after a crash or a stop, so that no value was put lately. */
function openedAgain(directory: string, state: State, isStored: boolean): State {
  if (isStored) state.close();
  else state.abandon();
  return opens({ directory, keptMax: 0 });
}

test.each([
  ['in rows', true],
  ['changed since their rows', false],
])('values that anything in the folder names stay, and the others go, while their names are %s', async (_where, isStored) => {
  const directory = newDirectory();
  const before = opens({ directory });
  if (isStored) await named(before);
  const state = openedAgain(directory, before, true);
  if (!isStored) {
    await named(state);
    await state.durable();
  }
  const after = openedAgain(directory, state, isStored);
  expect(await after.sweepPayloads()).toBe(2);
  expect(await left(after)).toEqual(NAMED);
  expect(await after.sweepPayloads()).toBe(0);
  await after.durable();
  after.abandon();
  expect(await left(opens({ directory }))).toEqual(NAMED);
});

test('names that lie in memory alone keep their values', async () => {
  const directory = newDirectory();
  const before = opens({ directory });
  for (const name of PLACES) await before.payloadStore.put(PID, hashOf(name), JSON.stringify(name));
  before.close();
  const state = opens({ directory });
  await state.processStore.commit(head({ pid: PID, tail: [hashOf('head')] }), { kind: 'absent' });
  expect(await state.sweepPayloads()).toBe(PLACES.length - 1);
  expect(await left(state)).toEqual(['head']);
});

test('a value that was put lately stays, because its writer may be about to name it', async () => {
  const state = opens({ directory: newDirectory() });
  await state.payloadStore.put(PID, hashOf('nowhere'), '"nowhere"');
  expect(await state.sweepPayloads()).toBe(0);
  expect(await left(state)).toEqual(['nowhere']);
});

test.each([
  ['the sweep', 1],
  ['two sweeps at once', 2],
])('a value stays that is named during %s, in a table that was passed', async (_what, count) => {
  const directory = newDirectory();
  const before = opens({ directory });
  await named(before);
  for (let n = 0; n < 2_000; n += 1)
    await before.processStore.spill({ pid: `default#trip#${n}`, run: 'r', from: 0, entries: ['x'.repeat(3_000)] });
  const state = openedAgain(directory, before, true);
  const sweeps = Array.from({ length: count }, () => state.sweepPayloads());
  let turns = 0;
  await new Promise<void>((resolve) => {
    const turn = (): void => {
      if ((turns += 1) === 2) {
        void state.sender.send('work', [{ body: hashOf('nowhere') }]);
        state.checkpoint();
        resolve();
      } else setImmediate(turn);
    };
    setImmediate(turn);
  });
  expect(await Promise.all(sweeps)).toEqual(sweeps.map(() => 1));
  expect(await left(state)).toEqual([...NAMED, 'nowhere']);
});

test('a sweep whose signal has aborted removes nothing', async () => {
  const directory = newDirectory();
  const before = opens({ directory });
  await named(before);
  const state = openedAgain(directory, before, true);
  expect(await state.sweepPayloads(AbortSignal.abort())).toBe(0);
  expect(await left(state)).toEqual([...PLACES]);
});
