import { OrchestratorError } from '../contract/errors.ts';
import type { Notice } from '../service/delivery.ts';
import { isRetryAfter } from '../service/task.ts';

/** What befell a command in a service that runs here, as `onFault` is told; undefined where its handler has asked for it. */
export function serviceFault(service: string, { kind, messageId, commandId, message, cause }: Notice): OrchestratorError | undefined {
  if (isRetryAfter(cause)) return undefined;
  const what = kind === 'handler-failed' ? `its handler threw ${message}${placeOf(cause)}` : message;
  return new OrchestratorError('SERVICE_FAULT', `${service}, ${commandId ?? `message ${messageId}`}: ${what}`, {
    retryable: kind === 'handler-failed' || kind === 'fault',
    remedy: 'Correct the handler, or mend what it needs; what may be tried again is tried again.',
    cause,
  });
}

/** Where it was thrown, which tells a bug from a foreign system that is out of reach. */
function placeOf(cause: unknown): string {
  const frame = cause instanceof Error ? cause.stack?.split('\n').find((line) => line.startsWith('    at ')) : undefined;
  return frame === undefined ? '' : ` ${frame.trim()}`;
}
