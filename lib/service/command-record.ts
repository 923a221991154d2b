import type { CommandRecord } from '../ports/idempotency-store.ts';

/**
 * What a service may do with one command, decided from its record alone. Pure: the consumer reads,
 * asks, writes and answers. The rules that tests name:
 *
 * R1  A command runs only where no record stands, or where a lapsed lease may be taken over.
 * R2  Whoever lost the lease writes nothing, answers nothing and acknowledges nothing.
 * R3  A definite answer (DONE, FAILED, TOMB) never changes.
 * R4  What was never begun is refused for good by settling it: the tomb stops the copy that comes late.
 * R5  Settling never decides against a valid lease.
 * R6  An answer by token that was taken (EARLY) is the outcome, whatever the handler does afterwards.
 * R7  A deferred command is taken back in two steps: REVOKED decides against the token, TOMB says that `cancel` has run.
 * R8  Effect class `once` is never run twice: a lapsed lease is answered `unknown`, or with the early answer.
 * R9  An equal id with another hash is refused.
 * R10 Giving up is `failed` where the command was never claimed, else `unknown`.
 */
export type Effect = 'key' | 'transaction' | 'once';

/** A record as it is written: the store counts the revision. */
export type RecordBody = Omit<CommandRecord, 'revision'>;

/** A worker with a delivery in its hands. */
export interface Delivery {
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
  readonly now: number;
  readonly leaseUntil: number;
}

export type Verdict =
  /** Write, then run the handler. */
  | { readonly kind: 'run'; readonly write: RecordBody }
  /** Write where something is to be written, then answer. */
  | { readonly kind: 'answer'; readonly outcome: 'cancelled' | 'deferred' | 'unknown'; readonly write?: RecordBody }
  /** Write where something is to be written, then publish this reply (again). */
  | { readonly kind: 'repeat'; readonly reply: string; readonly write?: RecordBody }
  /** Write where something is to be written, then run the handler's `cancel`, then write `entombed`. */
  | { readonly kind: 'revoke'; readonly write?: RecordBody }
  /** Another worker holds the lease. */
  | { readonly kind: 'wait'; readonly until: number }
  | { readonly kind: 'hold' }
  /** To be answered `failed` (never claimed, recorded so) or `unknown`. */
  | { readonly kind: 'give-up'; readonly claimed: boolean }
  /** The id was used for something else. */
  | { readonly kind: 'refuse' };

