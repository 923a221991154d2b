import { failedResult, type SeedResult, type SeedTask } from './seed-task.ts';

/**
 * A worker process: runs one task after the other, and sends each result when it is there. It ends with the process that forked it,
 * and leaves it to that one what Ctrl-C means.
 */
export const serveSeeds = (run: (task: SeedTask) => Promise<SeedResult>): void => {
  let last = Promise.resolve();
  const runAll = async (tasks: readonly SeedTask[]): Promise<void> => {
    for (const task of tasks) process.send?.(await settled(run, task));
  };
  process.on('SIGINT', () => undefined);
  process.on('disconnect', () => process.exit());
  process.on('message', (tasks: readonly SeedTask[]) => {
    last = last.then(() => runAll(tasks));
  });
};

const settled = async (run: (task: SeedTask) => Promise<SeedResult>, task: SeedTask): Promise<SeedResult> => {
  try {
    return await run(task);
  } catch (error) {
    return failedResult(task, thrown(error));
  }
};

/** A seed that throws has failed as much as one that violates something. */
export const thrown = (error: unknown): string => `thrown: ${error instanceof Error ? (error.stack ?? error.message) : String(error)}`;
