import { isClosed } from '../core/image.ts';
import type { EngineOptions } from '../engine/engine.ts';
import type { Abortable } from '../ports/clock.ts';
import type { CommitResult, CommitCondition, Head, ProcessStore } from '../ports/process-store.ts';

type EngineParking = EngineOptions['parking'];

/** A caller that waits for a change of one instance. */
interface Waiter {
  readonly wake: () => void;
  readonly onlyClosed: boolean;
}

/** A process store that notifies the callers that wait for an instance when its head is written. */
export class WatchedProcessStore implements ProcessStore {
  readonly #store: ProcessStore;
  readonly #waiting = new Map<string, Set<Waiter>>();
  readonly #onCommit: ((head: Head) => void) | undefined;

  constructor(store: ProcessStore, onCommit?: (head: Head) => void) {
    this.#store = store;
    this.#onCommit = onCommit;
  }

  /** Number of callers that wait. */
  get waiting(): number {
    let count = 0;
    for (const waiters of this.#waiting.values()) count += waiters.size;
    return count;
  }

  /**
   * Resolves with the next commit of `pid`, or the next event that is parked for it, or when `signal` aborts. `onlyClosed`: of the commits,
   * only with one that leaves the instance closed. A closed instance may never change again, so a caller that has ended must abort its signal.
   */
  changed(pid: string, signal?: Abortable, onlyClosed = false): Promise<void> {
    if (signal?.aborted === true) return Promise.resolve();
    return new Promise((resolve) => {
      const ended = (): void => {
        this.#forget(pid, waiter);
        resolve();
      };
      const wake = (): void => {
        signal?.removeEventListener('abort', ended);
        resolve();
      };
      const waiter: Waiter = { wake, onlyClosed };
      signal?.addEventListener('abort', ended, { once: true });
      const waiters = this.#waiting.get(pid);
      if (waiters) waiters.add(waiter);
      else this.#waiting.set(pid, new Set([waiter]));
    });
  }

  #forget(pid: string, waiter: Waiter): void {
    const waiters = this.#waiting.get(pid);
    waiters?.delete(waiter);
    if (waiters?.size === 0) this.#waiting.delete(pid);
  }

  async commit(head: Head, expected: CommitCondition): Promise<CommitResult> {
    const result = await this.#store.commit(head, expected);
    if (result.status === 'committed') {
      this.#onCommit?.(head);
      this.#notify(head.pid, isClosed(head.status));
    }
    return result;
  }

  /** A parking store that notifies the callers too: the engine may park the operation whose effect a client awaits. */
  watching(parking: EngineParking): EngineParking {
    return {
      park: async (event) => {
        await parking.park(event);
        this.#notify(event.pid, true);
      },
      parked: (...args) => parking.parked(...args),
      redriven: (...args) => parking.redriven(...args),
      discarded: (...args) => parking.discarded(...args),
      attempt: (...args) => parking.attempt(...args),
    };
  }

  /** `isForAll`: wakes also those that wait for the end alone. */
  #notify(pid: string, isForAll: boolean): void {
    const waiters = this.#waiting.get(pid);
    if (!waiters) return;
    for (const waiter of waiters) {
      if (waiter.onlyClosed && !isForAll) continue;
      waiters.delete(waiter);
      waiter.wake();
    }
    if (waiters.size === 0) this.#waiting.delete(pid);
  }

  load(...args: Parameters<ProcessStore['load']>): ReturnType<ProcessStore['load']> {
    return this.#store.load(...args);
  }

  buffer(...args: Parameters<ProcessStore['buffer']>): ReturnType<ProcessStore['buffer']> {
    return this.#store.buffer(...args);
  }

  spill(...args: Parameters<ProcessStore['spill']>): ReturnType<ProcessStore['spill']> {
    return this.#store.spill(...args);
  }

  chunks(...args: Parameters<ProcessStore['chunks']>): ReturnType<ProcessStore['chunks']> {
    return this.#store.chunks(...args);
  }
}
