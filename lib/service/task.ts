import type { Duration } from '../contract/duration.ts';
import { milliseconds } from '../contract/duration.ts';
import type { CommandEnvelope } from '../contract/wire/envelope.ts';
import { isOrchestratorError, OrchestratorError } from '../contract/errors.ts';
import { taskToken } from './task-token.ts';

/** What a handler returns when somebody else will answer. */
export interface Deferred {
  readonly '~deferred': true;
}

/** A command as its handler meets it. */
export interface Task<E, Tx> {
  /** Equal on every run of the command: the idempotency key for a foreign system. */
  readonly commandId: string;
  /** Id of the command that this one undoes. */
  readonly undoes?: string;
  readonly processId: string;
  /** Counts the sends of the orchestrator, from 1. */
  readonly attempt: number;
  readonly deadline?: Date;
  /** By which a deferred command is answered. It is the command's: each run has the same. */
  readonly token: string;
  /** Makes the declared errors: `throw task.errors.CardDeclined({ … })`. */
  readonly errors: E;
  /** Aborts when the lease is lost, when the command is settled, after its `timeout`, and at the end of the grace period. */
  readonly signal: AbortSignal;
  /** The transaction, in effect class `transaction`. */
  readonly tx: Tx;
  /** Return it: somebody else will answer, by `token`. */
  defer(): Deferred;
  /** Throw it: the command is run again after this delay. Counts as no attempt; the deadline still ends it. */
  retryAfter(delay: Duration, reason: string): Error;
  /**
   * Throw it: this run has done nothing, for certain. It counts as an attempt, and the command is run again; where the process no
   * longer wants it (`signal` has aborted), it is answered `cancelled` at once.
   */
  notDone(reason: string): Error;
}

const DEFERRED: Deferred = Object.freeze({ '~deferred': true });

export function isDeferred(value: unknown): value is Deferred {
  return typeof value === 'object' && value !== null && (value as Partial<Deferred>)['~deferred'] === true;
}

/** The signal of one run, made only for a handler that reads it. */
export class TaskAbort {
  #controller: AbortController | undefined;
  #reason: Error | undefined;

  get signal(): AbortSignal {
    if (this.#controller === undefined) {
      this.#controller = new AbortController();
      if (this.#reason !== undefined) this.#controller.abort(this.#reason);
    }
    return this.#controller.signal;
  }

  abort(reason: Error): void {
    if (this.#reason !== undefined) return;
    this.#reason = reason;
    this.#controller?.abort(reason);
  }

  /** Whether a handler threw this because its signal had aborted. */
  caused(thrown: unknown): boolean {
    if (this.#reason === undefined || typeof thrown !== 'object' || thrown === null) return false;
    const { name, cause } = thrown as { readonly name?: unknown; readonly cause?: unknown };
    return thrown === this.#reason || cause === this.#reason || name === 'AbortError';
  }
}

/** The task of one run. */
export class CommandTask implements Task<unknown, unknown> {
  readonly attempt: number;
  readonly commandId: string;
  readonly errors: unknown;
  readonly processId: string;
  readonly tx: unknown;
  declare readonly undoes?: string;
  declare readonly deadline?: Date;
  readonly #abort: TaskAbort;
  readonly #service: string;
  readonly #nonce: string;

  constructor(command: CommandEnvelope, service: string, errors: unknown, tx: unknown, abort: TaskAbort, nonce: string) {
    this.attempt = command.attempt;
    this.commandId = command.id;
    this.errors = errors;
    this.processId = command.subject ?? processIdOf(command.id);
    this.tx = tx;
    if (command.undoes !== undefined) this.undoes = command.undoes;
    if (command.deadline !== undefined) this.deadline = new Date(command.deadline);
    this.#abort = abort;
    this.#service = service;
    this.#nonce = nonce;
  }

  get token(): string {
    return taskToken({ service: this.#service, commandId: this.commandId, nonce: this.#nonce });
  }

  get signal(): AbortSignal {
    return this.#abort.signal;
  }

  defer(): Deferred {
    return DEFERRED;
  }

  retryAfter(delay: Duration, reason: string): Error {
    return new RetryAfter(milliseconds(delay), reason);
  }

  notDone(reason: string): Error {
    return new NotDone(reason);
  }
}

/** The id in `tenant#process#id/run/n`. */
function processIdOf(commandId: string): string {
  const pid = commandId.split('/', 1)[0] as string;
  return pid.slice(pid.lastIndexOf('#') + 1);
}

/** A handler asks to be run again later. */
export class RetryAfter extends OrchestratorError {
  declare readonly code: 'RETRY_AFTER';
  readonly delayMs: number;

  constructor(delayMs: number, reason: string) {
    super('RETRY_AFTER', `A handler asked to be run again in ${delayMs} ms: ${reason}.`, {
      retryable: true,
      remedy: 'Throw it from the handler: the consumer waits and runs the command again.',
      details: { delayMs, reason },
    });
    this.delayMs = delayMs;
  }
}

export function isRetryAfter(value: unknown): value is RetryAfter {
  return isOrchestratorError(value) && value.code === 'RETRY_AFTER';
}

/** A handler states that its run has done nothing. */
export class NotDone extends OrchestratorError {
  declare readonly code: 'NOT_DONE';

  constructor(reason: string) {
    super('NOT_DONE', reason, {
      retryable: true,
      remedy: 'Throw it from the handler: the run counts as one that did nothing.',
      details: { reason },
    });
  }
}

export function isNotDone(value: unknown): value is NotDone {
  return isOrchestratorError(value) && value.code === 'NOT_DONE';
}
