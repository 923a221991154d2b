import { failedResult, type SeedResult, type SeedTask } from './seed-task.ts';

/** A message of a worker process: progress when it starts and while a world makes steps, and each result. */
export type WorkerMessage = { readonly kind: 'progress' } | { readonly kind: 'result'; readonly result: SeedResult };

type RunTask = (task: SeedTask, onProgress: () => void) => Promise<SeedResult>;

/**
 * A worker process: runs one task after the other, and sends each result when it is known. It ends with the process that forked it, and
 * ignores Ctrl-C, which that process handles.
 */
export const serveSeeds = (run: RunTask): void => {
  let last = Promise.resolve();
  const send = (message: WorkerMessage): void => {
    process.send?.(message);
  };
  const runAll = async (tasks: readonly SeedTask[]): Promise<void> => {
    for (const task of tasks) send({ kind: 'result', result: await settled(run, task, () => send({ kind: 'progress' })) });
  };
  process.on('SIGINT', () => undefined);
  process.on('disconnect', () => process.exit());
  process.on('message', (tasks: readonly SeedTask[]) => {
    last = last.then(() => runAll(tasks));
  });
  send({ kind: 'progress' });
};

const settled = async (run: RunTask, task: SeedTask, onProgress: () => void): Promise<SeedResult> => {
  try {
    return await run(task, onProgress);
  } catch (error) {
    return failedResult(task, thrown(error));
  }
};

/** A seed that throws has failed, like one that violates an invariant. */
export const thrown = (error: unknown): string => `thrown: ${error instanceof Error ? (error.stack ?? error.message) : String(error)}`;
