import type { EngineOptions } from './engine-context.ts';
import { INBOX, inboxBody } from './inbox-message.ts';
import { reasonsOf, sendAll } from './send-all.ts';
import type { Dispatch } from './dispatch.ts';

const PAGE = 100;
const PAGES_MAX = 100;

export interface Swept {
  /** Ticks that were sent. */
  readonly count: number;
  /** Why ticks could not be sent, each reason once; the next sweep sends them again. */
  readonly unsent: readonly string[];
}

export type SweepPorts = Pick<EngineOptions, 'index' | 'clock' | 'sender'>;

/**
 * Wakes what is due by the index: always from the beginning of time, since a moving cursor loses what
 * reaches the index late. It writes nothing: a tick carries the due instant that it read, and the head decides.
 */
export const sweepTimers = async ({ index, clock, sender }: SweepPorts, aheadMs: number): Promise<Swept> => {
  const due = await index.due(clock.now() + aheadMs, PAGE * PAGES_MAX);
  const now = clock.now();
  const ticks = due.map((instance): Dispatch => ({
    to: 'queue',
    queue: INBOX,
    body: inboxBody({ tutti: 'tick', pid: instance.pid, run: instance.run, tickAt: instance.due }),
    groupId: instance.pid,
    delaySeconds: Math.min(900, Math.max(0, Math.ceil((instance.due - now) / 1000))),
    n: 0,
  }));
  const results = await sendAll(ticks, sender);
  return { count: results.filter((result) => result === 'sent').length, unsent: reasonsOf(results) };
};
