import { createHash } from 'node:crypto';
import type { Image } from '../core/image.ts';
import type { Dispatch } from './dispatch.ts';
import type { EngineContext } from './engine-context.ts';
import { forwardedBody, HOT_LANE } from './inbox-message.ts';
import { sendAll } from './send-all.ts';
import type { Delivery } from './settle.ts';

/**
 * The hot lane (ARCHITECTURE.md, When many write to one instance).
 * F1: forwarding decides nothing, so it needs no condition: the message is acknowledged when a copy of it is in the lane, and the copy is
 *     decided as any message is, by the same conditional write.
 * F2: a copy has a new id, so it is forced: what its event caused is sent again by its key.
 * F3: what came from the lane is never forwarded, so no message goes round.
 */

/** So long an instance stays hot after a commit that met others. What comes later is decided where it arrives, and may find it hot again. */
const HOT_MS = 2_000;

/** Whether events of the instance go to the lane at once. */
export const isHot = (context: EngineContext, instance: { readonly hotUntil?: number } | undefined): boolean =>
  context.forwards && (instance?.hotUntil ?? 0) > context.options.clock.now();

/** Before a commit: it has met other writers, or the time since one did is over. */
export const markHeat = ({ options }: EngineContext, image: Image, contended: boolean): void => {
  const now = options.clock.now();
  if (contended && options.hotLane) image.hotUntil = now + HOT_MS;
  else if (image.hotUntil !== undefined && image.hotUntil <= now) delete image.hotUntil;
};

/**
 * Sends each message with an event to be forwarded to the lane of that event's instance, whole: its other events are then duplicates, or
 * are decided there too. What cannot be sent comes again.
 */
export const forwardDeliveries = async (context: EngineContext, deliveries: readonly Delivery[]): Promise<void> => {
  const forwarded = deliveries.filter(
    ({ items }) => items.some((item) => item.forwarded) && items.every((item) => item.giveBackSeconds === undefined),
  );
  if (forwarded.length === 0) return;
  const results = await sendAll(forwarded.map(dispatchOf), context.options.sender);
  for (const [i, result] of results.entries()) {
    if (result === 'sent') continue;
    context.options.onFault?.(`A message could not be forwarded to the hot lane and is tried again: ${result.reason}`);
    forwarded[i]!.giveBackSeconds = 1;
  }
};

const dispatchOf = ({ message, items }: Delivery): Dispatch => ({
  to: 'queue',
  queue: HOT_LANE,
  body: forwardedBody(message),
  groupId: laneGroup(items.find((item) => item.forwarded)?.target.pid ?? ''),
  n: 0,
});

/** SQS takes 128 characters for a group, and not all that a pid may hold. */
const laneGroup = (pid: string): string => createHash('sha256').update(pid).digest('hex').slice(0, 32);
