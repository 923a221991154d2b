import type { Json } from '../../contract/schema.ts';
import { commandText, STEP_FAILED } from '../../contract/steps.ts';

type Fields = { readonly [key: string]: Json | undefined };

/** A failure in one line: `failureName`, then its data. */
export function failureText(failure: Json | undefined, command?: string): string {
  const inner = innermost(failure);
  const whole = fields(inner)['data'];
  const data = isOfStepFailed(inner) ? fields(whole)['data'] : whole;
  const name = failureName(failure, command);
  return isEmpty(data) || !isNamed(innermost(failure)) ? name : `${name} ${shownJson(data)}`;
}

/**
 * A failure without its data, from its form in a journal: the failed command and its error, or the declared error of the process, then
 * the message. `command` names the command if the failure does not.
 */
export function failureName(failure: Json | undefined, command?: string): string {
  const inner = innermost(failure);
  const { type, message, data } = fields(inner);
  const own = commandOf(inner) ?? command;
  if (!isNamed(inner)) {
    const text = messageText(data === undefined || data === null ? inner : data, message);
    return command === undefined ? text : `${command} failed: ${text}`;
  }
  const name = typeof type === 'string' ? type : '';
  const failed = own === undefined ? name : isOfStepFailed(inner) ? `${own} failed` : `${own} failed with ${name}`;
  return `${failed}${ownMessage(failed, message)}`;
}

/** The failed command for a reader, if the failure names it. */
function commandOf(inner: Json | undefined): string | undefined {
  const { command, details } = fields(inner);
  const { step } = fields(details);
  if (typeof command !== 'string') return undefined;
  return typeof step === 'string' ? commandText(command, step) : command;
}

/** `throw task.fail(reason)` in the body of `ctx.run`. */
function isOfStepFailed(inner: Json | undefined): boolean {
  return fields(inner)['type'] === STEP_FAILED;
}

/** The cause of a failure that the process does not declare. */
function innermost(failure: Json | undefined): Json | undefined {
  const { type, details } = fields(failure);
  return type === 'Other' ? (fields(details)['cause'] ?? failure) : failure;
}

function isNamed(failure: Json | undefined): boolean {
  const { type } = fields(failure);
  return typeof type === 'string' && type !== 'Other' && type !== '';
}

/** The message of the failure, unless it is the generated one. */
function ownMessage(failed: string, message: Json | undefined): string {
  const text = typeof message === 'string' ? message.replace(/\.$/, '') : '';
  return text === '' || text === failed || / failed with \S+$/.test(text) ? '' : `: ${text}`;
}

export function messageText(failure: Json | undefined, fallback?: Json): string {
  const { message, reason } = fields(failure);
  const text = message ?? reason ?? fallback;
  return typeof text === 'string' ? text : 'no reason was given';
}

function isEmpty(data: Json | undefined): data is null | undefined {
  return data === undefined || data === null || (typeof data === 'object' && Object.keys(data).length === 0);
}

function fields(value: Json | undefined): Fields {
  return typeof value === 'object' && value !== null && !Array.isArray(value) ? (value as Fields) : {};
}

const SHOWN_LENGTH_MAX = 100;

export function shownJson(data: Json): string {
  const text = JSON.stringify(data);
  return text.length <= SHOWN_LENGTH_MAX ? text : `${text.slice(0, SHOWN_LENGTH_MAX)}…`;
}
