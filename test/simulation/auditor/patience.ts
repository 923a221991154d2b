import { DRAINED_MS_MAX } from '../../../lib/engine/jobs/drain-dead-letters.ts';
import type { Report } from './violations.ts';

const HOUR_MS = 3_600_000;
/** For one message in an hour: backoff doubles up to 15 minutes, and begins again when the message is drained. */
const RECEIVES_MAX = 60;
/** After a fault, a message may be delivered or sent back once more. */
const RECEIVES_PER_FAULT_MAX = 3;

interface Known {
  /** When a queue accepted it first. */
  readonly sinceMs: number;
  /** The largest number at one time: each copy is delivered by itself. */
  copies: number;
  windowMs: number;
  received: number;
}

/**
 * I17: an outage of a port parks no message, and redeliveries become less frequent. A dead letter is parked after a day; no outage of a
 * simulation lasts that long.
 */
export class Patience {
  readonly #known = new Map<string, Known>();

  /** `copies`: how many messages of this content are in the queues. */
  accepted(inner: string, copies: number, now: number): void {
    const known = this.#known.get(inner);
    if (known === undefined) this.#known.set(inner, { sinceMs: now, copies: 1, windowMs: now, received: 0 });
    else known.copies = Math.max(known.copies, copies);
  }

  received(inner: string, now: number, faults: number, report: Report): void {
    const known = this.#known.get(inner);
    if (known === undefined) return;
    if (now - known.windowMs >= HOUR_MS) Object.assign(known, { windowMs: now, received: 0 });
    known.received += 1;
    const most = RECEIVES_MAX * known.copies + RECEIVES_PER_FAULT_MAX * faults;
    if (known.received > most) report('I17', `a message was received more than ${most} times within an hour: ${inner.slice(0, 200)}`);
  }

  parked(reason: string, inner: string, now: number, report: Report): void {
    const age = now - (this.#known.get(inner)?.sinceMs ?? -Infinity);
    if (reason === 'DEAD_LETTER' && age < DRAINED_MS_MAX)
      report('I17', `a message was parked as a dead letter after ${Math.round(age / 1000)} s: ${inner.slice(0, 200)}`);
  }
}
