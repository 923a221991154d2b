import { classify } from '../../core/classify.ts';
import type { Image } from '../../core/image.ts';
import type { Head } from '../../ports/process-store.ts';
import { NOBODY } from '../admit/admission.ts';
import { dispatchContext, dispatchesCausedBy, type Dispatch } from './dispatch.ts';
import type { EngineContext } from '../engine-context.ts';
import { isHot } from './contention.ts';
import { decodeHead, formatFault } from '../../format/head-codec.ts';
import type { Item } from '../advance/item.ts';
import { sendAll } from './send-all.ts';

/**
 * What loaded heads fired and their next commits will drop is sent before these.
 * Each instance can do that alone; where a batch holds several they share calls, so that a batch sends once to a target.
 * What comes again may have been refused, and be refused again: then nothing is committed, so nothing is sent for it here.
 * Returns the instances whose fires were all accepted.
 */
export async function sendPendingTogether(
  context: EngineContext,
  groups: ReadonlyMap<string, readonly Item[]>,
  heads: ReadonlyMap<string, Head | undefined>,
): Promise<ReadonlySet<string>> {
  const unsent: Image[] = [];
  for (const [pid, items] of groups) {
    const head = heads.get(pid);
    // Nothing is committed here for an instance that is hot.
    const image = isHot(context, head) ? undefined : firedBefore(head, items);
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
  return message.receiveCount === 1 && classify(image, target.inbound, target.definition ?? NOBODY) === 'apply';
}

/** A tick that is at hand was sent. An event whose data is stored apart is left to its instance, which reads it anyway. */
function firedBefore(head: Head | undefined, items: readonly Item[]): Image | undefined {
  if (head?.status !== 'running' || !head.control.includes('"fires"') || formatFault(head) !== undefined) return undefined;
  const image = decodeHead(head);
  const isAtHand = (at: number): boolean => items.some(({ target: { inbound } }) => inbound.kind === 'tick' && inbound.tickAt === at);
  image.pendingSends = image.pendingSends.filter(({ kind, at }) => kind !== 'tick' || !isAtHand(at));
  return image.pendingSends.length > 0 && image.pendingSends.every(({ dataref }) => dataref === undefined) ? image : undefined;
}
