import { describe, expect, test } from 'vitest';
import { Choices } from '../world/choices.ts';
import { firstDifference } from '../command/check-digests.ts';
import { runSeed } from './run-seed.ts';
import { scenarioMaker, scenarioNames } from '../scenarios/scenarios.ts';
import type { SeedResult, SeedTask } from './seed-task.ts';

const ALL = { trace: true, choices: true };

const world = (scenario: string, seed: number): Promise<SeedResult> => runSeed({ seed, scenario, returns: ALL });

describe.each(scenarioNames)('%s', (scenario) => {
  test('a seed makes the same world again, even after other seeds, and without access to the real world', async () => {
    const first = await world(scenario, 1);
    const other = await world(scenario, 2);
    const again = await world(scenario, 1);
    expect(again).toEqual(first);
    expect(other.digest).not.toBe(first.digest);
    expect(first.trace.length).toBeGreaterThan(30);
    expect(first.violations.filter((each) => /^(?:real world|thrown)/.test(each))).toEqual([]);
  });

  test('recorded choices make the same world without their seed', async () => {
    const first = await world(scenario, 3);
    const task: SeedTask = { seed: 99, scenario, choices: first.choices, returns: ALL };
    expect(await runSeed(task)).toEqual({ ...first, seed: 99 });
  });
});

test('the scenario of a seed is drawn from its choices', async () => {
  const drawn = Array.from({ length: 2_000 }, (_, seed) => scenarioMaker()(Choices.seeded(seed)).name);
  // The scenario blackouts wraps another scenario, and keeps its name.
  expect(new Set(drawn)).toEqual(new Set(scenarioNames.filter((name) => name !== 'blackouts')));
  const choices = Choices.seeded(5);
  const { name } = scenarioMaker()(choices);
  expect(scenarioMaker()(Choices.recorded(choices.taken)).name).toBe(name);
});

test('firstDifference reports the first line in which two traces differ', () => {
  expect(firstDifference(['a', 'b', 'c'], ['a', 'x', 'c'])).toEqual({ line: 2, here: 'b', there: 'x' });
  expect(firstDifference(['a'], ['a', 'b'])).toEqual({ line: 2, here: undefined, there: 'b' });
});
