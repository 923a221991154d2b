import { appendFileSync, mkdtempSync, rmSync } from 'node:fs';
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

test('a key that is used again has the effect and the answer of its first use', () => {
  const ledger = new Ledger<Charge>('charges');
  ledger.once('k-1', () => ({ key: 'k-1', amount: 5 }));
  expect(ledger.once('k-1', () => ({ key: 'k-1', amount: 7 }))).toEqual({ key: 'k-1', amount: 5 });
  expect(ledger.entries()).toHaveLength(1);
});

test('a ledger that is opened again knows what it wrote, the last version of each key', () => {
  const before = new Ledger<Charge>('charges');
  before.put({ key: 'k-1', amount: 5 });
  before.put({ key: 'k-2', amount: 6 });
  before.put({ key: 'k-1', amount: 7 });
  expect(new Ledger<Charge>('charges').entries()).toEqual([
    { key: 'k-1', amount: 7 },
    { key: 'k-2', amount: 6 },
  ]);
});

test('a line that a kill cut short counts as not written, and spoils neither its neighbours nor what comes after', () => {
  const before = new Ledger<Charge>('charges');
  before.put({ key: 'k-1', amount: 5 });
  appendFileSync(join(folder, 'charges.jsonl'), '\n{"key":"k-2","amo');
  const after = new Ledger<Charge>('charges');
  expect(after.get('k-2')).toBeUndefined();
  after.put({ key: 'k-3', amount: 6 });
  expect(new Ledger<Charge>('charges').entries().map((entry) => entry.key)).toEqual(['k-1', 'k-3']);
});

test('a ledger in memory forgets when it is placed anew', () => {
  const ledger = new Ledger<Charge>('charges');
  placeForeignSystems('memory');
  ledger.put({ key: 'k-1', amount: 5 });
  placeForeignSystems('memory');
  expect(ledger.entries()).toEqual([]);
});
