import { SeedProcess, type SeedProcessOptions } from './seed-process.ts';
import type { SeedResult, SeedTask } from './seed-task.ts';

export interface FleetOptions extends SeedProcessOptions {
  /** How many worker processes. */
  readonly size: number;
  /** How many tasks a worker takes at a time. @default 4 */
  readonly block?: number;
}

/** Worker processes that share the tasks. The result of a task does not depend on the worker that runs it. */
export class Fleet {
  readonly #options: FleetOptions;
  readonly #processes: readonly SeedProcess[];
  #stopped = false;

  constructor(options: FleetOptions) {
    this.#options = options;
    this.#processes = Array.from({ length: options.size }, () => new SeedProcess(options));
  }

  /** Runs the tasks until there are none or `stop` is called. Results come as soon as they are known, not in order. */
  async run(tasks: Iterable<SeedTask>, onResult: (result: SeedResult) => void): Promise<void> {
    const iterator = tasks[Symbol.iterator]();
    await Promise.all(this.#processes.map((each) => this.#work(each, iterator, onResult)));
  }

  /** Runs one task. */
  async one(task: SeedTask): Promise<SeedResult> {
    let only: SeedResult | undefined;
    await this.#processes[0]?.run([task], (result) => (only = result));
    if (only === undefined) throw new Error('The worker processes were ended before the task was.');
    return only;
  }

  /** No worker takes another block; blocks that have begun are finished. */
  stop(): void {
    this.#stopped = true;
  }

  /** Ends the worker processes at once, in the middle of a task too. */
  close(): void {
    this.#stopped = true;
    for (const each of this.#processes) each.close();
  }

  async #work(process: SeedProcess, tasks: Iterator<SeedTask>, onResult: (result: SeedResult) => void): Promise<void> {
    while (!this.#stopped) {
      const block = taken(tasks, this.#options.block ?? 4);
      if (block.length === 0) return;
      await process.run(block, onResult);
    }
  }
}

const taken = (tasks: Iterator<SeedTask>, count: number): SeedTask[] => {
  const block: SeedTask[] = [];
  while (block.length < count) {
    const next = tasks.next();
    if (next.done) break;
    block.push(next.value);
  }
  return block;
};
