import type { Image } from '../../core/image.ts';
import { type Dispatch, dispatchContext, dispatchesCausedBy } from './dispatch.ts';
import type { EngineContext } from '../engine-context.ts';
import { decodeHead, formatFault, resolveReferences } from '../../format/head-codec.ts';
import { sendAll } from './send-all.ts';
import { classify } from '../../core/classify.ts';
import type { Head } from '../../ports/process-store.ts';
import { type Item, NO_DEFINITION } from '../admit/admission.ts';
import { isHot } from './hot-lane.ts';

/** A new run drops the commands and pending sends of the closed run. They may not have been sent, so they are sent first. */
export async function sendLeft(context: EngineContext, image: Image): Promise<boolean> {
  await resolveReferences(image, context.readPayload);
  return sendCaused(context, image);
}

/** Sends the pending sends of an earlier commit, which the next commit drops. Commands stay in the image, so they are left out. */
export function sendPending(context: EngineContext, image: Image): Promise<boolean> {
  return sendCaused(context, { ...image, commands: new Map() });
}

async function sendCaused(context: EngineContext, image: Image): Promise<boolean> {
  const left = dispatchesCausedBy(image, dispatchContext(context), () => true);
  const results = await sendAll(left, context.options.sender, context.options.publisher);
  return results.every((result) => result === 'sent');
}

/**
 * Sends the pending sends of the loaded heads, which their next commits drop. Each instance can do that alone; several of a batch share calls,
 * so that a batch sends once to a target. A redelivered event may have been refused, and be refused again: then nothing is committed, so
 * nothing is sent for it here. Returns the instances whose pending sends were all accepted.
 */
export async function sendPendingTogether(
  context: EngineContext,
  groups: ReadonlyMap<string, readonly Item[]>,
  heads: ReadonlyMap<string, Head | undefined>,
): Promise<ReadonlySet<string>> {
  const unsent: Image[] = [];
  for (const [pid, items] of groups) {
    const head = heads.get(pid);
    // The events of a hot instance are forwarded, so nothing is committed here.
    const image = isHot(context, head) ? undefined : sendsBefore(head, items);
    if (image && items.some((item) => applies(image, item))) unsent.push(image);
  }
  if (unsent.length < 2) return new Set();
  const dispatches: Dispatch[] = [];
  const senders: string[] = [];
  for (const image of unsent)
    for (const dispatch of dispatchesCausedBy({ ...image, commands: new Map() }, dispatchContext(context), () => true)) {
      dispatches.push(dispatch);
      senders.push(image.pid);
    }
  const results = await sendAll(dispatches, context.options.sender, context.options.publisher);
  const sent = new Set(unsent.map(({ pid }) => pid));
  for (const [i, result] of results.entries()) if (result !== 'sent') sent.delete(senders[i] as string);
  return sent;
}

function applies(image: Image, { message, target }: Item): boolean {
  return message.receiveCount === 1 && classify(image, target.inbound, target.definition ?? NO_DEFINITION) === 'apply';
}

/** A tick that was received was sent. An event with data in the payload store is left to its instance, which reads it anyway. */
function sendsBefore(head: Head | undefined, items: readonly Item[]): Image | undefined {
  if (head?.status !== 'running' || !head.control.includes('"fires"') || formatFault(head) !== undefined) return undefined;
  const image = decodeHead(head);
  const isReceived = (at: number): boolean => items.some(({ target: { inbound } }) => inbound.kind === 'tick' && inbound.tickAt === at);
  image.pendingSends = image.pendingSends.filter(({ kind, at }) => kind !== 'tick' || !isReceived(at));
  return image.pendingSends.length > 0 && image.pendingSends.every(({ dataref }) => dataref === undefined) ? image : undefined;
}
