import type { Duration } from '../contract/duration.ts';
import { ContractError } from '../contract/errors.ts';
import type { LogFields, LogLevel } from '../contract/logged.ts';
import type { Deferred, StepTask } from '../contract/steps.ts';
import { JsonFault, plainJson, type Json } from '../contract/wire/json.ts';
import type { Task } from '../service/task.ts';

type StepFailed = (data: { readonly reason: string; readonly data: Json }, message: string) => Error;
/** The task of the consumer for a command of the service `steps`. */
export type CommandTaskOfStep = Task<{ readonly StepFailed: StepFailed }, unknown>;

/** The task that a body of `ctx.run` gets: that of its command, without the members that steps do not have. */
export class RunningStep implements StepTask {
  readonly commandId: string;
  readonly processId: string;
  readonly attempt: number;
  declare readonly undoes?: string;
  declare readonly deadline?: Date;
  readonly #task: CommandTaskOfStep;

  constructor(task: CommandTaskOfStep) {
    this.commandId = task.commandId;
    this.processId = task.processId;
    this.attempt = task.attempt;
    if (task.undoes !== undefined) this.undoes = task.undoes;
    if (task.deadline !== undefined) this.deadline = task.deadline;
    this.#task = task;
  }

  get token(): string {
    return this.#task.token;
  }

  get signal(): AbortSignal {
    return this.#task.signal;
  }

  fail(reason: string, data: Json = null): Error {
    return this.#task.errors.StepFailed({ reason, data }, reason);
  }

  retryAfter(delay: Duration, reason: string): Error {
    return this.#task.retryAfter(delay, reason);
  }

  notDone(reason: string): Error {
    return this.#task.notDone(reason);
  }

  defer(): Deferred {
    return this.#task.defer();
  }

  log(level: LogLevel, message: string, fields?: LogFields): void {
    this.#task.log(level, message, fields);
  }
}

/** The output as the journal keeps it. Throws `DATA_INVALID`, and names the first part that is not JSON. */
export function outputOf(step: string, output: unknown): Json {
  if (output === undefined) return null;
  const plain = plainJson(output);
  if (!(plain instanceof JsonFault)) return plain;
  const { path, reason } = plain;
  const place = ['output', ...path].join('.');
  const received = valueAt(output, path);
  const kind = kindOf(received);
  throw new ContractError(
    'DATA_INVALID',
    `The step ${step} returned ${kind ?? reason} at ${place}, which is not JSON: ${insteadOf(received, place)}.`,
    {
      details: { issues: [{ path: path.join('.'), message: reason }] },
      remedy: 'Return plain JSON from the body of ctx.run: the journal keeps it.',
    },
  );
}

function valueAt(value: unknown, path: readonly (string | number)[]): unknown {
  return path.reduce((at, key) => (at as Readonly<Record<string | number, unknown>>)[key], value);
}

/** The kind of a value, for a message; undefined if only the reason tells. */
function kindOf(value: unknown): string | undefined {
  if (typeof value === 'number') return String(value);
  if (value === undefined) return 'undefined';
  if (typeof value !== 'object' || value === null) return typeof value === 'string' ? undefined : `a ${typeof value}`;
  const prototype: unknown = Object.getPrototypeOf(value);
  if (Array.isArray(value) || prototype === null || prototype === Object.prototype) return undefined;
  const { name } = (value.constructor ?? {}) as { readonly name?: unknown };
  return typeof name === 'string' && name !== '' ? `an instance of ${name}` : 'an instance of a class';
}

function insteadOf(value: unknown, place: string): string {
  if (value instanceof Date) return `return ${place}.toISOString()`;
  if (value instanceof Map) return `return Object.fromEntries(${place})`;
  if (value instanceof Set) return `return [...${place}]`;
  if (typeof value === 'bigint') return `return String(${place})`;
  if (typeof value === 'number' || value === undefined) return 'return null';
  if (typeof value === 'object' && kindOf(value) !== undefined) return 'return a plain object with the fields that the process needs';
  return 'return only data';
}
