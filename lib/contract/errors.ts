import type { Json } from './wire/envelope.ts';
import type { LastError } from './wire/last-error.ts';

/** The mark of every error of Tutti. Guards read it, because `instanceof` fails between two copies of the package. */
const BRAND: unique symbol = Symbol.for('tutti.error') as never;

/** The optional members of an error. */
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

/** The base class of every error that Tutti throws. */
export class OrchestratorError extends Error {
  readonly code: string;
  /** Whether the same request may succeed on a retry. */
  readonly retryable: boolean;
  /** One imperative sentence: how to fix the cause. */
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

/** Sets `name` on the prototype as a literal, because a bundler may rename classes. */
function mark(prototype: Error, name: string): void {
  Object.defineProperty(prototype, 'name', { value: name, configurable: true, writable: true });
}

/** A command ended with an error that its contract declares. The outcome is definite: the command had no effect. */
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
      remedy: `Handle it with ${parts.command}.failed(error), or let it fail the scope, which undoes its completed commands.`,
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
  /** The command for a reader. @default its name */
  readonly named?: string;
  readonly attempts: number;
  readonly outcome: 'failed' | 'cancelled' | 'unknown';
  readonly lastError?: LastError;
  readonly message?: string;
}

/**
 * A command was not completed within its retry limits. The outcomes `failed` and `cancelled` are definite: the command had no effect.
 * After `unknown` it may or may not have had its effect.
 */
export class CommandExhausted extends OrchestratorError {
  declare readonly code: 'COMMAND_EXHAUSTED';
  readonly command: string;
  /** Runs of its handler that ended without a reply. */
  readonly attempts: number;
  readonly outcome: 'failed' | 'cancelled' | 'unknown';
  declare readonly lastError?: LastError;

  static {
    mark(this.prototype, 'CommandExhausted');
  }

  constructor(parts: ExhaustedParts) {
    super('COMMAND_EXHAUSTED', parts.message ?? exhaustedMessage(parts), {
      remedy: `Find out why ${parts.named ?? `the service of ${parts.command}`} did not complete it, or give ${parts.named === undefined ? 'its contract' : 'it'} a longer retry.within.`,
      ...parts,
      retryable: false,
    });
    this.command = parts.command;
    this.attempts = parts.attempts;
    this.outcome = parts.outcome;
    if (parts.lastError !== undefined) this.lastError = parts.lastError;
  }
}

function exhaustedMessage({ command, named = command, attempts, outcome, lastError }: ExhaustedParts): string {
  const last = lastError === undefined ? '' : ` The last error was ${lastError.code}: ${lastError.message}`;
  return `${named} ${EXHAUSTED_HOW[outcome]} after ${count(attempts)}: its retry limits are used up.${last}`;
}

const EXHAUSTED_HOW: Readonly<Record<CommandExhausted['outcome'], string>> = {
  failed: 'failed',
  cancelled: 'was cancelled',
  unknown: 'may or may not have happened',
};

function count(attempts: number): string {
  return attempts === 1 ? '1 attempt' : `${attempts} attempts`;
}

/** A process failed, with an error that it declares, or with `'Other'` and `data.reason`, as by `ctx.fail`. */
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
  requested: 'a cancellation was requested',
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
      remedy: 'Rethrow it: Tutti undoes the completed commands by their contracts.',
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
  SCHEMA_ASYNC: 'Remove asynchronous checks from the schema, and do such a check in a command.',
  SCHEMA_WITHOUT_JSON_SCHEMA:
    'Use zod 4.2 or later, or another library with Standard JSON Schema; wrap a valibot schema in toStandardJsonSchema of @valibot/to-json-schema.',
  DATA_INVALID: 'Send data that matches the contract.',
  DATA_TOO_LARGE: 'Send less data, or send a reference to a place that holds the data.',
};

/** A definition is wrong, or data does not match its contract. */
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
  POISON: 'Correct the process, or throw ctx.fail(reason) where it should fail, then resume the instance with tutti resume.',
  NONDETERMINISM: 'Restore the code that the run started with, or list the changed code as a new version, then resume the instance.',
  WRONG_SCOPE: 'Await in each scope what it begins, and use ctx only in code that the scope of this ctx contains.',
  UNAWAITED_STEP: 'Await the step, or use ctx.send for a command whose reply is not needed.',
  UNKNOWN_SERVICE: 'List the service of the command in the system, then resume the instance.',
};

/** The code of a process is wrong. The test kit throws this error; in production the instance gets `stuck` with its code. */
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
  | 'PAUSED'
  | 'EARLY_OVERFLOW'
  | 'TIMED_OUT'
  | 'TOKEN_INVALID'
  | 'FORK_REFUSED'
  | 'NOT_ERASED'
  | 'ERASED'
  | 'DENIED'
  | 'UNREACHABLE'
  | 'STATE_CORRUPT'
  | 'DISK_FULL';

