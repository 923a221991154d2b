import { backoffSeconds } from '../../contract/backoff.ts';
import type { ReceivedMessage } from '../../ports/message-queue.ts';
import type { EngineContext } from '../engine-context.ts';

/** A rolling deploy is over after this long; what still is not understood, or not there, is parked. */
export const PATIENCE_MS = 15 * 60_000;
/** What may be understood after a deploy comes again after so long. */
export const DEPLOY_SECONDS = 60;

/** Whether a rolling deploy may still bring a build that understands the message. */
export function isDeploying({ options }: EngineContext, { sentAt }: ReceivedMessage): boolean {
  return options.clock.now() - sentAt < PATIENCE_MS;
}

/** With less than this left, nothing is begun that runs after others. */
export const BEGUN_MS_MIN = 3_000;

function chance({ options }: EngineContext): number {
  return (options.random ?? Math.random)();
}

/** Full jitter of 5 to 50 ms: simultaneous writers of one instance must not meet again. */
export function jitter(context: EngineContext): Promise<void> {
  return context.options.clock.sleep(5 + 45 * chance(context));
}

/** In how many seconds, 1 to 4, an event comes again that lost against others, or for which no time was left. */
export function retrySeconds(context: EngineContext): number {
  return 1 + Math.floor(4 * chance(context));
}

/** In how many seconds a message comes again after a port has failed. */
export function faultSeconds(context: EngineContext, { receiveCount }: Pick<ReceivedMessage, 'receiveCount'>): number {
  return backoffSeconds(receiveCount, chance(context));
}

/** A port has failed, and what was in hand is tried again. */
export function noteFault({ options, health }: EngineContext, error: unknown): void {
  health.failed(options.clock.now());
  options.onFault?.(error);
}
