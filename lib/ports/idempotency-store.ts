import type { LastError } from '../contract/wire/last-error.ts';

/**
 * The record of one command at its service.
 *
 * - RUN: the command is running, or waits between two runs.
 * - DONE, FAILED: the command has its reply.
 * - DEFERRED: the handler has returned, and the reply will come by task token.
 * - REVOKED: `cancel` of the handler is running, or waits between two runs.
 * - TOMB: the command is cancelled, and must not run any more.
 * - LIMIT: no command, but the state of a limit, under an id that no command has (docs/protocol.md#limits).
 */
export interface CommandRecord {
  readonly state: 'RUN' | 'DONE' | 'FAILED' | 'DEFERRED' | 'REVOKED' | 'TOMB' | 'LIMIT';
  /** The `datahash` of the command: an equal id with another hash is refused. */
  readonly hash: string;
  /** RUN: fencing token of the worker whose run has not ended. Absent between two runs. */
  readonly token?: string;
  /** RUN: end of the lease, in milliseconds since the epoch. */
  readonly leaseUntil?: number;
  /** DONE, FAILED: the envelope of the reply, published again for each redelivery of the command. */
  readonly reply?: string;
  /**
   * A random secret of the first claim, which a task token must contain. Present in every state in which a token is valid: also in DONE and
   * FAILED, if the reply came by token, because that call may be repeated.
   */
  readonly nonce?: string;
  /** RUN: a reply by token that came before the handler deferred. */
  readonly early?: string;
  /** LIMIT: its state as JSON. Else the command's envelope, kept from the claim on, so that a deferred command can get a reply or be cancelled without its message. */
  readonly command?: string;
  /** RUN: no worker may run it again after the lease has expired (effect class `once`), so a reply by token then ends it. */
  readonly once?: true;
  /** Runs that have ended without a reply: in RUN those of the handler, in REVOKED those of `cancel`. Absent: none. */
  readonly failures?: number;
  /** RUN: a run has ended, and not by `task.notDone`, so the effect may have happened. */
  readonly maybeDone?: true;
  /** RUN, REVOKED: the error of the last of these runs. */
  readonly lastError?: LastError;
  /** RUN, REVOKED: earliest begin of the next run, in milliseconds since the epoch. */
  readonly nextRunAt?: number;
  /** RUN: the next run has this time of the rate of its command reserved, in milliseconds since the epoch. */
  readonly slotAt?: number;
  /** DEFERRED: time of the last heartbeat, in milliseconds since the epoch. */
  readonly beatAt?: number;
  /** Counts writes, from 1; set by the store. */
  readonly revision: number;
}

export type RecordWrite = { readonly status: 'written' } | { readonly status: 'conflict'; readonly current: CommandRecord | undefined };

/** One record per command id. The port compares and writes; lib/service decides. */
export interface IdempotencyStore {
  read(commandId: string): Promise<CommandRecord | undefined>;
  /**
   * Writes if the stored revision is `expected` (`'absent'`: if there is no record), else writes nothing and returns the stored record.
   * Atomic per id. Writes of one caller become durable in the order in which they were made.
   */
  write(commandId: string, record: Omit<CommandRecord, 'revision'>, expected: number | 'absent'): Promise<RecordWrite>;
  /** Resolves when all earlier writes survive a crash. A store whose `write` is durable resolves at once. */
  durable(): Promise<void>;
}
