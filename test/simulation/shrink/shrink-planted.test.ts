import { rm } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import { expect, onTestFinished, test } from 'vitest';
import { briefTrace } from '../command/brief-trace.ts';
import { bundle } from '../runner/bundle.ts';
import { Fleet } from '../runner/fleet.ts';
import { invariantOf, type SeedResult, type SeedTask } from '../runner/seed-task.ts';
import { shrink } from './shrink.ts';

/** A duplicate is acknowledged without repeating the sends that its first delivery had committed. */
const PLANTED = 'NO_RESEND';
/** The scenario whose worlds run fastest. */
const SCENARIO = 'travel-booking';
const SEEDS_MAX = 100;
/** Takes a few seconds; the default of the command line is 2,000. */
const TRIES_MAX = 150;
const LINES_MAX = 60;

const firstFailing = async (fleet: Fleet): Promise<SeedResult> => {
  for (let seed = 1; seed <= SEEDS_MAX; seed += 1) {
    const result = await fleet.one({ seed, planted: PLANTED, scenario: SCENARIO, returns: { choices: true } });
    if (result.violations.length > 0) return result;
  }
  throw new Error(`${PLANTED} survives ${SEEDS_MAX} seeds.`);
};

test('a planted bug shrinks to a trace that can be read in a minute', async () => {
  const { path, directory } = await bundle(fileURLToPath(new URL('../runner/seed-worker.ts', import.meta.url)), { planted: true });
  const fleet = new Fleet({ workerFile: path, size: 1 });
  onTestFinished(async () => {
    fleet.close();
    await rm(directory, { recursive: true });
  });
  const failing = await firstFailing(fleet);
  const { seed, violations } = failing;
  const invariant = invariantOf(violations[0] ?? '');
  const task: SeedTask = { seed, planted: PLANTED, scenario: SCENARIO };
  const { choices } = await shrink(
    failing.choices,
    async (choices) => {
      const result = await fleet.one({ ...task, choices, returns: { choices: true } });
      return result.violations.some((each) => invariantOf(each) === invariant) ? result.choices : undefined;
    },
    { triesMax: TRIES_MAX },
  );
  const shrunk = await fleet.one({ ...task, choices, returns: { trace: true } });
  const lines = briefTrace(shrunk.trace);
  expect(shrunk.violations.map(invariantOf)).toContain(invariant);
  expect(choices.length).toBeLessThan(failing.choices.length / 2);
  expect(lines.length).toBeLessThan(LINES_MAX);
  expect(lines.some((line) => line.includes('fault: '))).toBe(true);
}, 60_000);
