import type { CommandRecord } from '../../ports/idempotency-store.ts';
import { envelopeToKeep, pauseMs, runsOf, widest, type RunLimits, type Runs } from './run-limits.ts';

/**
 * Decides what a worker may do with one command (docs/protocol.md#service-verdicts).
 * In: the command's record and a delivery. Out: a verdict, with the record to write. Trunk: `claim` for a delivery; `complete`, `defer` and
 * `lease` for the worker that holds the lease. Pure: lib/service/consumer/decide-command.ts reads, asks and writes. The rules:
 *
 * R1  A command runs only if it has no record, or if no lease is valid and the next run is due.
 * R2  A worker that has lost the lease writes nothing, sends no reply and acknowledges nothing.
 * R3  A definite reply (DONE, FAILED, TOMB) never changes.
 * R4  Settling a command that was never begun writes TOMB, so that a late copy of the command does not run.
 * R5  Settling decides nothing while a lease is valid.
 * R6  An early reply by token, once accepted, is the outcome, regardless of the handler's result.
 * R7  A deferred command is cancelled in two steps: REVOKED closes the token, TOMB records that `cancel` has run.
 * R8  Effect class `once` runs again only after runs that threw `notDone`. Otherwise the reply is the early reply, or `unknown`.
 * R9  A command with the id of a recorded one but another hash is refused.
 * R10 A command that is given up gets the reply `failed` if no worker has claimed it, else `unknown`.
 * R11 A run without a reply is counted once: by its worker, or, if the lease has lapsed, by the delivery that finds the record.
 * R12 No delivery runs a command before `nextRunAt`, so copies of a command add no runs.
 * R13 If `attempts` or the deadline is used up, the command does not run again, not even to settle. The reply is `failed`, and recorded,
 *     if no run can have had an effect. Otherwise it is `unknown`, until a delivery raises the limits or a reply by token arrives.
 * R14 The record keeps the nonce of the first claim, so that all runs have the same token. Only an end without a token removes it.
 */
export type Effect = 'key' | 'transaction' | 'once';

/** A record as it is written; the store sets the revision. */
export type RecordBody = Omit<CommandRecord, 'revision'>;

/** A delivery, with the claim that its worker would make. */
export interface ClaimRequest extends RunLimits {
  readonly hash: string;
  /** The command's envelope, as received. */
  readonly command: string;
  readonly effect: Effect;
  /** The deadline has passed, so the process asks for a definite outcome only. */
  readonly settling: boolean;
  /** `hold`: this worker cannot read the command. `give-up`: it stayed unreadable for too long, or was received too often. */
  readonly mode: 'run' | 'hold' | 'give-up';
  /** Fencing token of this claim. */
  readonly token: string;
  /** Nonce of the task token, if this delivery makes the first claim. */
  readonly nonce: string;
  readonly now: number;
  readonly leaseUntil: number;
  /** Random, from 0 to 1: the fraction of the longest pause that this delivery uses. */
  readonly jitter: number;
}

export type ClaimVerdict =
  /** Write the claim, then run the handler. */
  | { readonly kind: 'run'; readonly write: RecordBody }
  /** Write if there is a write, then publish a reply with this outcome. */
  | { readonly kind: 'answer'; readonly outcome: 'cancelled' | 'deferred' | 'unknown'; readonly runs?: Runs; readonly write?: RecordBody }
  /** Write if there is a write, then publish this reply. */
  | { readonly kind: 'repeat'; readonly reply: string; readonly write?: RecordBody }
  /** Write if there is a write, run the handler's `cancel`, then write `cancelledRecord`. */
  | { readonly kind: 'revoke'; readonly write?: RecordBody }
  /** Another worker holds the lease. */
  | { readonly kind: 'wait'; readonly until: number }
  /** Write if there is a write, then return the message until the next run is due. */
  | { readonly kind: 'pause'; readonly until: number; readonly write?: RecordBody }
  /** The limits are used up, and no run can have had an effect: record FAILED and reply `failed`. */
  | { readonly kind: 'exhausted'; readonly runs: Runs }
  /** Return the message to the queue, for a worker that can read it. */
  | { readonly kind: 'hold' }
  /** Reply `unknown` if `claimed`; else record FAILED and reply `failed`. */
  | { readonly kind: 'give-up'; readonly claimed: boolean; readonly runs?: Runs; readonly write?: RecordBody }
  /** The id belongs to another command. */
  | { readonly kind: 'refuse' };

