import { STEPS_MAX } from '../world/outcome.ts';
import { invariantOf, type SeedResult, type SeedTask } from '../runner/seed-task.ts';
import type { PlantedBug } from './planted-bug.ts';

/** The seeds of a normal run in CI: a bug that none of them shows is not found in a build. */
export const HUNT_SEEDS = 2_000;
/** The number of further seeds that may show the bug in a world that comes to rest. */
const SEEDS_BEYOND_RESTLESS = 200;

/** Runs the seeds: a `Fleet` of worker processes on a bundle with planted bugs. */
export interface Runner {
  run(tasks: Iterable<SeedTask>, onResult: (result: SeedResult) => void): Promise<void>;
}

/** The first seed that shows a bug. */
export interface Kill {
  readonly seed: number;
  readonly steps: number;
  readonly invariant: string;
  readonly violation: string;
}

/**
 * Finds the lowest seed under which the auditor reports a violation with this bug, and none without it. A seed whose world never comes to
 * rest costs as much as a hundred others, so it is taken only if the next seeds show the bug in no other way.
 */
export const hunt = async (runner: Runner, bug: Sought, seeds = HUNT_SEEDS): Promise<Kill | undefined> => {
  let restless: Kill | undefined;
  for (let from = 1; from <= seeds;) {
    const to = restless === undefined ? seeds : Math.min(seeds, restless.seed + SEEDS_BEYOND_RESTLESS);
    const kill = await firstKill(runner, bug, from, to);
    if (!kill) return restless;
    from = kill.seed + 1;
    if (!(await isInnocent(runner, kill.seed, bug))) continue;
    if (kill.steps < STEPS_MAX) return kill;
    restless ??= kill;
  }
  return restless;
};

type Sought = Pick<PlantedBug, 'name' | 'scenario'>;

/** One seed with the bug switched on. */
export const plantedTask = (seed: number, { name, scenario }: Sought): SeedTask => ({
  seed,
  planted: name,
  endsAtViolation: true,
  ...(scenario !== undefined && { scenario }),
});

const firstKill = async (runner: Runner, bug: Sought, from: number, to: number): Promise<Kill | undefined> => {
  let kill: Kill | undefined;
  function* tasks(): Iterable<SeedTask> {
    // A worker at a lower seed still finishes it, so the lowest kill is known when all workers have finished.
    for (let seed = from; seed <= to && kill === undefined; seed += 1) yield plantedTask(seed, bug);
  }
  await runner.run(tasks(), (result) => {
    const found = killOf(result);
    if (found && (kill === undefined || found.seed < kill.seed)) kill = found;
  });
  return kill;
};

/** Returns whether the seed holds without the bug. */
const isInnocent = async (runner: Runner, seed: number, bug: Sought): Promise<boolean> => {
  let holds = false;
  const { planted: _planted, ...task } = plantedTask(seed, bug);
  await runner.run([task], ({ violations }) => {
    holds = violations.length === 0;
  });
  return holds;
};

/** The first violation that the auditor reports. A world that throws or hangs was ended by the bug, which does not prove that the auditor sees it. */
export const killOf = ({ seed, steps, violations }: SeedResult): Kill | undefined => {
  const violation = violations.find((each) => /^(I\d+|judged):/.test(each));
  return violation === undefined ? undefined : { seed, steps, invariant: invariantOf(violation), violation };
};
