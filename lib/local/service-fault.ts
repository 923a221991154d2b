import { ServiceFault } from '../contract/errors.ts';
import { atUserFrame } from '../engine/user-frame.ts';
import type { ServiceNotice } from '../service/consumer/in-flight.ts';
import { isRetryAfter } from '../service/task.ts';

/** The error for `onFault` about a command of a service in this process; undefined if it only waits: for its limit, or as its handler asked. */
export function serviceFault(service: string, { kind, messageId, commandId, message, cause }: ServiceNotice): ServiceFault | undefined {
  if (kind === 'limited' || isRetryAfter(cause)) return undefined;
  const what = kind === 'handler-failed' ? `its handler threw ${message} ${atUserFrame(cause)}`.trimEnd() : message;
  return new ServiceFault(`${service}, ${commandId ?? `message ${messageId}`}: ${what}`, {
    retryable: kind === 'handler-failed' || kind === 'fault' || kind === 'held',
    remedy: 'Fix the handler, or the system that it calls. A retryable command runs again.',
    cause,
  });
}
