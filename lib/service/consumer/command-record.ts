import type { CommandRecord } from '../../ports/idempotency-store.ts';
import { envelopeToKeep, pauseMs, runsOf, widest, type RunLimits, type Runs } from './run-limits.ts';

/**
 * What a service may do with one command (docs/protocol.md#service-verdicts), decided from its record alone. Pure: the consumer reads,
 * asks, writes and answers. The rules that tests name:
 *
 * R1  A command runs only where no record stands, or where no lease holds and the next run is due.
 * R2  Whoever lost the lease writes nothing, answers nothing and acknowledges nothing.
 * R3  A definite answer (DONE, FAILED, TOMB) never changes.
 * R4  What was never begun is refused for good by settling it: the tomb stops the copy that comes late.
 * R5  Settling never decides against a valid lease.
 * R6  An answer by token that was taken (EARLY) is the outcome, whatever the handler does afterwards.
 * R7  A deferred command is taken back in two steps: REVOKED decides against the token, TOMB says that `cancel` has run.
 * R8  Effect class `once` is run again only after runs that said `notDone`: else it is answered `unknown`, or with the early answer.
 * R9  An equal id with another hash is refused.
 * R10 Giving up is `failed` where the command was never claimed, else `unknown`.
 * R11 A run without an answer is counted once: by its worker, or, where its lease has lapsed, by the delivery that finds it.
 * R12 No delivery runs a command before `nextRunAt`, so copies of a command add no runs.
 * R13 Where `attempts` or the deadline is used up nothing runs any more, also not to settle: `failed` and recorded where nothing
 *     can have happened, else `unknown`, until a delivery raises the limits or an answer comes by token.
 * R14 The nonce of the first claim stays until the command has ended otherwise than by token, so each run has one token.
 */
export type Effect = 'key' | 'transaction' | 'once';

/** A record as it is written: the store counts the revision. */
export type RecordBody = Omit<CommandRecord, 'revision'>;

/** A worker with a delivery in its hands. */
export interface ClaimRequest extends RunLimits {
  readonly hash: string;
  /** The command's envelope, as it came. */
  readonly command: string;
  readonly effect: Effect;
  /** Past the command's deadline: the outcome is to be made definite. */
  readonly settling: boolean;
  /** `hold`: this worker cannot run it (yet). `give-up`: nobody could, often enough. */
  readonly mode: 'run' | 'hold' | 'give-up';
  /** Fencing token of this claim. */
  readonly token: string;
  /** Of the task's token, where this delivery is the first to claim the command. */
  readonly nonce: string;
  readonly now: number;
  readonly leaseUntil: number;
  /** From 0 to 1, drawn for this delivery: the part of the longest pause that is waited. */
  readonly jitter: number;
}

export type ClaimVerdict =
  /** Write, then run the handler. */
  | { readonly kind: 'run'; readonly write: RecordBody }
  /** Write where something is to be written, then answer. */
  | { readonly kind: 'answer'; readonly outcome: 'cancelled' | 'deferred' | 'unknown'; readonly runs?: Runs; readonly write?: RecordBody }
  /** Write where something is to be written, then publish this reply (again). */
  | { readonly kind: 'repeat'; readonly reply: string; readonly write?: RecordBody }
  /** Write where something is to be written, then run the handler's `cancel`, then write `entombed`. */
  | { readonly kind: 'revoke'; readonly write?: RecordBody }
  /** Another worker holds the lease. */
  | { readonly kind: 'wait'; readonly until: number }
  /** Write where something is to be written, then come again: the next run is not due. */
  | { readonly kind: 'pause'; readonly until: number; readonly write?: RecordBody }
  /** Nothing can have happened, and nothing runs any more: to be recorded as FAILED and answered `failed`. */
  | { readonly kind: 'exhausted'; readonly runs: Runs }
  | { readonly kind: 'hold' }
  /** To be answered `failed` (never claimed, recorded so) or `unknown`. */
  | { readonly kind: 'give-up'; readonly claimed: boolean; readonly runs?: Runs; readonly write?: RecordBody }
  /** The id was used for something else. */
  | { readonly kind: 'refuse' };

/** What to do with a delivered command, given what stands. */
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
  }
}

