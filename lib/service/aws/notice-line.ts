import { isOrchestratorError } from '../../contract/errors.ts';
import { visibleText } from '../../contract/wire/visible-text.ts';
import type { ServiceNotice } from '../consumer/in-flight.ts';
import { lastErrorFrom } from '../consumer/run-error.ts';
import { isRetryAfter } from '../task.ts';

/** Limits the text of an error that a handler threw. */
const MESSAGE_LENGTH_MAX = 1_000;

export interface NoticeLineOptions {
  /** The name of the service. */
  readonly service: string;
  /** The name of the system that sent the command. @default the first or only system of the service */
  readonly system?: string | undefined;
  readonly now: number;
  /** Whether the line contains the error's message, which may quote the handler's input. @default false */
  readonly messages?: boolean;
}

/**
 * Returns a notice as one line of JSON for a log, or undefined if the command only waits: for its limit, or as its handler asked. The line contains the command
 * id, the error's code, the fields that a contract refused and the place in the code. It contains no payload and, unless `messages` is set,
 * no text that may quote one. Lambda reads the level of a line only if the line has a timestamp, and otherwise assumes INFO ("Log-level
 * filtering").
 */
export function noticeLine(notice: ServiceNotice, { service, system, now, messages = false }: NoticeLineOptions): string | undefined {
  const { kind, messageId, commandId, message, cause } = notice;
  if (kind === 'limited' || isRetryAfter(cause)) return undefined;
  const level = kind === 'fault' || kind === 'handler-failed' || kind === 'lease-lost' || kind === 'held' ? 'warn' : 'error';
  const line = {
    timestamp: new Date(now).toISOString(),
    level,
    service,
    system,
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

/** The paths of the fields that break the contract, without their values. */
function fieldsOf(cause: unknown): readonly string[] | undefined {
  if (!isOrchestratorError(cause)) return undefined;
  const { issues } = (cause.details ?? {}) as { readonly issues?: readonly { readonly path: string }[] };
  return issues?.map(({ path }) => path);
}

/**
 * The innermost stack frame, which tells a bug from an unavailable foreign system. The message is skipped, since a line of it may look
 * like a frame.
 */
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
