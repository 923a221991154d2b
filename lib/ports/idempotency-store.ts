import type { LastError } from '../contract/wire/last-error.ts';

/**
 * What a service knows of one command.
 * RUN under way · DONE, FAILED answered · DEFERRED somebody else will answer · REVOKED being taken back · TOMB never to be run.
 */
export interface CommandRecord {
  readonly state: 'RUN' | 'DONE' | 'FAILED' | 'DEFERRED' | 'REVOKED' | 'TOMB';
  /** The `datahash` of the command: an equal id with another hash is refused. */
  readonly hash: string;
  /** RUN: fencing token of the worker whose run has not ended. Absent between two runs. */
  readonly token?: string;
  /** RUN: until when the lease holds, milliseconds since the epoch. */
  readonly leaseUntil?: number;
  /** DONE, FAILED: the reply's envelope, published again to whoever asks again. */
  readonly reply?: string;
  /**
   * Random, made with the first claim: who answers by task token must know it. In every state in which a token may be used, so
   * also in DONE and FAILED where the answer came by token, which may be repeated.
   */
  readonly nonce?: string;
  /** RUN: an answer by token that came before the handler deferred. */
  readonly early?: string;
  /** The command's envelope, kept from the claim on, so that a deferred command can be answered or cancelled without its message. */
  readonly command?: string;
  /** RUN: nobody may run it again once the lease has lapsed (effect class `once`), so an answer by token then ends it. */
  readonly once?: true;
  /** RUN, REVOKED: runs that have ended without an answer; those of `cancel` where it is REVOKED. Absent: none. */
  readonly failures?: number;
  /** RUN: a run has ended in another way than by `task.notDone`, so the effect may have happened. */
  readonly maybeDone?: true;
  /** RUN, REVOKED: what the last of these runs ended with. */
  readonly lastError?: LastError;
  /** RUN, REVOKED: the next run begins no earlier, in milliseconds since the epoch. */
  readonly nextRunAt?: number;
  /** DEFERRED: when somebody last beat for it. */
  readonly beatAt?: number;
  /** Counts writes, from 1; set by the store. */
  readonly revision: number;
}

export type RecordWrite = { readonly status: 'written' } | { readonly status: 'conflict'; readonly current: CommandRecord | undefined };

/** One record per command id. Decisions are taken above this port (lib/service); it only compares and writes. */
export interface IdempotencyStore {
  read(commandId: string): Promise<CommandRecord | undefined>;
  /**
   * Writes where the stored revision is `expected` (`'absent'`: where there is no record), else writes nothing and returns what stands.
   * Atomic per id. Writes of one caller become durable in the order in which they were made.
   */
  write(commandId: string, record: Omit<CommandRecord, 'revision'>, expected: number | 'absent'): Promise<RecordWrite>;
  /** Resolves when all that was written before survives a crash. A store whose `write` is already durable resolves at once. */
  durable(): Promise<void>;
}
