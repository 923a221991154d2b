import { scopeKey, type HoldScope } from '../../contract/holds.ts';
import { tenantOfPid } from '../../contract/wire/process-id.ts';
import { INBOX, inboxBody, type ReleaseAllMessage, type ReleaseMessage } from '../../format/inbox-message.ts';
import { redriveEach } from '../acknowledge/redrive.ts';
import { noteFault } from '../acknowledge/redelivery-delays.ts';
import { currentHolds, isHeld } from '../advance/held.ts';
import type { EngineContext } from '../engine-context.ts';
import type { Dispatch } from '../send/dispatch.ts';
import { reasonsOf, sendAll } from '../send/send-all.ts';

/** Instances and starts that one pass releases. */
const RELEASED_MAX = 1_000;
/** From one pass to the next: longer, the longer nothing was found. */
const PASS_SECONDS_MIN = 5;
const PASS_SECONDS_MAX = 300;

/** Begins to release what a hold has held. It is sent after the commit that ends the hold, and again by each copy of that message. */
export function sendRelease(context: EngineContext, message: ReleaseAllMessage): Promise<boolean> {
  return sendToInbox(context, [message]);
}

/**
 * Releases the instances that a hold has paused and the starts that it has parked (docs/protocol.md#holds), at most a thousand of each, and sends
 * itself again until the indexes have shown nothing more for as long as they may lag. An instance that is paused after the end is released by the worker that has paused it.
 * Returns whether the message may be acknowledged.
 */
export async function releaseAll(context: EngineContext, message: ReleaseAllMessage): Promise<boolean> {
  const { held } = context.options;
  if (!held || isHeld(await currentHolds(context), message)) return true;
  const { opid, reason, by } = message;
  const { paused, parked, lagMs } = await held.find(scopeOf(message), RELEASED_MAX);
  const hold = scopeKey(message);
  const releases = paused.map((pid): ReleaseMessage => ({ tutti: 'release', pid, hold, opid, reason, by }));
  if (!(await sendToInbox(context, releases)) || !(await redriveEach(context, parked))) return false;
  // A clock may be wrong, and the message late: the queue counts the time since something was found.
  const isFull = paused.length === RELEASED_MAX || parked.length === RELEASED_MAX;
  const waited = paused.length + parked.length > 0 ? 0 : (message.waited ?? 0);
  if (!isFull && waited * 1000 >= lagMs) return true;
  const seconds = Math.min(PASS_SECONDS_MAX, Math.max(PASS_SECONDS_MIN, waited));
  return sendToInbox(context, [{ ...message, waited: waited + seconds }], seconds);
}

function scopeOf({ tenant, process, service }: HoldScope): HoldScope {
  return process === undefined ? { tenant, service } : { tenant, process };
}

/**
 * The instance is paused by a hold that may be over: the end of the hold may have missed it, if it was paused on a stale copy. Returns whether the
 * message may be acknowledged.
 */
export async function releaseUnlessHeld(context: EngineContext, pid: string, hold: string): Promise<boolean> {
  const tenant = tenantOfPid(pid);
  const holds = await currentHolds(context);
  if (holds.some((each) => each.tenant === tenant && scopeKey(each) === hold)) return true;
  const reason = `the pause of the ${hold.replace(':', ' ')} is over`;
  return sendToInbox(context, [{ tutti: 'release', pid, hold, opid: context.nextWriter(), reason, by: context.catalogue.system.name }]);
}

async function sendToInbox(
  context: EngineContext,
  messages: readonly (ReleaseMessage | ReleaseAllMessage)[],
  delaySeconds = 0,
): Promise<boolean> {
  const dispatches = messages.map((message): Dispatch => ({
    to: 'queue',
    queue: INBOX,
    body: inboxBody(message),
    groupId: message.tutti === 'release' ? message.pid : scopeKey(message),
    ...(delaySeconds > 0 && { delaySeconds }),
    n: 0,
  }));
  const [reason] = reasonsOf(await sendAll(dispatches, context.options.sender));
  if (reason !== undefined) noteFault(context, `The end of a pause could not be sent and is tried again: ${reason}`);
  return reason === undefined;
}