/** The remedy of each code of `ClientError`, and by its keys the list of these codes. */
export const CLIENT_REMEDIES: Readonly<Record<ClientCode, string>> = {
  NOT_FOUND: 'Check the process name and the id, for instance with tutti list.',
  ALREADY_OPEN: "Use another id, or start with onOpen: 'attach' to join the open instance, or 'queue' to wait for its end.",
  ALREADY_USED: "Use another id, or give the process onClosed: 'restart'.",
  CLOSED: 'Start a new instance: this one has ended.',
  STUCK: 'Follow the remedy that tutti why shows and resume the instance, or end it with tutti terminate, which undoes nothing.',
  PAUSED: 'Start the instance again after the end of the pause: tutti holds lists the pauses.',
  EARLY_OVERFLOW: 'Start the instance, then send the event.',
  TIMED_OUT: 'Wait longer, or run tutti why to see what the instance waits for.',
  FORK_REFUSED: 'Show the plan with tutti fork and --plan, then cut elsewhere, or choose for each step that the message names.',
  NOT_ERASED: 'Do what the message names first: end the instance, or wait for it, then erase it again.',
  ERASED: 'None: an operator has erased the data of this instance, and tutti show names the operator and the reason.',
  TOKEN_INVALID: 'Use task.token of the same command, unchanged.',
  DENIED: 'Grant the caller the permission that the message names.',
  UNREACHABLE: 'Check the network and the name of the system, then try again.',
  STATE_CORRUPT: 'Restore the folder from a backup, or run tutti repair to see what a repair would drop.',
  DISK_FULL: 'Free space on the disk: commits then continue by themselves.',
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

export type DataLossCode = 'PAYLOAD_MISSING' | 'JOURNAL_GAP';

/** The remedy of each code of `DataLost`, and by its keys the list of these codes. */
export const DATA_LOSS_REMEDIES: Readonly<Record<DataLossCode, string>> = {
  PAYLOAD_MISSING: 'Restore the payload store to a state no older than that of the instances.',
  JOURNAL_GAP: 'Restore the process store from a backup: a journal is never shortened while its head exists.',
};

/** A store has lost data that an instance refers to. It is retryable, because the engine redelivers the event until the data is restored. */
export class DataLost extends OrchestratorError {
  declare readonly code: DataLossCode;

  static {
    mark(this.prototype, 'DataLost');
  }

  constructor(code: DataLossCode, message: string, options: ErrorOptions = {}) {
    super(code, message, { remedy: DATA_LOSS_REMEDIES[code], ...options, retryable: true });
  }
}

/** The options of an error whose remedy depends on the place that throws it. */
interface RemediedOptions extends ErrorOptions {
  readonly remedy: string;
}

/** A call that the addressed function, system or instance does not support. */
export class Unsupported extends OrchestratorError {
  declare readonly code: 'UNSUPPORTED';

  constructor(message: string, options: RemediedOptions) {
    super('UNSUPPORTED', message, { ...options, retryable: false });
  }
}

/** Stored state has a format that this build does not read. */
export class StateFormatUnknown extends OrchestratorError {
  declare readonly code: 'STATE_FORMAT';

  constructor(message: string, remedy = 'Use the build of Tutti that wrote it, or one that reads its format.') {
    super('STATE_FORMAT', message, { remedy, retryable: false });
  }
}

/** A table refuses requests for now. */
export class TableThrottled extends OrchestratorError {
  declare readonly code: 'THROTTLED';

  constructor(message: string) {
    super('THROTTLED', message, {
      remedy: "Check the table's throttled requests. An on-demand table scales up within minutes.",
      retryable: true,
    });
  }
}

/** A stored value was not read in time. */
export class PayloadSlow extends OrchestratorError {
  declare readonly code: 'PAYLOAD_SLOW';

  constructor(message: string) {
    super('PAYLOAD_SLOW', message, {
      remedy: 'Check the network between this process and the bucket. Work that waits for the value is retried.',
      retryable: true,
    });
  }
}

/** A service did not handle a command or a message. */
export class ServiceFault extends OrchestratorError {
  declare readonly code: 'SERVICE_FAULT';

  constructor(message: string, options: RemediedOptions & { readonly retryable: boolean }) {
    super('SERVICE_FAULT', message, options);
  }
}

/** The engine parked a message for an operator. */
export class EventParked extends OrchestratorError {
  declare readonly code: 'EVENT_PARKED';

  constructor(message: string, options: RemediedOptions) {
    super('EVENT_PARKED', message, { ...options, retryable: false });
  }
}

/** An error that is none of Tutti's, as a client in another process gets it. */
export class InternalError extends OrchestratorError {
  declare readonly code: 'INTERNAL';

  constructor(message: string) {
    super('INTERNAL', message, { retryable: true, remedy: 'Fix the cause that the message names.' });
  }
}

/** The errors that a step of a process rejects with, discriminated on `code`. */
export type Failure = CommandFailed | CommandExhausted | ProcessFailed | Cancelled;

/** Whether `value` is an error of Tutti, made by this copy of the package or by another. */
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
