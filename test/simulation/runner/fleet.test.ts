import { fileURLToPath } from 'node:url';
import { expect, onTestFinished, test } from 'vitest';
import { Fleet } from './fleet.ts';
import type { SeedResult } from './seed-task.ts';

const fleetOf = (size: number): Fleet => {
  const fleet = new Fleet({
    workerFile: fileURLToPath(new URL('fake-seed-worker.ts', import.meta.url)),
    execArgv: ['--conditions=source', '--import', 'tsx'],
    size,
    silentMsMax: 2_500,
  });
  onTestFinished(() => fleet.close());
  return fleet;
};

const seeds = (...numbers: number[]): { readonly seed: number }[] => numbers.map((seed) => ({ seed }));

test('every task has one result, even if its worker throws, hangs or dies', async () => {
  const results = new Map<number, SeedResult[]>();
  await fleetOf(2).run(seeds(1, 3, 5, 6, 7, 8, 9, 11), (result) => results.set(result.seed, [...(results.get(result.seed) ?? []), result]));
  const firstLines = [...results]
    .sort(([a], [b]) => a - b)
    .map(([seed, each]) => [seed, ...each.flatMap(({ violations }) => violations.map((text) => text.split('\n')[0]))]);
  expect(firstLines).toEqual([
    [1],
    [3, 'thrown: Error: no such world'],
    [5, 'hangs: no progress for 2.5 s'],
    [6],
    [7, 'died: exit 9'],
    [8],
    [9, 'I2: it was never sent'],
    [11],
  ]);
  expect(results.get(7)?.[0]?.violations[0]).toContain('its last words');
});

test('a stopped fleet begins no further block, and finishes the one that it has begun', async () => {
  const fleet = fleetOf(1);
  const done: number[] = [];
  await fleet.run(seeds(1, 2, 4, 6, 8, 11, 12, 14), ({ seed }) => {
    done.push(seed);
    fleet.stop();
  });
  expect(done).toEqual([1, 2, 4, 6]);
});

test('a task has no result if the fleet is closed before its end', async () => {
  const fleet = fleetOf(1);
  const one = fleet.one({ seed: 5 });
  fleet.close();
  await expect(one).rejects.toThrow('ended before the task was');
});

test('a world that reports progress may take longer than a worker may be silent', async () => {
  expect(await fleetOf(1).one({ seed: 10 })).toMatchObject({ violations: [], steps: 60_000 });
});
