import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { createColors } from 'picocolors';
import { fixtureNames, readFixture, writeFixture, type Fixture } from '../shrink/fixture.ts';
import { runLengthDecoded, runLengthEncoded } from '../shrink/run-length.ts';
import { firstShared, merged, rangesText, seedRanges, sizeOf } from './seed-ranges.ts';
import { failedResult, type SeedResult } from '../runner/seed-task.ts';
import { failureLines, summaryLines } from './summary.ts';
import { addedUp, tallyOf } from './tally.ts';
import { addToTotals, readTotals } from './totals.ts';

const folder = (): string => {
  const directory = mkdtempSync(join(tmpdir(), 'tutti-tally-'));
  onTestFinished(() => rmSync(directory, { recursive: true }));
  return directory;
};

const result = (seed: number, more: Partial<SeedResult> = {}): SeedResult => ({
  ...failedResult({ seed }, ''),
  scenario: 'trips',
  violations: [],
  steps: 100,
  instances: 2,
  commands: 7,
  events: 9,
  ...more,
});

test('a tally counts each invariant once for a seed, and adds up the faults of all seeds', () => {
  const tally = tallyOf([
    result(2, { faults: { crash: 2, delay: 1 }, violations: ['I2: a', 'I2: b', 'I8: c'] }),
    result(1, { faults: { crash: 3 } }),
    result(4, { scenario: 'program', violations: ['I2: a'] }),
  ]);
  expect(tally).toEqual({
    ranges: [
      [1, 2],
      [4, 4],
    ],
    seeds: 3,
    violations: { I2: 2, I8: 1 },
    failed: [2, 4],
    scenarios: { program: 1, trips: 2 },
    instances: 6,
    events: 27,
    commands: 21,
    steps: 300,
    faults: { crash: 5, delay: 1 },
  });
});

test('tallies of parts add up to the tally of the whole, in any order', () => {
  const results = Array.from({ length: 20 }, (_, i) =>
    result(i + 1, { faults: i % 2 === 0 ? { crash: i } : { freeze: 1 }, violations: i % 7 === 0 ? ['I4: x'] : [] }),
  );
  const whole = tallyOf(results);
  const [one, other] = [tallyOf(results.slice(0, 7)), tallyOf(results.slice(7).toReversed())];
  expect(addedUp(one, other)).toEqual(whole);
  expect(JSON.stringify(addedUp(other, one))).toBe(JSON.stringify(whole));
});

test('the totals of a file grow with each run, and count no seed twice', () => {
  const path = join(folder(), 'totals.json');
  addToTotals(path, tallyOf([result(1), result(2)]), 1_800, 'aaa');
  addToTotals(path, tallyOf([result(3, { faults: { crash: 1 } })]), 1_800, 'bbb');
  expect(readTotals(path)).toMatchObject({
    ranges: [[1, 3]],
    seeds: 3,
    commands: 21,
    faults: { crash: 1 },
    hours: 1,
    commits: ['aaa', 'bbb'],
    nodes: [process.version],
  });
  expect(() => addToTotals(path, tallyOf([result(2)]), 1, 'ccc')).toThrow('Seed 2 is counted');
  expect(readTotals(path).seeds).toBe(3);
});

test('ranges hold exactly their seeds', () => {
  const ranges = seedRanges([5, 1, 3, 2, 9, 10]);
  expect(ranges).toEqual([
    [1, 3],
    [5, 5],
    [9, 10],
  ]);
  expect(sizeOf(ranges)).toBe(6);
  expect(rangesText([...ranges, [1_000, 100_000]])).toBe('1 to 3, 5, 9 to 10, 1,000 to 100,000');
  expect(
    merged([
      [4, 9],
      [1, 3],
      [5, 6],
    ]),
  ).toEqual([[1, 9]]);
  expect(
    firstShared(ranges, [
      [4, 4],
      [6, 9],
    ]),
  ).toBe(9);
  expect(firstShared(ranges, [[6, 8]])).toBeUndefined();
});

test('choices are read back from their lines, without the zeros at the end', () => {
  const choices = [0, 0, 0, 7, 1, 1, ...Array.from({ length: 60 }, (_, i) => i), 0, 0];
  const lines = runLengthEncoded(choices);
  expect(lines[0]).toMatch(/^0\*3 7 1\*2 0 1 2 /);
  expect(lines).toHaveLength(3);
  expect(runLengthDecoded(lines)).toEqual(choices.slice(0, -2));
  expect(runLengthEncoded([0, 0])).toEqual([]);
  expect(runLengthDecoded([])).toEqual([]);
});

test('a fixture is named after the invariant that failed, and is read back unchanged', () => {
  const directory = folder();
  const fixture: Fixture = { seed: 4, found: 'I2: default#x was never sent', scenario: 'trips', choices: [0, 0, 3, 1], note: '' };
  const path = writeFixture(fixture, directory);
  expect(fixtureNames(directory)).toEqual([expect.stringMatching(/^I2-[0-9a-f]{8}\.json$/)]);
  expect(readFixture(path)).toEqual(fixture);
  expect(fixtureNames(join(directory, 'nothing'))).toEqual([]);
});

test('the figures of a run name its seeds, its failures, and the seed to go on with', () => {
  const colors = createColors(false);
  const tally = tallyOf([result(1, { faults: { crash: 2_000 } }), result(2, { violations: ['I2: a'] })]);
  const text = summaryLines({ colors }, { tally, seconds: 4, commit: 'abc', cutShort: 'after 1 min', next: 3 }).join('\n');
  expect(text).toContain('seeds       2 (1 to 2)');
  expect(text).toContain('violations  1 seeds: I2 1');
  expect(text).toContain('faults      2,000: crash 2,000');
  expect(text).toContain('4.0 s, 0.5 seeds a second');
  expect(text).toContain('after 1 min; go on with --from 3');
});

test('the first ten of many failing seeds are printed, each with the command that shrinks it', () => {
  const failed = Array.from({ length: 12 }, (_, i) => result(12 - i, { violations: ['I2: a', 'I2: b', 'I2: c', 'I2: d', 'I2: e'] }));
  const lines = failureLines(failed, 'trips');
  expect(lines.slice(0, 6)).toEqual([
    'seed 1 (trips)',
    '  I2: a',
    '  I2: b',
    '  I2: c',
    '  and 2 more',
    '  npm run simulate -- --seed 1 --scenario trips --shrink',
  ]);
  expect(lines).toContain('seed 10 (trips)');
  expect(lines).not.toContain('seed 11 (trips)');
  expect(lines.at(-1)).toBe('and 2 more seeds');
});

test('a violation of several lines is printed as several lines', () => {
  expect(failureLines([result(3, { violations: ['died: exit 9\nits last words'] })], undefined)).toEqual([
    'seed 3 (trips)',
    '  died: exit 9',
    '  its last words',
    '  npm run simulate -- --seed 3 --shrink',
  ]);
});
