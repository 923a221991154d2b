/** The clock that code receives as an argument. Adapters: the system clock and the virtual clock of the test kit. */
export interface Clock {
  /** Milliseconds since the epoch, UTC. */
  now(): number;
  /** Resolves after `milliseconds` of this clock, or at once when `signal` aborts (it never rejects). */
  sleep(milliseconds: number, signal?: AbortSignal): Promise<void>;
}
