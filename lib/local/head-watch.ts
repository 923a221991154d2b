import type { EngineOptions } from '../engine/engine.ts';
import type { CommitResult, CommitCondition, Head, ProcessStore } from '../ports/process-store.ts';

type EngineParking = EngineOptions['parking'];

/** A process store that notifies the callers that wait for an instance when its head is written. */
export class WatchedProcessStore implements ProcessStore {
  readonly #store: ProcessStore;
  readonly #waiting = new Map<string, (() => void)[]>();
  readonly #onCommit: ((head: Head) => void) | undefined;

  constructor(store: ProcessStore, onCommit?: (head: Head) => void) {
    this.#store = store;
    this.#onCommit = onCommit;
  }

  /** Resolves with the next commit of `pid`, or the next event that is parked for it. */
  changed(pid: string): Promise<void> {
    return new Promise((resolve) => {
      const waiting = this.#waiting.get(pid);
      if (waiting) waiting.push(resolve);
      else this.#waiting.set(pid, [resolve]);
    });
  }

  async commit(head: Head, expected: CommitCondition): Promise<CommitResult> {
    const result = await this.#store.commit(head, expected);
    if (result.status === 'committed') {
      this.#onCommit?.(head);
      this.#notify(head.pid);
    }
    return result;
  }

  /** A parking store that notifies the callers too: the engine may park the operation whose effect a client awaits. */
  watching(parking: EngineParking): EngineParking {
    return {
      park: async (event) => {
        await parking.park(event);
        this.#notify(event.pid);
      },
      parked: (...args) => parking.parked(...args),
      redriven: (...args) => parking.redriven(...args),
      discarded: (...args) => parking.discarded(...args),
      attempt: (...args) => parking.attempt(...args),
    };
  }

  #notify(pid: string): void {
    const waiting = this.#waiting.get(pid);
    if (!waiting) return;
    this.#waiting.delete(pid);
    for (const resolve of waiting) resolve();
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
