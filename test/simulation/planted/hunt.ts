import { STEPS_MAX } from '../world/outcome.ts';
import { invariantOf, type SeedResult, type SeedTask } from '../runner/seed-task.ts';
import type { PlantedBug } from './planted-bug.ts';

/** A normal run in CI: what none of these seeds betrays is not found in a build. */
export const HUNT_SEEDS = 2_000;
/** How many seeds more may show a bug by a world that ends. */
const SEEDS_BEYOND_RESTLESS = 200;

/** Who runs the seeds: a `Fleet` of worker processes on a bundle with planted bugs. */
export interface Runner {
  run(tasks: Iterable<SeedTask>, onResult: (result: SeedResult) => void): Promise<void>;
}

/** The first seed that betrays a bug. */
export interface Kill {
  readonly seed: number;
  readonly steps: number;
  readonly invariant: string;
  readonly violation: string;
}

/**
 * Finds the lowest seed under which the auditor finds something wrong with the code that has this bug, and nothing with the code that has
 * none. A seed whose world never comes to rest costs a hundred others: it is only taken where the next seeds show the bug no other way.
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

/** One seed with the bug in. */
export const plantedTask = (seed: number, { name, scenario }: Sought): SeedTask => ({
  seed,
  planted: name,
  endsAtViolation: true,
  ...(scenario !== undefined && { scenario }),
});

const firstKill = async (runner: Runner, bug: Sought, from: number, to: number): Promise<Kill | undefined> => {
  let kill: Kill | undefined;
  function* tasks(): Iterable<SeedTask> {
    // Whoever is at a lower seed ends it, so the lowest is known when all have ended.
    for (let seed = from; seed <= to && kill === undefined; seed += 1) yield plantedTask(seed, bug);
  }
  await runner.run(tasks(), (result) => {
    const found = killOf(result);
    if (found && (kill === undefined || found.seed < kill.seed)) kill = found;
  });
  return kill;
};

/** Whether the seed holds without a bug. */
const isInnocent = async (runner: Runner, seed: number, bug: Sought): Promise<boolean> => {
  let holds = false;
  const { planted: _planted, ...task } = plantedTask(seed, bug);
  await runner.run([task], ({ violations }) => {
    holds = violations.length === 0;
  });
  return holds;
};

/** What the auditor said first. A world that throws or hangs was ended by the bug, and is no proof that it would be seen. */
export const killOf = ({ seed, steps, violations }: SeedResult): Kill | undefined => {
  const violation = violations.find((each) => /^(I\d+|judged):/.test(each));
  return violation === undefined ? undefined : { seed, steps, invariant: invariantOf(violation), violation };
};