function receiveNew(delivery: ClaimRequest): ClaimVerdict {
  if (delivery.settling) return { kind: 'answer', outcome: 'cancelled', write: entombed(delivery.hash) };
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

/** With the run of a worker that has left its record behind counted: nobody knows how far it went. */
export function counted(record: CommandRecord, delivery: ClaimRequest): RecordBody {
  if (record.token === undefined) return record;
  const { revision: _, token: _token, leaseUntil = 0, ...rest } = record;
  const failures = (record.failures ?? 0) + 1;
  // It ended no earlier than its last beat, which made the lease.
  const leftAt = leaseUntil - (delivery.leaseUntil - delivery.now);
  return {
    ...rest,
    failures,
    ...(delivery.effect !== 'transaction' && { maybeDone: true }),
    lastError: { code: 'LEASE_LAPSED', message: 'A worker stopped, or lost its lease, in the middle of a run.' },
    nextRunAt: leftAt + pauseMs(delivery.policy, failures, delivery.jitter),
  };
}

/**
 * What a command without a lease comes to that may not be run again; undefined where it may. `settling`: the process no longer wants it.
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
  // Its effect commits with its answer, or each run said `notDone`: no answer, no effect.
  if (refused) return { kind: 'answer', outcome: 'cancelled', runs, write: entombed(record.hash) };
  const { revision, ...body } = record;
  const write = revision === undefined && { write: body };
  if (givenUp && !once && !usedUp) return { kind: 'give-up', claimed: true, runs, ...write };
  return { kind: 'answer', outcome: 'unknown', runs, ...write };
}

/** Back when the next run is due, or when the deadline is over, which answers instead. */
export function pauseOf(record: RecordBody & { readonly revision?: number }, delivery: ClaimRequest, changed: boolean): ClaimVerdict {
  const until = Math.min(record.nextRunAt ?? delivery.now, widest(record, delivery).deadline + 1);
  if (!changed) return { kind: 'pause', until };
  const { revision: _, ...write } = record;
  return { kind: 'pause', until, write };
}

/** Runs of a `cancel` that may fail before a person is asked. With the default pauses that is more than three days. */
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

/** The claim of a command that nobody has claimed: it needs no look at the record first. */
export function claimed(delivery: Pick<ClaimRequest, 'hash' | 'token' | 'nonce' | 'leaseUntil' | 'command' | 'effect'>): RecordBody {
  const { hash, token, nonce, leaseUntil, command } = delivery;
  return delivery.effect === 'once'
    ? { state: 'RUN', hash, token, nonce, leaseUntil, command, once: true }
    : { state: 'RUN', hash, token, nonce, leaseUntil, command };
}

/** DONE or FAILED, as the reply says. `nonce`: the answer came by token, and may come by it again. */
export function answeredRecord(hash: string, reply: string, nonce?: string): RecordBody {
  const state = readAnswer(reply).outcome === 'completed' ? 'DONE' : 'FAILED';
  return { state, hash, reply, ...(nonce !== undefined && { nonce }) };
}

/** The last word on a command: the handler's `cancel` has run, or it was never begun. */
export function entombed(hash: string): RecordBody {
  return { state: 'TOMB', hash };
}

export type Fenced =
  | { readonly kind: 'write'; readonly write: RecordBody; readonly reply?: string }
  /** Somebody else has the command now. */
  | { readonly kind: 'lost' };

const LOST: Fenced = { kind: 'lost' };

/** Whether the run of that fencing token is the one that the record knows of. */
export function mine(record: CommandRecord | undefined, token: string): record is CommandRecord {
  return record !== undefined && record.state === 'RUN' && record.token === token;
}

/** The handler has answered. `reply` is what to publish: an early answer stands before the handler's. */
export function complete(record: CommandRecord | undefined, token: string, state: 'DONE' | 'FAILED', reply: string): Fenced {
  if (!mine(record, token)) return LOST;
  if (record.early !== undefined) return earlyAnswer(record, record.early);
  return { kind: 'write', write: { state, hash: record.hash, reply }, reply };
}

/** The handler has deferred. With `reply` the early answer ends it at once; without, it waits for an answer by token. */
export function defer(record: CommandRecord | undefined, token: string, now: number): Fenced {
  if (!mine(record, token)) return LOST;
  if (record.early !== undefined) return earlyAnswer(record, record.early);
  const { hash, command = '', nonce } = record;
  return { kind: 'write', write: { state: 'DEFERRED', hash, command, beatAt: now, ...(nonce !== undefined && { nonce }) } };
}

function earlyAnswer({ hash, nonce }: CommandRecord, early: string): Fenced {
  return { kind: 'write', write: answeredRecord(hash, early, nonce), reply: early };
}

/** The worker goes on, with a later `leaseUntil`. */
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
