import type { LiveInstance } from './live-instance.ts';

/** Warm instances by pid; the least recently used is dropped first. `take` removes the instance, so that only one batch advances it. */
export class LiveCache {
  readonly #instances = new Map<string, LiveInstance>();
  readonly #instancesMax: number;
  readonly #journalEntriesMin: number;

  constructor(instancesMax: number, journalEntriesMin: number) {
    this.#instancesMax = instancesMax;
    this.#journalEntriesMin = journalEntriesMin;
  }

  take(pid: string): LiveInstance | undefined {
    const live = this.#instances.get(pid);
    this.#instances.delete(pid);
    return live;
  }

  put(live: LiveInstance): void {
    const { pid } = live.run.image;
    if (live.run.position < this.#journalEntriesMin) return;
    this.#instances.delete(pid);
    this.#instances.set(pid, live);
    if (this.#instances.size <= this.#instancesMax) return;
    const [oldest] = this.#instances.keys();
    if (oldest !== undefined) this.#instances.delete(oldest);
  }

  /** Marks the pending sends of this version as sent, so that the next commit may drop them; does nothing if the version has changed. */
  markSent(pid: string, version: number): void {
    const live = this.#instances.get(pid);
    if (live?.run.image.version === version) live.pendingSent = true;
  }

  clear(): void {
    this.#instances.clear();
  }
}
