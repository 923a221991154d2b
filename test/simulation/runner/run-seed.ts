import { Choices } from '../world/choices.ts';
import type { Outcome } from '../world/outcome.ts';
import { forbidRealWorld } from './real-world.ts';
import { scenarioMaker } from '../scenarios/scenarios.ts';
import { failedResult, type SeedResult, type SeedTask } from './seed-task.ts';
import { thrown } from './serve-seeds.ts';
import { simulate } from '../world/simulation.ts';

/** A module that is loaded on demand would wait for the real file system in the middle of a decision. */
const loaded = Promise.all([
  import('croner'),
  import('../../../lib/adapters/system/occurrences.ts'),
  import('../../../lib/core/bulk-job.ts'),
  import('../../../lib/core/gating.ts'),
  import('../../../lib/process/scheduler.ts'),
]);

/** Runs one world in this process, without access to the real one. */
export const runSeed = async (task: SeedTask, onProgress?: () => void): Promise<SeedResult> => {
  await loaded;
  const choices = task.choices ? Choices.recorded(task.choices) : Choices.seeded(task.seed);
  Reflect.set(globalThis, '__planted', task.planted);
  const listeners = process.listeners('unhandledRejection');
  const realWorld = forbidRealWorld();
  const outcome = await simulated(task, choices, onProgress);
  const touched = realWorld.lift();
  forgetListeners(listeners);
  return {
    ...outcome,
    seed: task.seed,
    ...(task.planted !== undefined && { planted: task.planted }),
    violations: [...outcome.violations, ...touched.map((each) => `real world: ${each}`)],
    choices: task.returns?.choices ? [...choices.taken] : [],
    trace: task.returns?.trace ? outcome.trace : [],
  };
};

const simulated = async (task: SeedTask, choices: Choices, onProgress: (() => void) | undefined): Promise<Outcome> => {
  const { endsAtViolation = false, returns } = task;
  try {
    return await simulate(scenarioMaker(task.scenario), choices, {
      trace: returns?.trace === true,
      endsAtViolation,
      ...(onProgress && { onProgress }),
    });
  } catch (error) {
    return failedResult(task, thrown(error));
  }
};

/** An engine that dies while it decides never removes its listener, and one process runs thousands of seeds. */
const forgetListeners = (before: readonly NodeJS.UnhandledRejectionListener[]): void => {
  for (const listener of process.listeners('unhandledRejection'))
    if (!before.includes(listener)) process.off('unhandledRejection', listener);
};
