import { BACKOFF_SECONDS_MAX } from '../contract/backoff.ts';

/** After so many faults in a row, without a batch that met none, the ports are out of reach, and the messages are at no fault. */
const FAULTS_MIN = 3;
/** Until then what was given back by these faults has come again. */
const REMEMBERED_MS = BACKOFF_SECONDS_MAX * 1000;

/**
 * Whether messages come again because a port failed, as one worker has seen it. A message that was received often may be what ends its
 * worker, and is then run under a mark; after an outage every message was received often, and a mark would cost two writes for each of them.
 * A worker that has just begun remembers nothing, so a message that ends its workers is marked all the same.
 */
export class PortHealth {
  #inARow = 0;
  #downUntil = 0;
  #faults = 0;

  /** Faults that were seen so far. */
  get faults(): number {
    return this.#faults;
  }

  failed(now: number): void {
    this.#faults += 1;
    this.#inARow += 1;
    if (this.#inARow >= FAULTS_MIN) this.#downUntil = now + REMEMBERED_MS;
  }

  worked(): void {
    this.#inARow = 0;
  }

  wasDown(now: number): boolean {
    return now < this.#downUntil;
  }
}
