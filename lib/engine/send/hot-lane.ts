import { createHash } from 'node:crypto';
import type { Image } from '../../core/image.ts';
import type { HandledMessage } from '../admit/admission.ts';
import type { EngineContext } from '../engine-context.ts';
import type { Dispatch } from './dispatch.ts';
import { HOT_LANE, forwardedBody } from '../../format/inbox-message.ts';
import { faultSeconds, noteFault } from '../acknowledge/redelivery-delays.ts';
import { sendAll } from './send-all.ts';

/**
 * The hot lane (docs/protocol.md#hot-lane): a FIFO queue for instances that many workers write to at once.
 *
 * F1 Forwarding decides nothing, so it needs no condition: the message is acknowledged when its copy is in the lane, and the copy is decided
 *    as any message is, by the same conditional write.
 * F2 A copy has a new message id, so it is forced: the sends that its event caused are found by the event's key.
 * F3 A message from the lane is never forwarded again.
 */

/** How long an instance stays hot after a commit that met a conflict. A later event is decided by the worker that receives it. */
const HOT_MS = 2_000;

/** Whether events of the instance are forwarded at once. */
export function isHot(context: EngineContext, instance: { readonly hotUntil?: number } | undefined): boolean {
  return context.forwards && (instance?.hotUntil ?? 0) > context.options.clock.now();
}

/** Before a commit: marks an instance that has met a conflict as hot, and ends a mark that has expired. */
export function markContention({ options }: EngineContext, image: Image, contended: boolean): void {
  const now = options.clock.now();
  if (contended && options.hotLane) image.hotUntil = now + HOT_MS;
  else if (image.hotUntil !== undefined && image.hotUntil <= now) delete image.hotUntil;
}

/**
 * Sends each message with a forwarded event to the lane of that event's instance, whole: its other events are duplicates there, or are decided
 * there too. A message that cannot be sent is redelivered.
 */
export async function forwardDeliveries(context: EngineContext, deliveries: readonly HandledMessage[]): Promise<void> {
  const forwarded = deliveries.filter(
    ({ items }) => items.some((item) => item.forwarded) && items.every((item) => item.retryInSeconds === undefined),
  );
  if (forwarded.length === 0) return;
  const results = await sendAll(forwarded.map(dispatchOf), context.options.sender);
  for (const [i, result] of results.entries()) {
    if (result === 'sent') continue;
    const delivery = forwarded[i] as HandledMessage;
    noteFault(context, `A message could not be forwarded to the hot lane and is tried again: ${result.reason}`);
    delivery.retryInSeconds = faultSeconds(context, delivery.message);
  }
}

function dispatchOf({ message, items }: HandledMessage): Dispatch {
  return {
    to: 'queue',
    queue: HOT_LANE,
    body: forwardedBody(message),
    groupId: laneGroup(items.find((item) => item.forwarded)?.target.pid ?? ''),
    n: 0,
  };
}

/** SQS allows 128 characters for a group, and not every character of a pid. */
function laneGroup(pid: string): string {
  return createHash('sha256').update(pid).digest('hex').slice(0, 32);
}