/** What to do with a delivered command, given what stands. */
export function receive(record: CommandRecord | undefined, delivery: Delivery): Verdict {
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

function receiveNew(delivery: Delivery): Verdict {
  if (delivery.settling) return { kind: 'answer', outcome: 'cancelled', write: entombed(delivery.hash) };
  if (delivery.mode === 'hold') return { kind: 'hold' };
  if (delivery.mode === 'give-up') return { kind: 'give-up', claimed: false };
  return { kind: 'run', write: claimed(delivery) };
}

function receiveLapsed(record: CommandRecord, delivery: Delivery): Verdict {
  const once = record.once === true || delivery.effect === 'once';
  const refused = delivery.settling && delivery.effect === 'transaction';
  if (once || refused || delivery.mode === 'give-up') {
    if (record.early !== undefined) return { kind: 'repeat', reply: record.early, write: answered(record.hash, record.early) };
    if (once) return { kind: 'answer', outcome: 'unknown' };
    // Its effect commits with its answer: no answer, no effect.
    return refused ? { kind: 'answer', outcome: 'cancelled', write: entombed(record.hash) } : { kind: 'give-up', claimed: true };
  }
  if (delivery.mode === 'hold') return { kind: 'hold' };
  return { kind: 'run', write: record.early === undefined ? claimed(delivery) : { ...claimed(delivery), early: record.early } };
}

function revoke(record: CommandRecord, delivery: Delivery): Verdict {
  if (delivery.mode === 'hold') return { kind: 'hold' };
  if (delivery.mode === 'give-up') return { kind: 'give-up', claimed: true };
  return record.state === 'REVOKED' ? { kind: 'revoke' } : { kind: 'revoke', write: revoked(record) };
}

function revoked(record: CommandRecord): RecordBody {
  return record.command === undefined
    ? { state: 'REVOKED', hash: record.hash }
    : { state: 'REVOKED', hash: record.hash, command: record.command };
}

/** The claim of a command that nobody has claimed: it needs no look at the record first. */
export function claimed(delivery: Pick<Delivery, 'hash' | 'token' | 'leaseUntil' | 'command' | 'effect'>): RecordBody {
  const { hash, token, leaseUntil, command } = delivery;
  return delivery.effect === 'once'
    ? { state: 'RUN', hash, token, leaseUntil, command, once: true }
    : { state: 'RUN', hash, token, leaseUntil, command };
}

/** DONE or FAILED, as the reply says. */
export function answered(hash: string, reply: string): RecordBody {
  return { state: readAnswer(reply).outcome === 'completed' ? 'DONE' : 'FAILED', hash, reply };
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

function mine(record: CommandRecord | undefined, token: string): record is CommandRecord {
  return record !== undefined && record.state === 'RUN' && record.token === token;
}

/** The handler has answered. `reply` is what to publish: an early answer stands before the handler's. */
export function complete(record: CommandRecord | undefined, token: string, state: 'DONE' | 'FAILED', reply: string): Fenced {
  if (!mine(record, token)) return LOST;
  if (record.early !== undefined) return { kind: 'write', write: answered(record.hash, record.early), reply: record.early };
  return { kind: 'write', write: { state, hash: record.hash, reply }, reply };
}

/** The handler has deferred. With `reply` the early answer ends it at once; without, it waits for an answer by token. */
export function defer(record: CommandRecord | undefined, token: string, now: number): Fenced {
  if (!mine(record, token)) return LOST;
  if (record.early !== undefined) return { kind: 'write', write: answered(record.hash, record.early), reply: record.early };
  return { kind: 'write', write: { state: 'DEFERRED', hash: record.hash, command: record.command ?? '', beatAt: now } };
}

/** The worker goes on (a later `leaseUntil`), or lets go (one that is over). */
export function lease(record: CommandRecord | undefined, token: string, leaseUntil: number): Fenced {
  if (!mine(record, token)) return LOST;
  const { revision: _, ...body } = record;
  return { kind: 'write', write: { ...body, leaseUntil } };
}

export type TokenVerdict =
  /** Write, publish the reply where there is one, then say yes. */
  | { readonly kind: 'accept'; readonly write?: RecordBody; readonly reply?: string }
  /** Another answer was taken. */
  | { readonly kind: 'used' }
  /** The command was taken back, or never begun. */
  | { readonly kind: 'closed' }
  | { readonly kind: 'absent' };

/** Somebody answers by the task's token; `reply` is the whole reply that this answer makes. */
export function answer(record: CommandRecord | undefined, reply: string, now: number): TokenVerdict {
  if (record === undefined) return { kind: 'absent' };
  switch (record.state) {
    case 'DEFERRED':
      return { kind: 'accept', write: answered(record.hash, reply), reply };
    case 'RUN':
      return answerRunning(record, reply, now);
    case 'DONE':
    case 'FAILED':
      return sameAnswer(record.reply ?? '', reply) ? { kind: 'accept', reply: record.reply ?? '' } : { kind: 'used' };
    case 'REVOKED':
    case 'TOMB':
      return { kind: 'closed' };
  }
}

function answerRunning(record: CommandRecord, reply: string, now: number): TokenVerdict {
  if (record.early !== undefined) return sameAnswer(record.early, reply) ? { kind: 'accept' } : { kind: 'used' };
  // Of class `once` nobody will run it again, so nobody else would publish the answer.
  if (record.once === true && (record.leaseUntil ?? 0) <= now) return { kind: 'accept', write: answered(record.hash, reply), reply };
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

interface Answer {
  readonly outcome: string;
  readonly data?: unknown;
  readonly datahash?: string;
}

function readAnswer(reply: string): Answer {
  return JSON.parse(reply) as Answer;
}

/** Whether two replies say the same; their times may differ. */
function sameAnswer(stored: string, reply: string): boolean {
  if (stored === reply) return true;
  const one = readAnswer(stored);
  const other = readAnswer(reply);
  return one.outcome === other.outcome && one.datahash === other.datahash && JSON.stringify(one.data) === JSON.stringify(other.data);
}
