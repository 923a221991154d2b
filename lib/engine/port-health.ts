import { BACKOFF_SECONDS_MAX } from '../contract/backoff.ts';

/**
 * After this many faults in a row, without a batch that had none, the ports are down, and redeliveries are not the fault of the messages.
 */
const FAULTS_MIN = 3;
/** After this time all messages that were released because of these faults have been redelivered. */
const REMEMBERED_MS = BACKOFF_SECONDS_MAX * 1000;

/**
 * Whether messages are redelivered because a port failed, as one worker has seen it. A message that was received often may be the one that
 * ends its workers, and is then run under a mark; after an outage every message was received often, and a mark would cost two writes for
 * each. A new worker remembers nothing, so a message that ends its workers is marked all the same.
 */
export class PortHealth {
  #inARow = 0;
  #downUntil = 0;
  #faults = 0;

  /** Number of faults so far. */
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
