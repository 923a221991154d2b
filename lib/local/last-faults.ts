import { thrownAt } from '../engine/user-frame.ts';
import type { ServiceNotice } from '../service/consumer/in-flight.ts';
import { isRetryAfter } from '../service/task.ts';

/** Number of the latest commands that are kept. For older ones the log has the fault. */
const FAULTS_MAX = 1000;

/** The last errors that handlers of this process threw, and why a command waits for its limit or its build, by command id, for `why`. */
export class LastFaults {
  readonly #texts = new Map<string, string>();

  note({ kind, commandId, cause, message }: ServiceNotice): void {
    if (commandId === undefined || (kind !== 'handler-failed' && kind !== 'held' && kind !== 'limited') || isRetryAfter(cause)) return;
    this.#texts.delete(commandId);
    this.#texts.set(commandId, kind === 'handler-failed' ? `its last run threw ${thrownAt(cause)}` : message);
    const [oldest] = this.#texts.keys();
    if (this.#texts.size > FAULTS_MAX && oldest !== undefined) this.#texts.delete(oldest);
  }

  textOf(commandId: string): string | undefined {
    return this.#texts.get(commandId);
  }
}
