import type { Json } from '../lib/contract/schema.ts';

type Fields = { readonly [key: string]: Json | undefined };

/**
 * A failure in one line, from how a journal keeps it: the command that failed and its error, or the error that the process
 * declares, then the data. `command` is its name where the failure itself does not say it.
 */
export function failureText(failure: Json | undefined, command?: string): string {
  const { type, message, data, details, command: said } = fields(failure);
  const own = typeof said === 'string' ? said : command;
  const { cause } = fields(details);
  if (type === 'Other' && cause !== undefined) return failureText(cause);
  if (typeof type !== 'string' || type === 'Other' || type === '') {
    const text = messageText(data === undefined || data === null ? failure : data, message);
    return command === undefined ? text : `${command} failed: ${text}`;
  }
  const failed = own === undefined ? type : `${own} failed with ${type}`;
  return `${failed}${saidBeside(failed, message)}${isEmpty(data) ? '' : ` ${shownJson(data)}`}`;
}

/** What somebody wrote in place of the message that every failure has. */
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
