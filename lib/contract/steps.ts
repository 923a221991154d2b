import type { StandardSchemaV1 } from '@standard-schema/spec';
import { OPERATE } from './bulk.ts';
import { command } from './command.ts';
import type { Duration } from './duration.ts';
import { SUBSCRIBE } from './keys.ts';
import type { LogFields, LogLevel } from './logged.ts';
import type { Json } from './schema.ts';
import { service } from './service.ts';
import { instanceText } from './wire/process-id.ts';

/** The name of the built-in service that runs the bodies of `ctx.run`. */
export const STEPS = 'steps';
/** The type of the failure that `task.fail` makes. */
export const STEP_FAILED = 'StepFailed';

/** Returned by a handler or by the body of a step whose output comes later, by its task token. */
export interface Deferred {
  readonly '~deferred': true;
}

/** The parameter of the body of `ctx.run`, and the second one of its undo. */
export interface StepTask {
  /** The idempotency key for foreign systems: equal on every run of the step. */
  readonly commandId: string;
  /** In an undo: id of the command of the step that it undoes. */
  readonly undoes?: string;
  /** Id of the instance. */
  readonly processId: string;
  /** Number of the send, from 1. It does not count runs. */
  readonly attempt: number;
  /** After it no further run begins. */
  readonly deadline?: Date;
  /** The secret by which a client completes a deferred step: `client.complete(steps.run, token, output)`. Equal on every run. */
  readonly token: string;
  /** Aborts when the process no longer wants the step, after its `timeout`, when the lease is lost, and at the end of the grace period. */
  readonly signal: AbortSignal;
  /**
   * Throw its result if the step had no effect and must not be repeated: `ctx.run` rejects with a `CommandFailed` for which
   * `steps.run.failed(error)` is true, with `reason` as its message. In an undo it makes the instance stuck with `COMPENSATION`.
   */
  fail(reason: string, data?: Json): Error;
  /** Throw its result to run the step again after `delay`. This run does not count as an attempt; the deadline still applies. */
  retryAfter(delay: Duration, reason: string): Error;
  /** Throw its result if this run certainly had no effect. The run counts as an attempt, and the step is run again. */
  notDone(reason: string): Error;
  /** Return its result if the output comes later: a client completes the step by `token`. */
  defer(): Deferred;
  /** Logs a line at once, as `task.log` of a handler does. Each run of the step logs its own lines. */
  log(level: LogLevel, message: string, fields?: LogFields): void;
}

/** The input of a step's command. The id of the command names the instance and the run. */
export type StepInput = { readonly step: string };
/** The input of the command that undoes a step. */
export type StepUndo = { readonly step: string; readonly output: Json };

function schemaOf<T extends Json>(expected: string, isValid: (value: unknown) => boolean, json: Json): StandardSchemaV1<T, T> {
  return Object.freeze({
    '~standard': Object.freeze({
      version: 1 as const,
      vendor: 'tutti',
      validate: (value: unknown) => (isValid(value) ? { value: value as T } : { issues: [{ message: `expected ${expected}` }] }),
      jsonSchema: Object.freeze({ input: () => json, output: () => json }),
    }),
  });
}

function hasStep(value: unknown): value is { readonly step: string } {
  return typeof value === 'object' && value !== null && typeof (value as { readonly step?: unknown }).step === 'string';
}

const STRING = { type: 'string' };
const anyJson = schemaOf<Json>('JSON', (value) => value !== undefined, {});
const stepInput = schemaOf<StepInput>('the path of a step', hasStep, { type: 'object', properties: { step: STRING }, required: ['step'] });
const stepUndo = schemaOf<StepUndo>('the path and the output of a step', (value) => hasStep(value) && 'output' in value, {
  type: 'object',
  properties: { step: STRING, output: {} },
  required: ['step', 'output'],
});
const stepFailure = schemaOf<{ readonly reason: string; readonly data: Json }>(
  'a reason and data',
  (value) => typeof (value as { readonly reason?: unknown } | null)?.reason === 'string',
  { type: 'object', properties: { reason: STRING, data: {} }, required: ['reason'] },
);

const errors = { [STEP_FAILED]: stepFailure };
const undo = command({ input: stepUndo, errors });
const undone = { command: undo, input: ({ step }: StepInput, output: Json) => ({ step, output }) };

/**
 * The built-in service of each system with an async process: its commands run the bodies of `ctx.run` and their undos. Pass its commands to
 * a client or a test, never to `ctx.call`: `client.complete(steps.run, token, output)`, `steps.run.failed(error)`. A step with
 * `effect: 'once'` is a `steps.once`.
 */
export const steps = service(STEPS, {
  run: command({ input: stepInput, output: anyJson, errors, undo: undone }),
  once: command({ input: stepInput, output: anyJson, errors, undo: undone }),
  undo,
});

/** Whether a command runs or undoes a step of `ctx.run`. */
export function isOfStep(command: string): boolean {
  return command.startsWith(`${STEPS}.`);
}

/** The path of a step for a reader: `trip:1/charge:1` is `trip/charge`, `charge:2` is `charge:2`. */
export function stepText(path: string): string {
  return path
    .replace(/\/(?:undo|retry)$/, '')
    .split('/')
    .map((part) => decoded(part.replace(/:1$/, '')))
    .join('/');
}

/** The name that the code gave the step: `charge` for `trip:1/charge:2`. */
export function stepNameOf(path: string): string {
  return decoded(path.slice(path.lastIndexOf('/') + 1).replace(/:\d+$/, ''));
}

function decoded(part: string): string {
  return part.replaceAll(/%(?:25|2F|3A)/g, decodeURIComponent);
}

/**
 * A command for a reader: its name, the step that it runs or undoes, the subscription that it makes, or the child that it starts. The input
 * names the step of a late undo.
 * `owner`: of an engine command.
 */
export function commandText(command: string, path: string, input?: Json, owner?: string): string {
  if (command === OPERATE) return `the operation on ${instanceText(owner ?? '')}`;
  if (command === SUBSCRIBE) return `the subscription to ${stepNameOf(path.replace(/\/subscribe$/, ''))}`;
  if (owner !== undefined) return `the child ${instanceText(owner)}`;
  if (!isOfStep(command)) return command;
  const step = hasStep(input) ? input.step : path;
  return command === `${STEPS}.undo` ? `the undo of the step ${stepText(step)}` : `the step ${stepText(step)}`;
}