/** Decides on a delivery, given the record of its command. */
export function claim(record: CommandRecord | undefined, delivery: ClaimRequest): ClaimVerdict {
  if (record === undefined) return receiveNew(delivery);
  if (record.hash !== delivery.hash) return { kind: 'refuse' };
  switch (record.state) {
    case 'RUN':
      return record.leaseUntil !== undefined && record.leaseUntil > delivery.now
        ? { kind: 'wait', until: record.leaseUntil }
        : receiveLapsed(record, delivery);
    case 'DONE':
    case 'FAILED':
      return { kind: 'repeat', reply: record.reply ?? '' };
    case 'TOMB':
      return { kind: 'answer', outcome: 'cancelled' };
    case 'DEFERRED':
      return delivery.settling ? revoke(record, delivery) : { kind: 'answer', outcome: 'deferred' };
    case 'REVOKED':
      return revoke(record, delivery);
    case 'LIMIT':
      return { kind: 'refuse' };
  }
}

function receiveNew(delivery: ClaimRequest): ClaimVerdict {
  if (delivery.settling) return { kind: 'answer', outcome: 'cancelled', write: cancelledRecord(delivery.hash) };
  if (delivery.mode === 'hold') return { kind: 'hold' };
  if (delivery.mode === 'give-up') return { kind: 'give-up', claimed: false };
  return { kind: 'run', write: claimed(delivery) };
}

function receiveLapsed(found: CommandRecord, delivery: ClaimRequest): ClaimVerdict {
  const record = counted(found, delivery);
  const ended = endOf(record, delivery, delivery.settling);
  if (ended !== undefined) return ended;
  if (delivery.mode === 'hold') return { kind: 'hold' };
  if (record.nextRunAt !== undefined && record.nextRunAt > delivery.now) return pauseOf(record, delivery, record !== found);
  const { failures, maybeDone, lastError, nonce } = record;
  const command = envelopeToKeep(record, delivery);
  const memory = {
    ...(failures && { failures }),
    ...(maybeDone && { maybeDone }),
    ...(lastError && { lastError }),
    ...(nonce && { nonce }),
  };
  const claim = { ...claimed(delivery), ...memory, command };
  return { kind: 'run', write: record.early === undefined ? claim : { ...claim, early: record.early } };
}

/** Counts the run of a worker whose lease has lapsed. That run may have had its effect, unless it was a transaction. */
export function counted(record: CommandRecord, delivery: ClaimRequest): RecordBody {
  if (record.token === undefined) return record;
  const { revision: _, token: _token, leaseUntil = 0, ...rest } = record;
  const failures = (record.failures ?? 0) + 1;
  // The run ended no earlier than its last heartbeat, which set the lease.
  const leftAt = leaseUntil - (delivery.leaseUntil - delivery.now);
  return {
    ...rest,
    failures,
    ...(delivery.effect !== 'transaction' && { maybeDone: true }),
    lastError: { code: 'LEASE_LAPSED', message: 'A worker stopped or lost its lease during a run.' },
    nextRunAt: leftAt + pauseMs(delivery.policy, failures, delivery.jitter),
  };
}

/**
 * Returns the end of a command without a lease, or undefined if it may run again. `settling`: the process no longer wants the command.
 */
export function endOf(
  record: RecordBody & { readonly revision?: number },
  delivery: ClaimRequest,
  settling: boolean,
): ClaimVerdict | undefined {
  const { failures = 0, maybeDone, early } = record;
  const limits = widest(record, delivery);
  const once = (record.once === true || delivery.effect === 'once') && maybeDone === true;
  const usedUp = failures >= limits.policy.attempts || delivery.now > limits.deadline;
  const nothingHappened = delivery.effect === 'transaction' || maybeDone !== true;
  const givenUp = delivery.mode === 'give-up';
  const refused = settling && nothingHappened;
  if (!once && !usedUp && !givenUp && !refused) return undefined;
  if (early !== undefined) return { kind: 'repeat', reply: early, write: answeredRecord(record.hash, early, record.nonce) };
  const runs = runsOf(record);
  if (nothingHappened && (usedUp || givenUp)) return { kind: 'exhausted', runs };
  // A transaction commits its effect only with the reply, and other runs threw `notDone`, so the command had no effect.
  if (refused) return { kind: 'answer', outcome: 'cancelled', runs, write: cancelledRecord(record.hash) };
  const { revision, ...body } = record;
  const write = revision === undefined && { write: body };
  if (givenUp && !once && !usedUp) return { kind: 'give-up', claimed: true, runs, ...write };
  return { kind: 'answer', outcome: 'unknown', runs, ...write };
}

