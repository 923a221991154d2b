import type { Json } from '../../contract/schema.ts';

type Fields = { readonly [key: string]: Json | undefined };

/** A failure in one line, as `failureName`, with its data behind. */
export function failureText(failure: Json | undefined, command?: string): string {
  const { data } = fields(innermost(failure));
  const name = failureName(failure, command);
  return isEmpty(data) || !isNamed(innermost(failure)) ? name : `${name} ${shownJson(data)}`;
}

/**
 * A failure without its data, from how a journal keeps it: the command that failed and its error, or the error that the
 * process declares, then what was said beside it. `command` is the name of the command where the failure itself has none.
 */
export function failureName(failure: Json | undefined, command?: string): string {
  const inner = innermost(failure);
  const { type, message, data, command: said } = fields(inner);
  const own = typeof said === 'string' ? said : command;
  if (!isNamed(inner)) {
    const text = messageText(data === undefined || data === null ? inner : data, message);
    return command === undefined ? text : `${command} failed: ${text}`;
  }
  const name = typeof type === 'string' ? type : '';
  const failed = own === undefined ? name : `${own} failed with ${name}`;
  return `${failed}${saidBeside(failed, message)}`;
}

/** What made a process fail that declares no such failure. */
function innermost(failure: Json | undefined): Json | undefined {
  const { type, details } = fields(failure);
  return type === 'Other' ? (fields(details)['cause'] ?? failure) : failure;
}

function isNamed(failure: Json | undefined): boolean {
  const { type } = fields(failure);
  return typeof type === 'string' && type !== 'Other' && type !== '';
}

/** A message of its own, in place of the one that every failure has. */
function saidBeside(failed: string, message: Json | undefined): string {
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
