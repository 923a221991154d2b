import { fork, type ChildProcess } from 'node:child_process';
import { failedResult, type SeedResult, type SeedTask } from './seed-task.ts';
import type { WorkerMessage } from './serve-seeds.ts';

export interface SeedProcessOptions {
  /** A module that calls `serveSeeds`. */
  readonly workerFile: string;
  /** Arguments of Node. @default none: the file is bundled */
  readonly execArgv?: readonly string[];
  /** The executable of Node. @default that of this process */
  readonly execPath?: string;
  /** A worker that reports neither a result nor progress for longer is killed. @default 60,000 */
  readonly silentMsMax?: number;
}

/** A world reports progress after each second of work or less, so a loaded machine delays a report, but never by a whole minute. */
const SILENT_MS_MAX = 60_000;
/** A worker that is starting gets at least this time, however short the limit of silence. */
const START_MS_MAX = 60_000;
/** The end of the error output of a worker, as far as it is kept. */
const STDERR_CHARACTERS_MAX = 2_000;

/** One worker process; another takes its place when it dies. */
export class SeedProcess {
  readonly #options: SeedProcessOptions;
  #child: ChildProcess | undefined;
  #stderr = '';
  #closed = false;

  constructor(options: SeedProcessOptions) {
    this.#options = options;
  }

  /** Resolves when each task has a result, even if the worker hangs or dies, or when this was closed. */
  async run(tasks: readonly SeedTask[], onResult: (result: SeedResult) => void): Promise<void> {
    let left = tasks;
    while (left.length > 0 && !this.#closed) {
      let done = 0;
      const failure = await this.#runUntilFailure(left, (result) => {
        done += 1;
        onResult(result);
      });
      const guilty = left[done];
      left = left.slice(done + 1);
      if (guilty && failure !== undefined && !this.#closed) onResult(failedResult(guilty, failure));
    }
  }

  close(): void {
    this.#closed = true;
    this.#child?.kill('SIGKILL');
  }

  /** Returns why the worker ended before its last result; undefined if it did not. */
  #runUntilFailure(tasks: readonly SeedTask[], onResult: (result: SeedResult) => void): Promise<string | undefined> {
    const msMax = this.#options.silentMsMax ?? SILENT_MS_MAX;
    const firstMsMax = this.#child ? msMax : Math.max(msMax, START_MS_MAX);
    const child = (this.#child ??= this.#forked());
    return new Promise((resolve) => {
      let left = tasks.length;
      const ended = (failure: string | undefined): void => {
        clearTimeout(guard);
        child.off('message', received).off('close', died).off('error', failed);
        if (failure !== undefined) {
          this.#child = undefined;
          child.kill('SIGKILL');
        }
        resolve(failure);
      };
      const hangs = (): void => ended(`hangs: no progress for ${msMax / 1000} s`);
      const died = (code: number | null, signal: string | null): void => ended(`died: ${signal ?? `exit ${code}`}\n${this.#stderr}`.trim());
      const failed = (error: Error): void => ended(`died: ${error.message}`);
      const received = (message: WorkerMessage): void => {
        clearTimeout(guard);
        guard = setTimeout(hangs, msMax);
        if (message.kind === 'progress') return;
        left -= 1;
        onResult(message.result);
        if (left === 0) ended(undefined);
      };
      let guard = setTimeout(hangs, firstMsMax);
      child.on('message', received).on('close', died).on('error', failed);
      child.send(tasks);
    });
  }

  #forked(): ChildProcess {
    const { workerFile, execArgv = [], execPath = process.execPath } = this.#options;
    this.#stderr = '';
    const child = fork(workerFile, {
      execPath,
      execArgv: ['--enable-source-maps', ...execArgv],
      stdio: ['ignore', 'ignore', 'pipe', 'ipc'],
    });
    child.stderr?.setEncoding('utf8').on('data', (text: string) => {
      this.#stderr = (this.#stderr + text).slice(-STDERR_CHARACTERS_MAX);
    });
    return child;
  }
}
