import type { Json } from './wire/json.ts';
import type { LastError } from './wire/last-error.ts';

/** What marks an error of Tutti across copies of the package; guards read it, since `instanceof` fails between two copies. */
const BRAND: unique symbol = Symbol.for('tutti.error') as never;

/** What an error says beside its message. */
export interface ErrorOptions {
  /** One imperative sentence. @default the remedy of the code */
  readonly remedy?: string;
  /** For programs and logs. @default null */
  readonly details?: Json;
  readonly cause?: unknown;
}

interface ErrorParts extends ErrorOptions {
  readonly retryable: boolean;
  readonly remedy: string;
}

/** The root of everything that Tutti throws. */
export class OrchestratorError extends Error {
  readonly code: string;
  /** Whether the same act may succeed when it is tried again. */
  readonly retryable: boolean;
  /** What to do about it: one imperative sentence. */
  readonly remedy: string;
  readonly details: Json;
  declare readonly cause?: unknown;

  static {
    mark(this.prototype, 'OrchestratorError');
    Object.defineProperty(this.prototype, BRAND, { value: true });
  }

  constructor(code: string, message: string, parts: ErrorParts) {
    super(message, parts.cause === undefined ? undefined : { cause: parts.cause });
    this.code = code;
    this.retryable = parts.retryable;
    this.remedy = parts.remedy;
    this.details = parts.details ?? null;
  }
}

/** A literal on the prototype, because a bundler may rename classes. */
function mark(prototype: Error, name: string): void {
  Object.defineProperty(prototype, 'name', { value: name, configurable: true, writable: true });
}

/** A command ended with an error that its contract declares: definite, and nothing has happened. */
export class CommandFailed<N extends string = string, T extends string = string, D = Json> extends OrchestratorError {
  declare readonly code: 'COMMAND_FAILED';
  readonly command: N;
  readonly type: T;
  readonly data: D;

  static {
    mark(this.prototype, 'CommandFailed');
  }

  constructor(parts: { readonly command: N; readonly type: T; readonly data: D; readonly message?: string } & ErrorOptions) {
    super('COMMAND_FAILED', parts.message ?? `${parts.command} failed with ${parts.type}.`, {
      remedy: `Handle it with ${parts.command}.failed(error), or let it fail the scope, which undoes what was done.`,
      ...parts,
      retryable: false,
    });
    this.command = parts.command;
    this.type = parts.type;
    this.data = parts.data;
  }
}

interface ExhaustedParts extends ErrorOptions {
  readonly command: string;
  readonly attempts: number;
  readonly outcome: 'failed' | 'cancelled' | 'unknown';
  readonly lastError?: LastError;
  readonly message?: string;
}

/**
 * A command was not completed within its retry limits. `failed` and `cancelled` are definite: nothing has happened. `unknown` is
 * not: it may or may not have happened.
 */
export class CommandExhausted extends OrchestratorError {
  declare readonly code: 'COMMAND_EXHAUSTED';
  readonly command: string;
  /** Runs of its handler that ended without an answer. */
  readonly attempts: number;
  readonly outcome: 'failed' | 'cancelled' | 'unknown';
  declare readonly lastError?: LastError;

  static {
    mark(this.prototype, 'CommandExhausted');
  }

  constructor(parts: ExhaustedParts) {
    super('COMMAND_EXHAUSTED', parts.message ?? exhaustedMessage(parts), {
      remedy: `Look at why the service of ${parts.command} did not complete it, or give its contract a longer retry.within.`,
      ...parts,
      retryable: false,
    });
    this.command = parts.command;
    this.attempts = parts.attempts;
    this.outcome = parts.outcome;
    if (parts.lastError !== undefined) this.lastError = parts.lastError;
  }
}

function exhaustedMessage({ command, attempts, outcome, lastError }: ExhaustedParts): string {
  const last = lastError === undefined ? '' : ` The last error was ${lastError.code}: ${lastError.message}`;
  return `${command} ${EXHAUSTED_HOW[outcome]} after ${count(attempts)}: its retry limits allow no more.${last}`;
}

const EXHAUSTED_HOW: Readonly<Record<CommandExhausted['outcome'], string>> = {
  failed: 'failed',
  cancelled: 'was cancelled',
  unknown: 'may or may not have happened',
};

