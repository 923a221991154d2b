import type { Duration } from '../contract/duration.ts';
import { milliseconds } from '../contract/duration.ts';
import { logged, loggedParts, type LogFields, type LogLevel } from '../contract/logged.ts';
import type { ObservedLine } from '../contract/instrumentation.ts';
import type { CommandEnvelope } from '../contract/wire/envelope.ts';
import { parsePid, pidOfCommand } from '../contract/wire/process-id.ts';
import { ContractError, isOrchestratorError, OrchestratorError } from '../contract/errors.ts';
import type { Deferred } from '../contract/steps.ts';
import { taskToken } from './task-token.ts';

export type { Deferred };

/** The second argument of a handler: the ids, limits and helpers of the command that it runs. */
export interface Task<E, Tx> {
  /**
   * The idempotency key for foreign systems: equal on every run of the command. If several systems share the service, the ids of all but
   * the first begin with the name of the system, because ids alone do not name it.
   */
  readonly commandId: string;
  /** `commandId` of the command that this one undoes. */
  readonly undoes?: string;
  /** Id of the process instance that sent the command. */
  readonly processId: string;
  /** Number of the orchestrator's send, from 1. It does not count runs. */
  readonly attempt: number;
  /**
   * The trace context of the command, as W3C Trace Context writes it: a handler hands it on to what it calls. With an SDK of OpenTelemetry in this
   * process `serve` has opened a span below it, and that span is current.
   */
  readonly traceparent?: string;
  /** After it no further run begins. Absent if the command has no deadline. */
  readonly deadline?: Date;
  /** The secret by which a client replies to a deferred command. Equal on every run of the command. */
  readonly token: string;
  /** Creates the declared errors: `throw task.errors.CardDeclined({ … })`. */
  readonly errors: E;
  /**
   * Aborts when the lease is lost, when the process no longer wants the command, after its `timeout`, and at the end of the grace period.
   */
  readonly signal: AbortSignal;
  /** The transaction of the store, in effect class `transaction`; else undefined. */
  readonly tx: Tx;
  /** Return its result if the reply comes later: a client replies by `token`. */
  defer(): Deferred;
  /**
   * Throw its result to run the command again after `delay`. This run does not count as an attempt; the deadline still applies. With `key`,
   * all commands with the same key of its `limits` wait as long: `throw task.retryAfter('10 minutes', 'rate limited', { key: true })`.
   * `cancel` is no run of the limits: `key` has no effect there.
   */
  retryAfter(delay: Duration, reason: string, options?: { readonly key?: boolean }): Error;
  /**
   * Throw its result if this run certainly had no effect. The run counts as an attempt, and the command is run again. If the process no
   * longer wants the command (`signal` has aborted), the reply is `cancelled` at once.
   */
  notDone(reason: string): Error;
  /**
   * Logs a line at once, with the ids of the command and with fields of your choice: no secrets and no personal data, because the
   * log shows them. At most 1,000 characters, and 8,000 of fields. Each run of the handler logs its own lines.
   */
  log(level: LogLevel, message: string, fields?: LogFields): void;
}

const DEFERRED: Deferred = Object.freeze({ '~deferred': true });

export function isDeferred(value: unknown): value is Deferred {
  return typeof value === 'object' && value !== null && (value as Partial<Deferred>)['~deferred'] === true;
}

/** The abort signal of one run, created only if the handler reads it. */
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

  /** Whether a handler threw this error because its signal had aborted. */
  caused(thrown: unknown): boolean {
    if (this.#reason === undefined || typeof thrown !== 'object' || thrown === null) return false;
    const { name, cause } = thrown as { readonly name?: unknown; readonly cause?: unknown };
    return thrown === this.#reason || cause === this.#reason || name === 'AbortError';
  }
}

