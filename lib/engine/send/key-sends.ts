import { SUBSCRIBERS_MAX } from '../../contract/keys.ts';
import { buildCommandId, pidOfCommand } from '../../contract/wire/process-id.ts';
import type { Image } from '../../core/image.ts';
import { holdsSubscription } from '../../core/subscriptions.ts';
import type { Item } from '../admit/admission.ts';
import { replyDispatch, type Dispatch, type DispatchContext } from './dispatch.ts';
import { asSent, toInbox, unsubscription } from './key-messages.ts';

/**
 * The sends of a message of a key that have no place in a head, because each copy of the message causes them again:
 *
 * - the reply to a subscription;
 * - the return of a copy whose subscription has ended;
 * - the end of a subscription to which the key replies after the run has ended: the two messages had overtaken each other.
 */
export function keySends(
  { target: { pid, inbound, owned, ofKey }, verdict }: Item,
  image: Image | undefined,
  context: DispatchContext,
): Dispatch[] {
  if (owned && inbound.kind === 'reply') {
    const isHeld = inbound.outcome !== 'completed' || (image !== undefined && holdsSubscription(image, inbound.run, inbound.n));
    return isHeld ? [] : [unsubscription(buildCommandId(pid, inbound.run, inbound.n), owned.owner, inbound.at)];
  }
  if (inbound.kind === 'key' && inbound.act === 'subscribe' && (verdict === 'apply' || verdict === 'dup' || verdict === 'closed'))
    return image ? [replyTo(image, inbound, verdict === 'closed', context)] : [];
  const forward = ofKey?.forward;
  return forward && verdict === 'closed' ? [toInbox({ ...asSent(forward), tutti: 'return' }, forward.owner)] : [];
}

function replyTo(
  image: Image,
  { id, hash = '', name }: Extract<Item['target']['inbound'], { kind: 'key' }>,
  isTooWide: boolean,
  context: DispatchContext,
): Dispatch {
  const answered = { commandId: id, hash };
  if (!isTooWide) return replyDispatch(image, answered, { outcome: 'completed', data: null }, context);
  const message = `${SUBSCRIBERS_MAX} instances wait for one key of ${String(name?.event)}, and ${pidOfCommand(id)} would be one more: at most ${SUBSCRIBERS_MAX} may wait.`;
  return replyDispatch(image, answered, { outcome: 'failed', data: { type: 'KEY_TOO_WIDE', message, data: null } }, context);
}
