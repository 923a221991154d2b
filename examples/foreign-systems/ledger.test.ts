import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { appendFileSync, mkdirSync, mkdtempSync, rmSync, utimesSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { Ledger, placeForeignSystems } from './ledger.ts';

interface Charge {
  readonly key: string;
  readonly amount: number;
}

let folder: string;

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'ledger-'));
  placeForeignSystems(folder);
});

afterEach(() => rmSync(folder, { recursive: true }));

test('a repeated key has the effect and the answer of its first use', () => {
  const ledger = new Ledger<Charge>('charges');
  ledger.once('k-1', () => ({ key: 'k-1', amount: 5 }));
  expect(ledger.once('k-1', () => ({ key: 'k-1', amount: 7 }))).toEqual({ key: 'k-1', amount: 5 });
  expect(ledger.entries()).toHaveLength(1);
});

test('a ledger that is opened again returns the last version of each key', () => {
  const before = new Ledger<Charge>('charges');
  before.put({ key: 'k-1', amount: 5 });
  before.put({ key: 'k-2', amount: 6 });
  before.put({ key: 'k-1', amount: 7 });
  expect(new Ledger<Charge>('charges').entries()).toEqual([
    { key: 'k-1', amount: 7 },
    { key: 'k-2', amount: 6 },
  ]);
});

test('a line that a kill cut short counts as not written and does not affect other lines', () => {
  const before = new Ledger<Charge>('charges');
  before.put({ key: 'k-1', amount: 5 });
  appendFileSync(join(folder, 'charges.jsonl'), '\n{"key":"k-2","amo');
  const after = new Ledger<Charge>('charges');
  expect(after.get('k-2')).toBeUndefined();
  after.put({ key: 'k-3', amount: 6 });
  expect(new Ledger<Charge>('charges').entries().map((entry) => entry.key)).toEqual(['k-1', 'k-3']);
});

test('a ledger in memory is empty after its place is set again', () => {
  const ledger = new Ledger<Charge>('charges');
  placeForeignSystems('memory');
  ledger.put({ key: 'k-1', amount: 5 });
  placeForeignSystems('memory');
  expect(ledger.entries()).toEqual([]);
});

test('two programs on one folder see the entries of each other', () => {
  const here = new Ledger<Charge>('charges');
  const there = new Ledger<Charge>('charges');
  expect(here.entries()).toEqual([]);
  there.once('k-1', () => ({ key: 'k-1', amount: 5 }));
  expect(here.once('k-1', () => ({ key: 'k-1', amount: 7 }))).toEqual({ key: 'k-1', amount: 5 });
  here.put({ key: 'k-1', amount: 9 });
  expect(there.get('k-1')).toEqual({ key: 'k-1', amount: 9 });
});

test('an incomplete last line is read once it is complete', () => {
  const ledger = new Ledger<Charge>('charges');
  writeFileSync(join(folder, 'charges.jsonl'), '\n{"key":"k-1","amount":5}\n{"key":"k-2","amo');
  expect(ledger.entries()).toEqual([{ key: 'k-1', amount: 5 }]);
  appendFileSync(join(folder, 'charges.jsonl'), 'unt":6}');
  expect(ledger.entries().map((entry) => entry.key)).toEqual(['k-1', 'k-2']);
});

test('the lock of a killed program is released after two seconds', () => {
  const lock = join(folder, 'charges.jsonl.lock');
  mkdirSync(lock);
  utimesSync(lock, new Date(0), new Date(0));
  const ledger = new Ledger<Charge>('charges');
  ledger.put({ key: 'k-1', amount: 5 });
  expect(ledger.entries()).toHaveLength(1);
});

test('programs that write concurrently give each key one entry and each entry a unique number', async () => {
  const source = `
    import { Ledger, placeForeignSystems } from ${JSON.stringify(new URL('ledger.ts', import.meta.url).href)};
    placeForeignSystems(${JSON.stringify(folder)});
    const ledger = new Ledger('charges');
    for (let n = 0; n < 100; n += 1) ledger.once('k-' + n, (count) => ({ key: 'k-' + n, amount: count }));
  `;
  const programs = [1, 2].map(() => spawn(process.execPath, ['--import', 'tsx', '--input-type=module', '--eval', source]));
  const codes = await Promise.all(programs.map((program) => once(program, 'exit')));
  expect(codes.map(([code]) => code as number)).toEqual([0, 0]);
  const entries = new Ledger<Charge>('charges').entries();
  expect(entries.map(({ amount }) => amount)).toEqual(Array.from({ length: 100 }, (_, index) => index + 1));
});
