import type { CommandRecord } from '../../ports/idempotency-store.ts';
import { answeredRecord, readAnswer, type RecordBody } from './command-record.ts';
import { isSameNonce } from '../task-token.ts';

export type TokenVerdict =
  /** Write the record if there is one, publish the reply if there is one, then accept. */
  | { readonly kind: 'accept'; readonly write?: RecordBody; readonly reply?: string }
  /** Another reply was accepted before. */
  | { readonly kind: 'used' }
  /** The command was cancelled, or never begun. */
  | { readonly kind: 'closed' }
  | { readonly kind: 'absent' };

/**
 * Whether a token with this nonce belongs to the command, as far as its record can say. The record of a command that ended without a token
 * has no nonce; any token counts as genuine there, because `answer` refuses it.
 */
export function isGenuine(record: CommandRecord | undefined, nonce: string): boolean {
  if (record === undefined) return false;
  if (record.nonce !== undefined) return isSameNonce(record.nonce, nonce);
  return record.state !== 'RUN' && record.state !== 'DEFERRED' && record.state !== 'LIMIT';
}

/** Decides on a reply by task token. `reply` is the complete reply envelope. */
export function answerRecord(record: CommandRecord | undefined, reply: string, now: number): TokenVerdict {
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
    case 'LIMIT':
      return { kind: 'closed' };
  }
}

function answerRunning(record: CommandRecord, reply: string, now: number): TokenVerdict {
  if (record.early !== undefined) return sameAnswer(record.early, reply) ? { kind: 'accept' } : { kind: 'used' };
  // Between two runs, and after a lapsed run of class `once`, no worker would publish the reply, so it ends the command here.
  if (record.token === undefined || (record.once === true && (record.leaseUntil ?? 0) <= now))
    return { kind: 'accept', write: answeredRecord(record.hash, reply, record.nonce), reply };
  const { revision: _, ...body } = record;
  return { kind: 'accept', write: { ...body, early: reply } };
}

/** Decides on a heartbeat by task token. The lease of a running command is extended by its worker. */
export function beat(record: CommandRecord | undefined, now: number): TokenVerdict {
  if (record === undefined) return { kind: 'absent' };
  if (record.state === 'RUN') return { kind: 'accept' };
  if (record.state !== 'DEFERRED') return { kind: 'closed' };
  const { revision: _, ...body } = record;
  return { kind: 'accept', write: { ...body, beatAt: now } };
}

/** Whether two replies have the same outcome and data; their times may differ. */
function sameAnswer(stored: string, reply: string): boolean {
  if (stored === reply) return true;
  const one = readAnswer(stored);
  const other = readAnswer(reply);
  return one.outcome === other.outcome && one.datahash === other.datahash && JSON.stringify(one.data) === JSON.stringify(other.data);
}