function count(attempts: number): string {
  return attempts === 1 ? '1 attempt' : `${attempts} attempts`;
}

/** A process ended failed: with an error that it declares, or `'Other'` with `data.reason`. */
export class ProcessFailed<N extends string = string, T extends string = string, D = Json> extends OrchestratorError {
  declare readonly code: 'PROCESS_FAILED';
  readonly process: N;
  readonly type: T;
  readonly data: D;

  static {
    mark(this.prototype, 'ProcessFailed');
  }

  constructor(parts: { readonly process: N; readonly type: T; readonly data: D; readonly message?: string } & ErrorOptions) {
    super('PROCESS_FAILED', parts.message ?? `The process ${parts.process} failed with ${parts.type}.`, {
      remedy: `Handle it with ${parts.process}.failed(error), or read its journal with tutti show.`,
      ...parts,
      retryable: false,
    });
    this.process = parts.process;
    this.type = parts.type;
    this.data = parts.data;
  }
}

export type CancelReason = 'requested' | 'lost-race' | 'timeout' | 'scope-failed';

const CANCELLED_BECAUSE: Readonly<Record<CancelReason, string>> = {
  requested: 'somebody asked for it',
  'lost-race': 'another branch of its race won',
  timeout: 'its time ran out',
  'scope-failed': 'its scope failed',
};

/** A step or a task was cancelled. */
export class Cancelled extends OrchestratorError {
  declare readonly code: 'CANCELLED';
  readonly reason: CancelReason;

  static {
    mark(this.prototype, 'Cancelled');
  }

  constructor(parts: { readonly reason: CancelReason; readonly message?: string } & ErrorOptions) {
    super('CANCELLED', parts.message ?? `Cancelled: ${CANCELLED_BECAUSE[parts.reason]}.`, {
      remedy: 'Let it pass: what was done is undone by contract.',
      ...parts,
      retryable: false,
    });
    this.reason = parts.reason;
  }
}

export type ContractCode =
  | 'CONTRACT_INVALID'
  | 'UNDO_ELSEWHERE'
  | 'SCHEMA_ASYNC'
  | 'SCHEMA_WITHOUT_JSON_SCHEMA'
  | 'DATA_INVALID'
  | 'DATA_TOO_LARGE';

/** The remedy of each code of `ContractError`, and by its keys the list of these codes. */
export const CONTRACT_REMEDIES: Readonly<Record<ContractCode, string>> = {
  CONTRACT_INVALID: 'Correct the definition that the message names.',
  UNDO_ELSEWHERE: 'List the undo command in the same service as the command that it undoes.',
  SCHEMA_ASYNC: 'Use a schema without asynchronous checks, and do such a check in a command.',
  SCHEMA_WITHOUT_JSON_SCHEMA:
    'Use zod 4.2 or later, or another library with Standard JSON Schema; wrap a valibot schema in toStandardJsonSchema of @valibot/to-json-schema.',
  DATA_INVALID: 'Send data that the contract allows.',
  DATA_TOO_LARGE: 'Send less, or send a reference to where the data lies.',
};

/** A definition is wrong, or data does not keep to its contract. */
export class ContractError extends OrchestratorError {
  declare readonly code: ContractCode;

  static {
    mark(this.prototype, 'ContractError');
  }

  constructor(code: ContractCode, message: string, options: ErrorOptions = {}) {
    super(code, message, { remedy: CONTRACT_REMEDIES[code], ...options, retryable: false });
  }
}

export type ProcessBugCode = 'POISON' | 'NONDETERMINISM' | 'WRONG_SCOPE' | 'UNAWAITED_STEP' | 'UNKNOWN_SERVICE';

/** The remedy of each code of `ProcessBug`, and by its keys the list of these codes. */
export const PROCESS_BUG_REMEDIES: Readonly<Record<ProcessBugCode, string>> = {
  POISON: 'Correct the process, then resume the instance with tutti resume.',
  NONDETERMINISM: 'Bring back the code that the run began with, or list the changed code under a new version, then resume the instance.',
  WRONG_SCOPE: 'Use the ctx that the scope passes to its body; name it ctx, so that it shadows the outer one.',
  UNAWAITED_STEP: 'Await the step, or use ctx.send for a command whose answer nobody needs.',
  UNKNOWN_SERVICE: 'List the service of the command in the system, then resume the instance.',
};

