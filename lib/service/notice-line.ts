import type { Notice } from './delivery.ts';
import { isRetryAfter } from './task.ts';

/** A log line holds no more of what a handler threw: it is somebody else's text. */
const MESSAGE_LENGTH_MAX = 1_000;

/**
 * A notice as one line of JSON for a log; undefined where a handler asked for what came of its run. Payloads are never in it. Lambda takes the
 * level of such a line only where a timestamp stands beside it, and INFO otherwise ("Log-level filtering").
 */
export function noticeLine(service: string, notice: Notice, now: number): string | undefined {
  const { kind, messageId, commandId, message, cause } = notice;
  if (isRetryAfter(cause)) return undefined;
  const level = kind === 'fault' || kind === 'handler-failed' || kind === 'lease-lost' ? 'warn' : 'error';
  const at = placeOf(cause);
  const text = message.slice(0, MESSAGE_LENGTH_MAX);
  return JSON.stringify({ timestamp: new Date(now).toISOString(), level, service, kind, messageId, commandId, message: text, at });
}

/** Where it was thrown, which tells a bug from a foreign system that is out of reach. */
function placeOf(cause: unknown): string | undefined {
  const frame = cause instanceof Error ? cause.stack?.split('\n').find((line) => line.startsWith('    at ')) : undefined;
  return frame?.trim().slice(3);
}
