import type { Target } from './reading.ts';
import type { Report } from './violations.ts';

/** Without a fault: a commit and each redelivery of its message may send a tick, and the sweeper sends one a minute. Each copy of a message adds one. */
const TICKS_MAX = 15;
const MINUTE_MS = 60_000;

/** I13: the same tick is not sent repeatedly within one minute. */
export class SentTicks {
  readonly #sent = new Map<string, { sinceMs: number; count: number }>();

  accepted({ pid, run, tickAt }: Extract<Target, { kind: 'tick' }>, now: number, faults: number, report: Report): void {
    const key = `${pid}/${run}/${tickAt}`;
    const most = TICKS_MAX + faults;
    const sent = this.#sent.get(key);
    if (sent === undefined || now - sent.sinceMs >= MINUTE_MS) this.#sent.set(key, { sinceMs: now, count: 1 });
    else if ((sent.count += 1) > most) report('I13', `a tick of ${pid}/${run} was sent more than ${most} times within a minute`);
  }
}
