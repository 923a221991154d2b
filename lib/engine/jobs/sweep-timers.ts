import type { DueInstance } from '../../ports/instance-index.ts';
import type { Dispatch } from '../send/dispatch.ts';
import type { EngineOptions } from '../engine-context.ts';
import { INBOX, inboxBody } from '../../format/inbox-message.ts';
import { reasonsOf, sendAll } from '../send/send-all.ts';

/** Ticks of one pass: due instances are read from all shards and sorted in memory. */
const PASS = 10_000;
/** No pass is begun with less than this left. */
const PASS_MS = 15_000;

export interface SweepOptions {
  /** Instances that become due within this time get their tick now, delayed. @default 0 */
  readonly aheadMs?: number;
  /** How long the caller will still wait, in milliseconds. @default no limit */
  readonly remainingMs?: () => number;
}

export interface Swept {
  /** Ticks that were sent. */
  readonly count: number;
  /** Why ticks could not be sent, each reason once; the next sweep sends them again. */
  readonly unsent: readonly string[];
  /** Whether every due instance was read. */
  readonly whole: boolean;
}

export type SweepPorts = Pick<EngineOptions, 'index' | 'clock' | 'sender'>;

/**
 * Sends a tick to each due instance of the index (docs/protocol.md#sweep), pass after pass until none is left or the time is up. Every
 * sweep reads from the first instant, since a cursor that outlives it would miss entries that reach the index late. It writes nothing: a
 * tick carries the due instant that it read, and the head decides.
 *
 * Input: the index of due instances. Output: ticks in the inbox, and the count of due instances that were not reached. Trunk: each file of this
 * folder is one job that a schedule starts: this one, wake-overdue.ts, drain-dead-letters.ts and retire-closed.ts.
 */
export async function sweepTimers({ index, clock, sender }: SweepPorts, options: SweepOptions = {}): Promise<Swept> {
  const { aheadMs = 0, remainingMs = () => Infinity } = options;
  const until = clock.now() + aheadMs;
  const unsent = new Set<string>();
  let count = 0;
  let after: DueInstance | undefined;
  for (;;) {
    const due: readonly DueInstance[] = await index.due(until, PASS, after);
    const results = await sendAll(ticksFor(due, clock.now()), sender);
    count += results.filter((result) => result === 'sent').length;
    for (const reason of reasonsOf(results)) unsent.add(reason);
    if (due.length < PASS) return { count, unsent: [...unsent], whole: true };
    if (remainingMs() < PASS_MS) return { count, unsent: [...unsent], whole: false };
    after = due.at(-1);
  }
}

function ticksFor(due: readonly DueInstance[], now: number): readonly Dispatch[] {
  return due.map((instance) => ({
    to: 'queue',
    queue: INBOX,
    body: inboxBody({ tutti: 'tick', pid: instance.pid, run: instance.run, tickAt: instance.due }),
    groupId: instance.pid,
    delaySeconds: Math.min(900, Math.max(0, Math.ceil((instance.due - now) / 1000))),
    n: 0,
  }));
}
