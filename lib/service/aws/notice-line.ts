import { isOrchestratorError } from '../../contract/errors.ts';
import { visibleText } from '../../contract/wire/visible-text.ts';
import type { ServiceNotice } from '../consumer/in-flight.ts';
import { lastErrorFrom } from '../consumer/run-error.ts';
import { isRetryAfter } from '../task.ts';

/** A log line holds no more of what a handler threw: it is somebody else's text. */
const MESSAGE_LENGTH_MAX = 1_000;

export interface NoticeLineOptions {
  /** The name of the service. */
  readonly service: string;
  readonly now: number;
  /** Also the message, in which a handler may say anything of its input. @default false */
  readonly messages?: boolean;
}

/**
 * A notice as one line of JSON for a log; undefined where a handler asked for what came of its run. It names the command, the code of
 * what was thrown, the fields that a contract refuses and the place in the code. Payloads are never in it, nor text that may quote them, unless
 * `messages` asks for it. Lambda takes the level of such a line only where a timestamp stands beside it, and INFO otherwise
 * ("Log-level filtering").
 */
export function noticeLine(notice: ServiceNotice, { service, now, messages = false }: NoticeLineOptions): string | undefined {
  const { kind, messageId, commandId, message, cause } = notice;
  if (isRetryAfter(cause)) return undefined;
  const level = kind === 'fault' || kind === 'handler-failed' || kind === 'lease-lost' ? 'warn' : 'error';
  const line = {
    timestamp: new Date(now).toISOString(),
    level,
    service,
    kind,
    messageId,
    commandId,
    code: cause === undefined ? undefined : lastErrorFrom(cause).code,
    fields: fieldsOf(cause),
    message: messages ? message.slice(0, MESSAGE_LENGTH_MAX) : undefined,
    at: placeOf(cause),
  };
  return visibleText(JSON.stringify(line));
}

/** Where data does not keep to its contract, without what stands there. */
function fieldsOf(cause: unknown): readonly string[] | undefined {
  if (!isOrchestratorError(cause)) return undefined;
  const { issues } = (cause.details ?? {}) as { readonly issues?: readonly { readonly path: string }[] };
  return issues?.map(({ path }) => path);
}

/** Where it was thrown, which tells a bug from a foreign system that is out of reach. A line of the message may look like a frame. */
function placeOf(cause: unknown): string | undefined {
  if (!(cause instanceof Error) || typeof cause.stack !== 'string') return undefined;
  const at = cause.stack.indexOf(cause.message);
  const frames = at === -1 ? '' : cause.stack.slice(at + cause.message.length);
  return frames
    .split('\n')
    .find((line) => line.startsWith('    at '))
    ?.trim()
    .slice(3);
}
