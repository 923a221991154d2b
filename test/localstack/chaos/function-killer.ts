import { setTimeout as pause } from 'node:timers/promises';
import type { Choices } from '../../simulation/world/choices.ts';
import { killOne, type FunctionHost } from '../outside/function-processes.ts';

/** The suite's functions, by what CloudFormation leaves of their names. */
const FUNCTIONS = [
  'AdvanceProcesses',
  'SweepTimers',
  'WakeOverdue',
  'DrainDeadLetters',
  'Payments',
  'Flights',
  'Hotels',
  'Notifications',
  'Guide',
];
const KEPT = 9;
const PAUSE_MS_MIN = 1_000;
const PAUSE_MS_MAX = 5_000;

/** Kills processes of a stack's functions, one every few seconds, until `stop`. */
export class FunctionKiller {
  /** How many died, by function. */
  readonly killed = new Map<string, number>();
  readonly #host: FunctionHost;
  readonly #stack: string;
  readonly #choices: Choices;
  readonly #stopping = new AbortController();
  #running: Promise<void> = Promise.resolve();

  constructor(host: FunctionHost, stack: string, choices: Choices) {
    this.#host = host;
    this.#stack = stack;
    this.#choices = choices;
  }

  start(): void {
    this.#running = this.#run();
  }

  /** After this nothing is killed any more. */
  async stop(): Promise<void> {
    this.#stopping.abort();
    await this.#running;
  }

  async #run(): Promise<void> {
    const { signal } = this.#stopping;
    for (;;) {
      await pause(this.#choices.between(PAUSE_MS_MIN, PAUSE_MS_MAX), undefined, { signal }).catch(() => undefined);
      if (signal.aborted) return;
      const name = killOne(this.#host, `${this.#stack}-`, (count) => this.#choices.below(count));
      if (name !== undefined) this.#count(FUNCTIONS.find((known) => name.includes(known.slice(0, KEPT))) ?? name);
    }
  }

  #count(name: string): void {
    this.killed.set(name, (this.killed.get(name) ?? 0) + 1);
  }
}
