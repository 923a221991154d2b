import { Life } from './life.ts';

/** A point at which a worker can be killed. `count`: the number of times that the world has reached this point, this one included. */
export interface CrashPoint {
  /**
   * Points of the engine: `before-commit`, `after-commit`, `after-send` (to a queue or the bus). Points of a service: `in-handler` (the
   * command is claimed), `after-effect` (the handler has ended), `after-reply`. Point of both: `before-acknowledge`.
   */
  readonly at: 'before-commit' | 'after-commit' | 'after-send' | 'before-acknowledge' | 'in-handler' | 'after-effect' | 'after-reply';
  readonly count: number;
}

export type CrashPredicate = (point: CrashPoint) => boolean;

/** Counts the passes of each point, and kills the worker at a point that the predicate selects. */
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

  /** Resolves at once, or never if the worker is killed here. */
  async pass(at: CrashPoint['at'], life: Life): Promise<void> {
    if (!this.passes(at, life)) await Life.never();
  }
}
