import type { Notice } from './delivery.ts';
import { isRetryAfter } from './task.ts';

/** A log line holds no more of what a handler threw: it is somebody else's text. */
const MESSAGE_LENGTH_MAX = 1_000;

/** A notice as one line of JSON for a log; undefined where a handler asked for what befell it. Payloads are never in it. */
export function noticeLine(service: string, { kind, messageId, commandId, message, cause }: Notice): string | undefined {
  if (isRetryAfter(cause)) return undefined;
  const level = kind === 'fault' || kind === 'handler-failed' || kind === 'lease-lost' ? 'warn' : 'error';
  const at = placeOf(cause);
  return JSON.stringify({ level, service, kind, messageId, commandId, message: message.slice(0, MESSAGE_LENGTH_MAX), at });
}

/** Where it was thrown, which tells a bug from a foreign system that is out of reach. */
function placeOf(cause: unknown): string | undefined {
  const frame = cause instanceof Error ? cause.stack?.split('\n').find((line) => line.startsWith('    at ')) : undefined;
  return frame?.trim().slice(3);
}
