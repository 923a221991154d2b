import { createHash } from 'node:crypto';
import type { Dispatch } from './dispatch.ts';
import type { EngineContext } from '../engine-context.ts';
import { forwardedBody, HOT_LANE } from '../../format/inbox-message.ts';
import { faultSeconds, noteFault } from '../acknowledge/redelivery-delays.ts';
import { sendAll } from './send-all.ts';
import type { HandledMessage } from '../acknowledge/acknowledge.ts';

/**
 * The hot lane (docs/protocol.md#hot-lane).
 * F1: forwarding decides nothing, so it needs no condition: the message is acknowledged when a copy of it is in the lane, and the copy is
 *     decided as any message is, by the same conditional write.
 * F2: a copy has a new id, so it is forced: what its event caused is sent again by its key.
 * F3: what came from the lane is never forwarded, so no message goes round.
 */

/**
 * Sends each message with an event to be forwarded to the lane of that event's instance, whole: its other events are then duplicates, or
 * are decided there too. What cannot be sent comes again.
 */
export async function forwardDeliveries(context: EngineContext, deliveries: readonly HandledMessage[]): Promise<void> {
  const forwarded = deliveries.filter(
    ({ items }) => items.some((item) => item.forwarded) && items.every((item) => item.giveBackSeconds === undefined),
  );
  if (forwarded.length === 0) return;
  const results = await sendAll(forwarded.map(dispatchOf), context.options.sender);
  for (const [i, result] of results.entries()) {
    if (result === 'sent') continue;
    const delivery = forwarded[i] as HandledMessage;
    noteFault(context, `A message could not be forwarded to the hot lane and is tried again: ${result.reason}`);
    delivery.giveBackSeconds = faultSeconds(context, delivery.message);
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

/** SQS takes 128 characters for a group, and not all that a pid may hold. */
function laneGroup(pid: string): string {
  return createHash('sha256').update(pid).digest('hex').slice(0, 32);
}