/** Returns the message until the next run is due, or until the deadline has passed if that is earlier, because then a reply is due. */
export function pauseOf(record: RecordBody & { readonly revision?: number }, delivery: ClaimRequest, changed: boolean): ClaimVerdict {
  const until = Math.min(record.nextRunAt ?? delivery.now, widest(record, delivery).deadline + 1);
  if (!changed) return { kind: 'pause', until };
  const { revision: _, ...write } = record;
  return { kind: 'pause', until, write };
}

/** Failed runs of `cancel` after which the command is given up. With the default pauses they take more than three days. */
const CANCELS_MAX = 1_000;

function revoke(record: CommandRecord, delivery: ClaimRequest): ClaimVerdict {
  if (delivery.mode === 'hold') return { kind: 'hold' };
  if (delivery.mode === 'give-up' || (record.failures ?? 0) >= CANCELS_MAX) return { kind: 'give-up', claimed: true, runs: runsOf(record) };
  if (record.nextRunAt !== undefined && record.nextRunAt > delivery.now) return { kind: 'pause', until: record.nextRunAt };
  return record.state === 'REVOKED' ? { kind: 'revoke' } : { kind: 'revoke', write: revoked(record) };
}

function revoked(record: CommandRecord): RecordBody {
  const { hash, command, nonce } = record;
  return { state: 'REVOKED', hash, ...(command !== undefined && { command }), ...(nonce !== undefined && { nonce }) };
}

/** The record of a first claim, which needs no read before it. */
export function claimed(delivery: Pick<ClaimRequest, 'hash' | 'token' | 'nonce' | 'leaseUntil' | 'command' | 'effect'>): RecordBody {
  const { hash, token, nonce, leaseUntil, command } = delivery;
  return delivery.effect === 'once'
    ? { state: 'RUN', hash, token, nonce, leaseUntil, command, once: true }
    : { state: 'RUN', hash, token, nonce, leaseUntil, command };
}

/** The record of an ended command: DONE or FAILED by the outcome of the reply. `nonce`: the reply came by token and may be repeated. */
export function answeredRecord(hash: string, reply: string, nonce?: string): RecordBody {
  const state = readAnswer(reply).outcome === 'completed' ? 'DONE' : 'FAILED';
  return { state, hash, reply, ...(nonce !== undefined && { nonce }) };
}

/** The record of a cancelled command: `cancel` has run, or the command had no effect. */
export function cancelledRecord(hash: string): RecordBody {
  return { state: 'TOMB', hash };
}

export type Fenced =
  | { readonly kind: 'write'; readonly write: RecordBody; readonly reply?: string }
  /** Another worker has the command. */
  | { readonly kind: 'lost' };

const LOST: Fenced = { kind: 'lost' };

/** Whether the fencing token is that of the record's current run. */
export function mine(record: CommandRecord | undefined, token: string): record is CommandRecord {
  return record !== undefined && record.state === 'RUN' && record.token === token;
}

/** Records the reply of the handler. `reply` is the reply to publish: the early reply if there is one (R6), else the handler's. */
export function complete(record: CommandRecord | undefined, token: string, state: 'DONE' | 'FAILED', reply: string): Fenced {
  if (!mine(record, token)) return LOST;
  if (record.early !== undefined) return earlyAnswer(record, record.early);
  return { kind: 'write', write: { state, hash: record.hash, reply }, reply };
}

/**
 * Records that the handler has deferred. An early reply ends the command at once and is the `reply`; otherwise the command waits for a
 * reply by token.
 */
export function defer(record: CommandRecord | undefined, token: string, now: number): Fenced {
  if (!mine(record, token)) return LOST;
  if (record.early !== undefined) return earlyAnswer(record, record.early);
  const { hash, command = '', nonce } = record;
  return { kind: 'write', write: { state: 'DEFERRED', hash, command, beatAt: now, ...(nonce !== undefined && { nonce }) } };
}

function earlyAnswer({ hash, nonce }: CommandRecord, early: string): Fenced {
  return { kind: 'write', write: answeredRecord(hash, early, nonce), reply: early };
}

/** Extends the worker's lease. */
export function lease(record: CommandRecord | undefined, token: string, leaseUntil: number): Fenced {
  if (!mine(record, token)) return LOST;
  const { revision: _, ...body } = record;
  return { kind: 'write', write: { ...body, leaseUntil } };
}

interface Answer {
  readonly outcome: string;
  readonly data?: unknown;
  readonly datahash?: string;
}

export function readAnswer(reply: string): Answer {
  return JSON.parse(reply) as Answer;
}
