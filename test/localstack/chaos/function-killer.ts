import { setTimeout as pause } from 'node:timers/promises';
import type { Choices } from '../../simulation/choices.ts';
import { killOne, type FunctionHost } from '../outside/function-processes.ts';

/** Kills processes of a stack's functions, one every few seconds, until it is told to stop. */
export class FunctionKiller {
  /** How many died, by function, without what CloudFormation put behind its name. */
  readonly killed = new Map<string, number>();
  readonly #stopping = new AbortController();
  readonly #running: Promise<void>;

  constructor(host: FunctionHost, stack: string, choices: Choices) {
    this.#running = this.#run(host, stack, choices);
  }

  async stop(): Promise<void> {
    this.#stopping.abort();
    await this.#running;
  }

  async #run(host: FunctionHost, stack: string, choices: Choices): Promise<void> {
    const { signal } = this.#stopping;
    while (!signal.aborted) {
      await pause(choices.between(1_000, 4_000), undefined, { signal }).catch(() => undefined);
      if (signal.aborted) return;
      const name = killOne(host, stack, (count) => choices.below(count));
      if (name !== undefined) this.#count(name.replace(`${stack}-`, '').replace(/-[0-9a-f]{8}$/, ''));
    }
  }

  #count(name: string): void {
    this.killed.set(name, (this.killed.get(name) ?? 0) + 1);
  }
}
