import { rm } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import { expect, test } from 'vitest';
import { bundle } from '../runner/bundle.ts';
import { Fleet } from '../runner/fleet.ts';
import { killOf } from './hunt.ts';

const WORKER = fileURLToPath(new URL('../runner/seed-worker.ts', import.meta.url));
const SEEDS = [1, 2, 3, 4] as const;

const digests = async (planted: boolean): Promise<readonly string[]> => {
  const { path, directory } = await bundle(WORKER, { planted });
  const fleet = new Fleet({ workerFile: path, size: 1 });
  try {
    const all: string[] = [];
    for (const seed of SEEDS) all.push((await fleet.one({ seed })).digest);
    return all;
  } finally {
    fleet.close();
    await rm(directory, { recursive: true });
  }
};

test('a build with every planted bug, none of them switched on, gives the same worlds to the byte', async () => {
  const plain = await digests(false);
  expect(plain.every((digest) => digest !== '')).toBe(true);
  expect(await digests(true)).toEqual(plain);
}, 120_000);

test('a violation of the auditor counts as a kill, but a world that the bug ends does not', () => {
  const result = {
    seed: 7,
    steps: 12,
    scenario: 'trips',
    instances: 1,
    commands: 0,
    events: 0,
    faults: {},
    digest: '',
    choices: [],
    trace: [],
  };
  expect(killOf({ ...result, violations: ['I2: it was never sent'] })).toMatchObject({ seed: 7, steps: 12, invariant: 'I2' });
  expect(killOf({ ...result, violations: ['thrown: no such thing'] })).toBeUndefined();
  expect(killOf({ ...result, violations: [] })).toBeUndefined();
});
