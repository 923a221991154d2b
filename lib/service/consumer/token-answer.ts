import type { CommandRecord } from '../../ports/idempotency-store.ts';
import { answeredRecord, readAnswer, type RecordBody } from './command-record.ts';
import { isSameNonce } from '../task-token.ts';

export type TokenVerdict =
  /** Write, publish the reply where there is one, then say yes. */
  | { readonly kind: 'accept'; readonly write?: RecordBody; readonly reply?: string }
  /** Another answer was taken. */
  | { readonly kind: 'used' }
  /** The command was taken back, or never begun. */
  | { readonly kind: 'closed' }
  | { readonly kind: 'absent' };

/**
 * Whether a token with this nonce is that of the command, as far as its record can say: what has ended otherwise than by token keeps no
 * nonce, and is answered by nothing any more.
 */
export function isGenuine(record: CommandRecord | undefined, nonce: string): boolean {
  if (record === undefined) return false;
  if (record.nonce !== undefined) return isSameNonce(record.nonce, nonce);
  return record.state !== 'RUN' && record.state !== 'DEFERRED';
}

/** Somebody answers by the task's token; `reply` is the whole reply that this answer makes. */
export function answer(record: CommandRecord | undefined, reply: string, now: number): TokenVerdict {
  if (record === undefined) return { kind: 'absent' };
  switch (record.state) {
    case 'DEFERRED':
      return { kind: 'accept', write: answeredRecord(record.hash, reply, record.nonce), reply };
    case 'RUN':
      return answerRunning(record, reply, now);
    case 'DONE':
    case 'FAILED':
      return record.nonce !== undefined && sameAnswer(record.reply ?? '', reply)
        ? { kind: 'accept', reply: record.reply ?? '' }
        : { kind: 'used' };
    case 'REVOKED':
    case 'TOMB':
      return { kind: 'closed' };
  }
}

function answerRunning(record: CommandRecord, reply: string, now: number): TokenVerdict {
  if (record.early !== undefined) return sameAnswer(record.early, reply) ? { kind: 'accept' } : { kind: 'used' };
  // Between two runs, and after a run of class `once` whose lease has lapsed, no worker would publish the answer.
  if (record.token === undefined || (record.once === true && (record.leaseUntil ?? 0) <= now))
    return { kind: 'accept', write: answeredRecord(record.hash, reply, record.nonce), reply };
  const { revision: _, ...body } = record;
  return { kind: 'accept', write: { ...body, early: reply } };
}

/** Somebody beats for a deferred command. A running one is beaten for by its worker. */
export function beat(record: CommandRecord | undefined, now: number): TokenVerdict {
  if (record === undefined) return { kind: 'absent' };
  if (record.state === 'RUN') return { kind: 'accept' };
  if (record.state !== 'DEFERRED') return { kind: 'closed' };
  const { revision: _, ...body } = record;
  return { kind: 'accept', write: { ...body, beatAt: now } };
}

/** Whether two replies say the same; their times may differ. */
function sameAnswer(stored: string, reply: string): boolean {
  if (stored === reply) return true;
  const one = readAnswer(stored);
  const other = readAnswer(reply);
  return one.outcome === other.outcome && one.datahash === other.datahash && JSON.stringify(one.data) === JSON.stringify(other.data);
}
