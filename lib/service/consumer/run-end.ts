import type { LastError } from '../../contract/wire/last-error.ts';
import type { CommandRecord } from '../../ports/idempotency-store.ts';
import {
  counted,
  endOf,
  mine,
  pauseOf,
  claim,
  type ClaimRequest,
  type Fenced,
  type RecordBody,
  type ClaimVerdict,
} from './command-record.ts';
import { pauseMs } from './run-limits.ts';

/** The end of a run without a reply. */
export interface RunEnd {
  /** `not-done`: the handler threw `task.notDone()`. `later`: it threw `task.retryAfter()`, which does not count as a failure. */
  readonly how: 'failed' | 'not-done' | 'later';
  readonly error: LastError;
  /** `later`: the pause before the next run. */
  readonly delayMs?: number;
  /** The signal aborted because the process no longer wants the command. */
  readonly settled: boolean;
}

export type Ended = ClaimVerdict | Extract<Fenced, { kind: 'lost' }>;

/**
 * Decides after a run of this delivery without a reply (R11, R12, R13): pause and run again, or end the command. Pure, like
 * lib/service/consumer/command-record.ts.
 */
export function endRun(record: CommandRecord | undefined, delivery: ClaimRequest, end: RunEnd): Ended {
  if (!mine(record, delivery.token)) return { kind: 'lost' };
  const { revision: _, token: _token, leaseUntil: _lease, ...rest } = record;
  return afterRun(rest, delivery, end);
}

/** Decides after a transaction that was rolled back, whose run left nothing in the record. */
export function endTransaction(record: CommandRecord | undefined, delivery: ClaimRequest, end: RunEnd): Ended {
  if (record === undefined)
    return afterRun({ state: 'RUN', hash: delivery.hash, command: delivery.command, nonce: delivery.nonce }, delivery, end);
  // Another worker has claimed the command or replied to it in the meantime.
  if (record.state !== 'RUN' || (record.leaseUntil ?? 0) > delivery.now) return claim(record, delivery);
  const { revision: _, ...rest }: RecordBody & { readonly revision?: number } = counted(record, delivery);
  return afterRun(rest, delivery, end);
}

/** Decides after a failed `cancel`: it is run again, with the pauses of the command. */
export function endCancel(record: CommandRecord | undefined, delivery: ClaimRequest, error: LastError): Ended {
  if (record?.state !== 'REVOKED') return claim(record, delivery);
  const { revision: _, ...rest } = record;
  const failures = (record.failures ?? 0) + 1;
  const nextRunAt = delivery.now + pauseMs(delivery.policy, failures, delivery.jitter);
  return { kind: 'pause', until: nextRunAt, write: { ...rest, failures, lastError: error, nextRunAt } };
}

function afterRun(rest: RecordBody, delivery: ClaimRequest, end: RunEnd): ClaimVerdict {
  const failures = (rest.failures ?? 0) + (end.how === 'later' ? 0 : 1);
  const maybeDone = rest.maybeDone === true || (end.how !== 'not-done' && delivery.effect !== 'transaction');
  const pause = end.how === 'later' ? (end.delayMs ?? 0) : pauseMs(delivery.policy, failures, delivery.jitter);
  const record: RecordBody = {
    ...rest,
    ...(failures > 0 && { failures }),
    ...(maybeDone && { maybeDone }),
    lastError: end.error,
    nextRunAt: delivery.now + pause,
  };
  return endOf(record, delivery, delivery.settling || end.settled) ?? pauseOf(record, delivery, true);
}
