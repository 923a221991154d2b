import { Life } from './life.ts';

/** An instant at which a worker may be killed. `count`: how often that point has been passed in this world, this time included. */
export interface CrashPoint {
  /**
   * The engine: `before-commit`, `after-commit`, `after-send` (to a queue or the bus). A service: `in-handler` (the command is
   * claimed), `after-effect` (the handler has ended), `after-reply`. Both: `before-acknowledge`.
   */
  readonly at: 'before-commit' | 'after-commit' | 'after-send' | 'before-acknowledge' | 'in-handler' | 'after-effect' | 'after-reply';
  readonly count: number;
}

export type CrashPredicate = (point: CrashPoint) => boolean;

/** Counts how often each point is passed, and kills whoever passes one that was chosen. */
export class CrashPoints {
  readonly #crash: CrashPredicate | undefined;
  readonly #counts = new Map<CrashPoint['at'], number>();

  constructor(crash: CrashPredicate | undefined) {
    this.#crash = crash;
  }

  /** Whether the worker survives. */
  passes(at: CrashPoint['at'], life: Life): boolean {
    const count = (this.#counts.get(at) ?? 0) + 1;
    this.#counts.set(at, count);
    if (this.#crash?.({ at, count }) === true) life.end();
    return life.alive;
  }

  /** Resolves at once, or never where the worker is killed here. */
  async pass(at: CrashPoint['at'], life: Life): Promise<void> {
    if (!this.passes(at, life)) await Life.never();
  }
}
