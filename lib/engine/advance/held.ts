import {
  heldDetail,
  HOLDS_PID,
  holdOfInstance,
  scopeKey,
  isSameScope,
  type Hold,
  type HoldScope,
  type HoldsState,
} from '../../contract/holds.ts';
import { tenantOfPid } from '../../contract/wire/process-id.ts';
import { actIdentity } from '../../core/identity.ts';
import { isClosed, type Image } from '../../core/image.ts';
import type { OperationInbound, StartInbound } from '../../core/inbound.ts';
import { decodeHead, resolveReferences } from '../../format/head-codec.ts';
import { sha256 } from '../../format/inbox-message.ts';
import type { Head } from '../../ports/process-store.ts';
import { idAt, parkMessage } from '../acknowledge/park.ts';
import { redrive } from '../acknowledge/redrive.ts';
import { decidesOn, type Item } from '../admit/admission.ts';
import type { EngineContext } from '../engine-context.ts';

/**
 * The hold of a process or a service keeps an event from being decided (docs/protocol.md#holds).
 *
 * L1 A worker knows the holds from a copy. It pauses an instance in the commit in which it would have decided on an event, and parks a start
 *    that would begin a run. An instance without an event costs nothing.
 * L2 The copy may be stale. After the commit, and after a start is parked, the worker reads the holds strongly: if the hold is over, it
 *    releases the instance, or sends the start back. The end of a hold, in release-held.ts, finds everything else.
 * L3 The pause of a hold is an operation, whose identity is in the ring: an instance that an operator has resumed is not paused again.
 */

/** The holds in the head of their instance. */
export async function readHolds(context: EngineContext, head: Head): Promise<readonly Hold[]> {
  if (head.status === 'early') return [];
  const image = decodeHead(head);
  await resolveReferences(image, context.readPayload);
  return (image.view?.data as unknown as HoldsState | undefined)?.holds ?? [];
}

/** The holds as they are now, which the worker then knows: a start that it sends back may come to it at once. */
export async function currentHolds(context: EngineContext): Promise<readonly Hold[]> {
  const { holds, options } = context;
  const [head] = await options.store.load([HOLDS_PID], { consistent: true });
  holds.list = head ? await readHolds(context, head) : [];
  holds.version = head?.version ?? 0;
  holds.readAt = options.clock.now();
  return holds.list;
}

/** The hold that applies to an event with this verdict: that of its process, or that of a service to which a decision on it has sent. */
export function holdOn(holds: readonly Hold[], image: Image | undefined, item: Item): Hold | undefined {
  const { inbound, pid } = item.target;
  if (isOperator(item) || !(decidesOn(item) || (inbound.kind === 'start' && item.verdict === 'wait'))) return undefined;
  // The undos of an ended run go on.
  if (image && isClosed(image.status) && inbound.kind !== 'start') return undefined;
  const hold = item.hold ?? holdOfInstance(holds, pid);
  return hold && !isReleased(image, pid, hold) ? hold : undefined;
}

/** An operation, or the fork that an operator has asked for. */
function isOperator({ target: { inbound } }: Item): boolean {
  return inbound.kind === 'operate' || (inbound.kind === 'start' && inbound.fork !== undefined);
}

/** An operator has resumed or cancelled this instance while it was held. */
function isReleased(image: Image | undefined, pid: string, { id }: Hold): boolean {
  return image?.starts.includes(actIdentity(sha256, pid, id)) ?? false;
}

/** The operation by which a hold pauses an instance. */
export function pauseBy(hold: Hold, image: Image, { target: { pid, inbound } }: Item): OperationInbound {
  const { id, at, reason, by, sender, clock, process } = hold;
  // The process has decided nothing since its last event; a service was not needed until now.
  const since = process === undefined ? inbound.at : Math.max(at, image.clock);
  return {
    kind: 'operate',
    key: `o:${id}`,
    messageId: inbound.messageId,
    forced: false,
    at: inbound.at,
    hops: 0,
    id,
    identity: actIdentity(sha256, pid, id),
    act: 'pause',
    reason,
    by,
    ...(sender !== undefined && { sender }),
    clock,
    hold: scopeKey(hold),
    ...(since < inbound.at && { since }),
  };
}

/** The hold of a service to which the decision on this event sends a command. */
export function heldService({ holds, catalogue }: EngineContext, image: Image | undefined, item: Item): Hold | undefined {
  const { inbound, pid } = item.target;
  if (!image || isOperator(item)) return undefined;
  for (const { cause, command } of image.commands.values()) {
    const service = cause === inbound.key ? catalogue.system.commands.get(command)?.service : undefined;
    const hold = service === undefined ? undefined : holds.list.find((each) => isSameScope(each, { tenant: tenantOfPid(pid), service }));
    if (hold && !isReleased(image, pid, hold)) return hold;
  }
  return undefined;
}

/** Whether a hold of this scope is in force. */
export function isHeld(holds: readonly Hold[], scope: HoldScope): boolean {
  return holds.some((each) => isSameScope(each, scope));
}

/** Parks a start that a hold keeps from beginning a run. Returns whether the message may be acknowledged. */
export async function parkHeld(context: EngineContext, { message, target, hold }: Item): Promise<boolean> {
  const { pid, inbound } = target;
  const { time, identity } = inbound as StartInbound;
  const held = hold as Hold;
  const id = idAt(Math.max(0, Date.parse(time)), identity);
  await parkMessage(context.options, message, { pid, id, reason: 'HELD', detail: heldDetail(held) });
  if (isHeld(await currentHolds(context), held)) return true;
  await redrive(context, pid, [id]);
  return (await context.options.parking.parked(pid, [id])).length === 0;
}
