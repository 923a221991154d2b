import { backoffSeconds } from '../../contract/backoff.ts';
import type { ReceivedMessage } from '../../ports/message-queue.ts';
import type { EngineContext } from '../engine-context.ts';

/** A rolling deploy takes at most this long; a message that is not understood after it is parked. */
export const PATIENCE_MS = 15 * 60_000;
/** Delay before retrying a message written by a newer contract version. */
export const DEPLOY_SECONDS = 60;

/** Whether a rolling deploy may still start a build that understands the message. */
export function isDeploying({ options }: EngineContext, { sentAt }: ReceivedMessage): boolean {
  return options.clock.now() - sentAt < PATIENCE_MS;
}

/** With less time than this left, the engine begins no work that runs after other work. */
export const BEGUN_MS_MIN = 3_000;

function chance({ options }: EngineContext): number {
  return (options.random ?? Math.random)();
}

/** Waits 5 to 50 ms, with jitter: workers that wrote one instance at the same time must not do so again. */
export function jitter(context: EngineContext): Promise<void> {
  return context.options.clock.sleep(5 + 45 * chance(context));
}

/** Seconds, 1 to 4, until an event is redelivered that lost its conflicts, or for which no time was left. */
export function retrySeconds(context: EngineContext): number {
  return 1 + Math.floor(4 * chance(context));
}

/** Seconds until a message is redelivered after a port has failed. */
export function faultSeconds(context: EngineContext, { receiveCount }: Pick<ReceivedMessage, 'receiveCount'>): number {
  return backoffSeconds(receiveCount, chance(context));
}

/** Reports the error of a port; the caller retries. */
export function noteFault({ options, health }: EngineContext, error: unknown): void {
  health.failed(options.clock.now());
  options.onFault?.(error);
}
