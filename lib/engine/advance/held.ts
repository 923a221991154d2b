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
import { remember } from '../../core/signal-ring.ts';
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
 * L3 The pause of a hold is an operation, whose identity is in the ring: an instance that an operator has resumed is not paused again. A cancel
 *    of an instance that is not paused yet puts that identity there.
 * L4 A hold that refuses starts is read before it refuses one, because a refusal is final. A start that is redelivered looks for its refused copy.
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

/**
 * The hold that applies to an event with this verdict: that of its process, or that of a service to which a decision on it has sent. `refused`:
 * the event is a start that a hold has refused.
 */
export async function holdOn(context: EngineContext, image: Image | undefined, item: Item): Promise<Hold | 'refused' | undefined> {
  const isRefusable = begins(image, item) && mayBeRefused(item);
  if (isRefusable && (await wasRefused(context, item))) return 'refused';
  const hold = knownHold(context.holds.list, image, item);
  if (hold?.starts !== 'reject' || !isRefusable) return hold;
  const holds = await currentHolds(context);
  item.hold = holds.find((each) => isSameScope(each, hold));
  return knownHold(holds, image, item);
}

function knownHold(holds: readonly Hold[], image: Image | undefined, item: Item): Hold | undefined {
  const { inbound, pid } = item.target;
  if (isOperator(item) || !(decidesOn(item) || (inbound.kind === 'start' && item.verdict === 'wait'))) return undefined;
  // The undos of an ended run go on.
  if (image && isClosed(image.status) && inbound.kind !== 'start') return undefined;
  const hold = item.hold ?? holdOfInstance(holds, pid);
  return hold && !isReleased(image, pid, hold) ? hold : undefined;
}

/** Whether the event is a start that would begin a run, now or later. */
function begins(image: Image | undefined, item: Item): boolean {
  return item.target.inbound.kind === 'start' && image?.status !== 'running' && (decidesOn(item) || item.verdict === 'wait');
}

/** Only a start by a client or an event is refused: a parent, a gate and a head wait for the run that they begin. */
function mayBeRefused({ target: { inbound } }: Item): boolean {
  return inbound.kind === 'start' && inbound.parent === undefined && inbound.fork === undefined && inbound.waited === undefined;
}

/** The worker that has refused the start has crashed before it could acknowledge the message. */
async function wasRefused({ options }: EngineContext, { message, target: { pid, inbound } }: Item): Promise<boolean> {
  if (message.receiveCount === 1 || inbound.forced) return false;
  const parked = await options.parking.parked(pid, [heldId(inbound as StartInbound)]);
  return parked.some(({ reason }) => reason === 'REFUSED');
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
export function heldService(context: EngineContext, image: Image, item: Item): Hold | undefined {
  if (isOperator(item)) return undefined;
  return holdsOfServices(context, image, item).find((hold) => !isReleased(image, item.target.pid, hold));
}

/** No hold that this worker knows pauses an instance that an operator cancels: its undos go on. */
export function passHolds(context: EngineContext, image: Image, item: Item): void {
  const { pid, inbound } = item.target;
  if (inbound.kind !== 'operate' || inbound.act !== 'cancel' || isClosed(image.status)) return;
  for (const hold of [holdOfInstance(context.holds.list, pid), ...holdsOfServices(context, image, item)])
    if (hold && !isReleased(image, pid, hold)) remember(image.starts, actIdentity(sha256, pid, hold.id));
}

/** The holds of the services to which the decision on this event sends commands. */
function holdsOfServices({ holds, catalogue }: EngineContext, image: Image, { target: { pid, inbound } }: Item): readonly Hold[] {
  const tenant = tenantOfPid(pid);
  const caused = [...image.commands.values()].filter(({ cause }) => cause === inbound.key);
  const services = new Set(caused.map(({ command }) => catalogue.system.commands.get(command)?.service));
  return holds.list.filter((each) => each.tenant === tenant && services.has(each.service) && each.service !== undefined);
}

/** Whether a hold of this scope is in force. */
export function isHeld(holds: readonly Hold[], scope: HoldScope): boolean {
  return holds.some((each) => isSameScope(each, scope));
}

/** Parks a start that a hold keeps from beginning a run, or refuses. Returns whether the message may be acknowledged. */
export async function parkHeld(context: EngineContext, item: Item): Promise<boolean> {
  const { message, target, hold } = item;
  const { pid, inbound } = target;
  const held = hold as Hold;
  const id = heldId(inbound as StartInbound);
  const isRefused = held.starts === 'reject' && mayBeRefused(item);
  const detail = heldDetail(held, isRefused);
  await parkMessage(context.options, message, { pid, id, detail, ...(isRefused ? { reason: 'REFUSED' } : { reason: 'HELD' }) });
  if (isRefused) return true;
  if (isHeld(await currentHolds(context), held)) return true;
  await redrive(context, pid, [id]);
  return (await context.options.parking.parked(pid, [id])).length === 0;
}

/** A start is parked once, however often its message comes. */
function heldId({ time, identity }: StartInbound): string {
  return idAt(Math.max(0, Date.parse(time)), identity);
}
