import { thrownAt } from '../engine/user-frame.ts';
import type { ServiceNotice } from '../service/consumer/in-flight.ts';
import { isRetryAfter } from '../service/task.ts';

/** So many commands are remembered, the latest: what waits for an answer that long is told by the log. */
const FAULTS_MAX = 1000;

/** What the handlers that run here threw last, by command id, so that `why` can tell it. */
export class LastFaults {
  readonly #texts = new Map<string, string>();

  note({ kind, commandId, cause }: ServiceNotice): void {
    if (kind !== 'handler-failed' || commandId === undefined || isRetryAfter(cause)) return;
    this.#texts.delete(commandId);
    this.#texts.set(commandId, `its last run threw ${thrownAt(cause)}`);
    const [oldest] = this.#texts.keys();
    if (this.#texts.size > FAULTS_MAX && oldest !== undefined) this.#texts.delete(oldest);
  }

  textOf(commandId: string): string | undefined {
    return this.#texts.get(commandId);
  }
}
