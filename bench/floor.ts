/** The best rate of the machine: the writes of four-step bookings alone, without engine, queues and services. */
import Database from 'libsql';
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { openState, type StateOptions } from '../lib/local/state.ts';
import type { Head } from '../lib/ports/process-store.ts';
import { rounds, type Timing } from './rounds.ts';

export const STEPS = 4;

const STATE = JSON.stringify({ seq: 4, commands: [{ n: 3, path: 'hotels.book:1', pad: 'x'.repeat(420) }] });
const ENTRY = JSON.stringify({ type: 'CommandAnswered', at: 1_798_761_600_000, n: 3, pad: 'x'.repeat(180) });

/** One SQLite transaction per step, each durable before the next begins: the cost of a durable engine without group commit. */
export const commitPerStep = (directory: string): Promise<Timing> => {
  mkdirSync(directory, { recursive: true });
  const database = new Database(join(directory, 'floor.db'));
  for (const pragma of ['journal_mode = WAL', 'synchronous = FULL']) database.pragma(pragma);
  database.exec(
    'CREATE TABLE heads (pid TEXT PRIMARY KEY, version INTEGER, state TEXT); CREATE TABLE entries (pid TEXT, n INTEGER, entry TEXT, PRIMARY KEY (pid, n))',
  );
  const head = database.prepare(
    'INSERT INTO heads VALUES (?, ?, ?) ON CONFLICT (pid) DO UPDATE SET version = excluded.version, state = excluded.state',
  );
  const entry = database.prepare('INSERT INTO entries VALUES (?, ?, ?)');
  const step = database.transaction((pid: string, n: number) => {
    head.run(pid, n, STATE);
    entry.run(pid, n, ENTRY);
  });
  return rounds({ concurrency: 1, seconds: 0.6, rounds: 3 }, async (number) => {
    for (let n = 1; n <= STEPS; n += 1) step(`default#book-trip#cart-${number}`, n);
  });
};

const system = { name: 'trips', services: new Map(), processes: new Map() } as unknown as StateOptions['system'];

/** The same writes through the group-committed log, 200 bookings at a time. Each booking waits until its own step is durable. */
export const groupCommit = async (directory: string): Promise<Timing> => {
  const state = openState({ system, directory });
  const timing = await rounds({ concurrency: 200, seconds: 0.6, rounds: 3 }, async (number) => {
    const pid = `default#book-trip#cart-${number}`;
    const tail: string[] = [];
    for (let version = 1; version <= STEPS; version += 1) {
      tail.push(ENTRY);
      await state.processStore.commit(
        headOf(pid, version, tail.slice()),
        version === 1 ? { kind: 'absent' } : { kind: 'at', version: version - 1, run: 'r5f2c' },
      );
      await state.durable();
    }
  });
  state.close();
  return timing;
};

const headOf = (pid: string, version: number, tail: readonly string[]): Head => ({
  pid,
  version,
  status: version === STEPS ? 'completed' : 'running',
  tail,
  writer: 'w1',
  run: 'r5f2c',
  definition: 'book-trip@1',
  clock: 1,
  control: STATE,
  tailFrom: 0,
  startedAt: 1,
});
