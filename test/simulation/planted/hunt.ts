import { invariantOf, type SeedResult, type SeedTask } from '../seed-task.ts';

/** A normal run in CI: what none of these seeds betrays is not found in a build. */
export const HUNT_SEEDS = 2_000;

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

/** Finds the lowest seed under which the auditor finds something wrong with the code that has this bug. */
export const hunt = async (runner: Runner, planted: string, seeds = HUNT_SEEDS): Promise<Kill | undefined> => {
  let kill: Kill | undefined;
  function* tasks(): Iterable<SeedTask> {
    // Whoever is at a lower seed ends it, so the lowest is known when all have ended.
    for (let seed = 1; seed <= seeds && kill === undefined; seed += 1) yield { seed, planted };
  }
  await runner.run(tasks(), (result) => {
    const found = killOf(result);
    if (found && (kill === undefined || found.seed < kill.seed)) kill = found;
  });
  return kill;
};

export const killOf = ({ seed, steps, violations }: SeedResult): Kill | undefined => {
  const [violation] = violations;
  return violation === undefined ? undefined : { seed, steps, invariant: invariantOf(violation), violation };
};
