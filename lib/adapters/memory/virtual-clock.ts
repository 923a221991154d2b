import type { Clock } from '../../ports/clock.ts';
import { OrderedHeap } from './ordered-heap.ts';

interface Sleeper {
  readonly at: number;
  readonly order: number;
  wake: (() => void) | undefined;
}

/** Time that moves only when it is told to. Its instants are whole milliseconds, as every other clock's, also where somebody sleeps for a part of one. */
export class VirtualClock implements Clock {
  #now: number;
  #order = 0;
  readonly #sleepers = new OrderedHeap<Sleeper>((left, right) => left.at - right.at || left.order - right.order);

  constructor(start = 0) {
    this.#now = start;
  }

  now(): number {
    return this.#now;
  }

  sleep(milliseconds: number, signal?: AbortSignal): Promise<void> {
    if (milliseconds <= 0 || signal?.aborted === true) return Promise.resolve();
    return new Promise((resolve) => {
      const sleeper: Sleeper = { at: this.#now + Math.ceil(milliseconds), order: (this.#order += 1), wake: undefined };
      const wake = (): void => {
        sleeper.wake = undefined;
        signal?.removeEventListener('abort', wake);
        resolve();
      };
      sleeper.wake = wake;
      signal?.addEventListener('abort', wake, { once: true });
      this.#sleepers.push(sleeper);
    });
  }

  /** When the next sleeper wakes; undefined where nobody sleeps. */
  nextWakeAt(): number | undefined {
    for (let first = this.#sleepers.first(); first !== undefined; first = this.#sleepers.first()) {
      if (first.wake !== undefined) return first.at;
      this.#sleepers.pop();
    }
    return undefined;
  }

  /**
   * Moves to `instant`, never back, and wakes who slept until then, the earliest first. They go on after the caller has
   * yielded; who wants each to find the clock at its own instant moves to `nextWakeAt()` and yields.
   */
  advanceTo(instant: number): void {
    for (let next = this.nextWakeAt(); next !== undefined && next <= instant; next = this.nextWakeAt()) {
      this.#now = Math.max(this.#now, next);
      this.#sleepers.pop()?.wake?.();
    }
    this.#now = Math.max(this.#now, instant);
  }

  advance(milliseconds: number): void {
    this.advanceTo(this.#now + milliseconds);
  }
}