export interface CommandTaskOptions {
  readonly command: CommandEnvelope;
  /** Prefix of the ids that the handler gets. */
  readonly keyPrefix: string;
  readonly service: string;
  readonly errors: unknown;
  /** The transaction of the store; undefined outside of effect class `transaction`. */
  readonly tx: unknown;
  readonly abort: TaskAbort;
  readonly nonce: string;
  /** Receives the lines of the handler, without their time. */
  readonly log: (line: Omit<ObservedLine, 'at'>) => void;
  /** Whether the command has limits. */
  readonly limited: boolean;
}

/** The task of one run. */
export class CommandTask implements Task<unknown, unknown> {
  readonly attempt: number;
  readonly commandId: string;
  readonly errors: unknown;
  readonly processId: string;
  readonly tx: unknown;
  declare readonly undoes?: string;
  declare readonly traceparent?: string;
  declare readonly deadline?: Date;
  readonly #abort: TaskAbort;
  readonly #service: string;
  readonly #nonce: string;
  readonly #command: CommandEnvelope;
  readonly #log: CommandTaskOptions['log'];
  readonly #limited: boolean;

  constructor({ command, keyPrefix, service, errors, tx, abort, nonce, log, limited }: CommandTaskOptions) {
    this.attempt = command.attempt;
    this.commandId = `${keyPrefix}${command.id}`;
    this.errors = errors;
    this.processId = command.subject ?? processIdOf(command.id);
    this.tx = tx;
    if (command.undoes !== undefined) this.undoes = `${keyPrefix}${command.undoes}`;
    if (command.traceparent !== undefined) this.traceparent = command.traceparent;
    if (command.deadline !== undefined) this.deadline = new Date(command.deadline);
    this.#abort = abort;
    this.#service = service;
    this.#nonce = nonce;
    this.#command = command;
    this.#log = log;
    this.#limited = limited;
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

  retryAfter(delay: Duration, reason: string, { key = false }: { readonly key?: boolean } = {}): Error {
    if (key && !this.#limited)
      throw new ContractError(
        'CONTRACT_INVALID',
        `${this.#command.type} has no limits: task.retryAfter with key expects a command with limits.`,
      );
    return new RetryAfter(milliseconds(delay), reason, key);
  }

  notDone(reason: string): Error {
    return new NotDone(reason);
  }

  log(level: LogLevel, message: string, fields?: LogFields): void {
    const { id, type: command, traceparent } = this.#command;
    this.#log({
      ...(parsePid(pidOfCommand(id)) ?? { tenant: '', process: '', id: this.processId }),
      ...loggedParts(logged(level, message, fields)),
      commandId: this.commandId,
      command,
      attempt: this.attempt,
      ...(traceparent !== undefined && { traceparent }),
    });
  }
}

/** Returns the id of `tenant#process#id/run/n`. */
function processIdOf(commandId: string): string {
  const pid = commandId.split('/', 1)[0] as string;
  return pid.slice(pid.lastIndexOf('#') + 1);
}

/** A handler requests another run later. */
export class RetryAfter extends OrchestratorError {
  declare readonly code: 'RETRY_AFTER';
  readonly delayMs: number;
  /** Whether all commands with the key of its limits wait. */
  readonly key: boolean;

  constructor(delayMs: number, reason: string, key = false) {
    super('RETRY_AFTER', `A handler requested another run in ${delayMs} ms: ${reason}.`, {
      retryable: true,
      remedy: 'Throw it from the handler: the consumer waits and runs the command again.',
      details: { delayMs, reason },
    });
    this.delayMs = delayMs;
    this.key = key;
  }
}

export function isRetryAfter(value: unknown): value is RetryAfter {
  return isOrchestratorError(value) && value.code === 'RETRY_AFTER';
}

/** A handler states that its run had no effect. */
export class NotDone extends OrchestratorError {
  declare readonly code: 'NOT_DONE';

  constructor(reason: string) {
    super('NOT_DONE', reason, {
      retryable: true,
      remedy: 'Throw it from the handler: the run counts as one without an effect.',
      details: { reason },
    });
  }
}

export function isNotDone(value: unknown): value is NotDone {
  return isOrchestratorError(value) && value.code === 'NOT_DONE';
}
