import type { Abortable, Clock } from '../../ports/clock.ts';
import { OrderedHeap } from './ordered-heap.ts';

interface Sleeper {
  readonly at: number;
  readonly order: number;
  wake: (() => void) | undefined;
}

/** A clock that moves only by calls of its methods. Its instants are whole milliseconds, like those of every other clock, even if a sleep ends between two. */
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

  sleep(milliseconds: number, signal?: Abortable): Promise<void> {
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

  /** The time at which the next sleeper wakes; undefined if there is none. */
  nextWakeAt(): number | undefined {
    for (let first = this.#sleepers.first(); first !== undefined; first = this.#sleepers.first()) {
      if (first.wake !== undefined) return first.at;
      this.#sleepers.pop();
    }
    return undefined;
  }

  /**
   * Moves to `instant`, never back, and wakes the sleepers until then, the earliest first. They continue after the caller has
   * yielded. To let each find the clock at its own instant, move to `nextWakeAt()` and yield.
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
