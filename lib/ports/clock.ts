/** The clock that code receives as an argument. Adapters: the system clock and the virtual clock of the test kit. */
export interface Clock {
  /** Milliseconds since the epoch, UTC. */
  now(): number;
  /** Resolves after `milliseconds` of this clock, or at once when `signal` aborts (it never rejects). */
  sleep(milliseconds: number, signal?: Abortable): Promise<void>;
}

/** The part of an `AbortSignal` that a wait reads. */
export interface Abortable {
  readonly aborted: boolean;
  addEventListener(type: 'abort', listener: () => void, options?: { readonly once?: boolean }): void;
  removeEventListener(type: 'abort', listener: () => void): void;
}

/**
 * A signal of the library's own waits, which no user sees. An AbortController costs about 10 µs of CPU for each wait: its signal is an
 * EventTarget, and each abort dispatches an event.
 */
export class WaitSignal implements Abortable {
  aborted = false;
  #listeners: (() => void)[] = [];

  addEventListener(_type: 'abort', listener: () => void): void {
    this.#listeners.push(listener);
  }

  removeEventListener(_type: 'abort', listener: () => void): void {
    const at = this.#listeners.indexOf(listener);
    if (at !== -1) this.#listeners.splice(at, 1);
  }

  /** Calls each listener once. */
  abort(): void {
    if (this.aborted) return;
    this.aborted = true;
    const listeners = this.#listeners;
    this.#listeners = [];
    for (const listener of listeners) listener();
  }
}