/** The code of a process is wrong. In the test kit it is thrown; in production the instance is `stuck` with this code. */
export class ProcessBug extends OrchestratorError {
  declare readonly code: ProcessBugCode;

  static {
    mark(this.prototype, 'ProcessBug');
  }

  constructor(code: ProcessBugCode, message: string, options: ErrorOptions = {}) {
    super(code, message, { remedy: PROCESS_BUG_REMEDIES[code], ...options, retryable: false });
  }
}

export type ClientCode =
  | 'NOT_FOUND'
  | 'ALREADY_OPEN'
  | 'ALREADY_USED'
  | 'CLOSED'
  | 'STUCK'
  | 'EARLY_OVERFLOW'
  | 'TIMED_OUT'
  | 'TOKEN_INVALID'
  | 'DENIED'
  | 'UNREACHABLE'
  | 'STATE_CORRUPT'
  | 'DISK_FULL';

/** The remedy of each code of `ClientError`, and by its keys the list of these codes. */
export const CLIENT_REMEDIES: Readonly<Record<ClientCode, string>> = {
  NOT_FOUND: 'Check the process name and the id, for instance with tutti list.',
  ALREADY_OPEN: "Use another id, or start with onOpen: 'attach' to join the open instance.",
  ALREADY_USED: "Use another id, or give the process onClosed: 'restart'.",
  CLOSED: 'Start a new instance: this one has ended.',
  STUCK: 'Do what tutti why says about it and resume the instance, or end it with tutti terminate, which undoes nothing.',
  EARLY_OVERFLOW: 'Start the instance first, then send the event.',
  TIMED_OUT: 'Wait longer, or ask with tutti why what the instance waits for.',
  TOKEN_INVALID: 'Use the token as the task gave it, unchanged and for the same command.',
  DENIED: 'Grant the caller the right that the message names.',
  UNREACHABLE: 'Check the network and the name of the system, then try again.',
  STATE_CORRUPT: 'Restore the folder from a backup, or see with tutti repair what would be dropped.',
  DISK_FULL: 'Free space on the disk: commits go on by themselves.',
};

const RETRYABLE: ReadonlySet<ClientCode> = new Set(['TIMED_OUT', 'UNREACHABLE', 'DISK_FULL']);

/** A request of a client was not fulfilled. */
export class ClientError extends OrchestratorError {
  declare readonly code: ClientCode;

  static {
    mark(this.prototype, 'ClientError');
  }

  constructor(code: ClientCode, message: string, options: ErrorOptions = {}) {
    super(code, message, { remedy: CLIENT_REMEDIES[code], ...options, retryable: RETRYABLE.has(code) });
  }
}

/** What the body of a process may meet, discriminated on `code`. */
export type Failure = CommandFailed | CommandExhausted | ProcessFailed | Cancelled;

/** Whether `value` is an error of Tutti, of this copy of the package or of another. */
export function isOrchestratorError(value: unknown): value is OrchestratorError {
  return typeof value === 'object' && value !== null && (value as { readonly [BRAND]?: unknown })[BRAND] === true;
}

/** Whether `value` is a failure, which undoes a scope; any other error is a bug. */
export function isFailure(value: unknown): value is Failure {
  return isOrchestratorError(value) && FAILURE_CODES.has(value.code);
}

const FAILURE_CODES: ReadonlySet<string> = new Set(['COMMAND_FAILED', 'COMMAND_EXHAUSTED', 'PROCESS_FAILED', 'CANCELLED']);

export function isCommandFailed(value: unknown): value is CommandFailed {
  return isOrchestratorError(value) && value.code === 'COMMAND_FAILED';
}

export function isCommandExhausted(value: unknown): value is CommandExhausted {
  return isOrchestratorError(value) && value.code === 'COMMAND_EXHAUSTED';
}

export function isProcessFailed(value: unknown): value is ProcessFailed {
  return isOrchestratorError(value) && value.code === 'PROCESS_FAILED';
}
