import type { ReceivedMessage } from '../../ports/message-queue.ts';
import type { Head } from '../../ports/process-store.ts';
import { admitOrGiveBack } from '../admit/admit-message.ts';
import { advanceInstance } from './advance-instance.ts';
import type { AdvanceResult, EngineContext } from '../engine-context.ts';
import { forwardDeliveries } from '../send/forward-to-hot-lane.ts';
import { getStuck } from '../acknowledge/get-stuck.ts';
import type { Item } from './item.ts';
import type { LiveInstance } from './live-instance.ts';
import { namedInstance } from '../admit/named-instance.ts';
import { parkMessage } from '../acknowledge/park.ts';
import { BEGUN_MS_MIN, faultSeconds, noteFault, retrySeconds } from '../acknowledge/redelivery-delays.ts';
import { sendAll, type SentResult } from '../send/send-all.ts';
import { sendPendingTogether } from '../send/send-pending-together.ts';
import { acknowledge, type HandledMessage, type Acknowledged } from '../acknowledge/acknowledge.ts';

/** From this delivery on a message may be what kills the worker: it runs alone, marked before. */
const SUSPECT_DELIVERY = 3;
const QUARANTINE_ATTEMPTS = 3;

/**
 * The orchestrator's use case (docs/protocol.md#steps): admit, group, load, classify, decide, commit, send, acknowledge.
 *
 * A command can only be sent if it is in a committed head; a message can only vanish after a strongly consistent view
 * proves that its event is in the head and that its commands were accepted.
 */
export async function advanceProcesses(context: EngineContext, messages: readonly ReceivedMessage[]): Promise<AdvanceResult> {
  const { health } = context;
  const result: Acknowledged = { acknowledge: [], giveBack: [] };
  const faults = health.faults;
  const suspects = wasDown(context) ? [] : messages.filter(isSuspect);
  await advanceBatch(context, suspects.length === 0 ? messages : messages.filter((message) => !suspects.includes(message)), result);
  for (const suspect of suspects)
    if (wasDown(context)) result.giveBack.push({ receiptHandle: suspect.receiptHandle, seconds: faultSeconds(context, suspect) });
    else if (context.remainingMs() >= BEGUN_MS_MIN) await runMarked(context, suspect, result);
    else result.giveBack.push({ receiptHandle: suspect.receiptHandle, seconds: retrySeconds(context) });
  if (health.faults === faults) health.worked();
  return result;
}

/** While the ports fail no mark is written: the messages come again because of the ports. */
function wasDown({ health, options }: EngineContext): boolean {
  return health.wasDown(options.clock.now());
}

function isSuspect({ receiveCount, body }: ReceivedMessage): boolean {
  return receiveCount > SUSPECT_DELIVERY && !body.startsWith('{"tutti":"tick"');
}

/** One message alone, marked before: for a caller who knows that a worker has ended while it held this message. */
export async function advanceSuspect(context: EngineContext, message: ReceivedMessage): Promise<AdvanceResult> {
  const result: Acknowledged = { acknowledge: [], giveBack: [] };
  await runMarked(context, message, result);
  return result;
}

async function advanceBatch(context: EngineContext, messages: readonly ReceivedMessage[], result: Acknowledged): Promise<void> {
  return advanceDeliveries(context, await Promise.all(messages.map((message) => admitOrGiveBack(context, message))), result);
}

async function advanceDeliveries(context: EngineContext, deliveries: readonly HandledMessage[], result: Acknowledged): Promise<void> {
  await advanceItems(
    context,
    deliveries.flatMap(({ items }) => items),
  );
  await settleDeliveries(context, deliveries, result);
}

/** Decides on these events, and sends what they cause. */
async function advanceItems(context: EngineContext, items: readonly Item[]): Promise<void> {
  const groups = new Map<string, Item[]>();
  for (const item of items) {
    const group = groups.get(item.target.pid);
    if (group) group.push(item);
    else groups.set(item.target.pid, [item]);
  }
  if (groups.size === 0) return;
  context.rejections.begin();
  try {
    await advanceGroups(context, groups);
  } finally {
    context.rejections.end();
  }
  await sendGroups(context, groups);
}

async function settleDeliveries(context: EngineContext, deliveries: readonly HandledMessage[], result: Acknowledged): Promise<void> {
  if (context.forwards) await forwardDeliveries(context, deliveries);
  for (const delivery of deliveries) await acknowledge(context, delivery, result);
}

/** By arrival, where a message that was parked arrived when it came first; of one millisecond by id, which some queues count up. */
function inOrder(a: Item, b: Item): number {
  return a.message.sentAt - b.message.sentAt || idOrder(a.message.messageId, b.message.messageId);
}

function idOrder(a: string, b: string): number {
  return a.length - b.length || (a < b ? -1 : 1);
}

async function advanceGroups(context: EngineContext, groups: ReadonlyMap<string, Item[]>): Promise<void> {
  // Whoever waited may find the pid taken again by another that waited.
  for (let held = heldBy(context, groups); held.length > 0; held = heldBy(context, groups)) await Promise.all(held);
  let release!: () => void;
  const busy = new Promise<void>((resolve) => {
    release = resolve;
  });
  for (const pid of groups.keys()) context.busy.set(pid, busy);
  try {
    await advanceHeld(context, groups);
  } catch (error) {
    comesAgain(context, [...groups.values()].flat(), error);
  } finally {
    for (const pid of groups.keys()) if (context.busy.get(pid) === busy) context.busy.delete(pid);
    release();
  }
}

function heldBy(context: EngineContext, groups: ReadonlyMap<string, Item[]>): Promise<void>[] {
  return [...groups.keys()].map((pid) => context.busy.get(pid)).filter((busy) => busy !== undefined);
}

/** Warm instances are taken from the cache; all others are loaded in one call. */
async function advanceHeld(context: EngineContext, groups: ReadonlyMap<string, Item[]>): Promise<void> {
  const warm = new Map<string, LiveInstance>();
  const cold: string[] = [];
  for (const [pid, items] of groups) {
    const live = context.cache.take(pid);
    if (live) warm.set(pid, live);
    else if (context.lane || !beginsAlone(items)) cold.push(pid);
  }
  const heads = await loadHeads(context, cold);
  const firesSent = cold.length > 1 ? await sendPendingTogether(context, groups, heads) : undefined;
  const suspects: [string, Item[]][] = [];
  const advance = async (pid: string, items: Item[]): Promise<void> => {
    if (items.length > 1) items.sort(inOrder);
    const live = warm.get(pid);
    try {
      const basis = { head: heads.get(pid), live, strong: heads.has(pid), firesSent: firesSent?.has(pid) ?? false };
      if ((await advanceInstance(context, pid, items, basis)) === 'suspect') suspects.push([pid, items]);
    } catch (error) {
      // Nothing is known of the write: every event of the group comes again, and is then a duplicate or is applied.
      comesAgain(context, items, error);
    }
  };
  await Promise.all(Array.from(groups, ([pid, items]) => advance(pid, items)));
  for (const [pid, items] of suspects)
    if (context.remainingMs() >= BEGUN_MS_MIN) await advanceAlone(context, pid, items);
    else for (const item of items) item.giveBackSeconds ??= retrySeconds(context);
}

/** Decided again with nobody beside it, so that a rejection that nobody handles is known to be its own. */
async function advanceAlone(context: EngineContext, pid: string, items: readonly Item[]): Promise<void> {
  try {
    const [head] = await context.options.store.load([pid], { consistent: true });
    await advanceInstance(context, pid, items, { head, live: undefined, strong: true }, true);
  } catch (error) {
    comesAgain(context, items, error);
  }
}

/** The first delivery of a start finds no instance, but for rare exceptions: it is created without a read, and the condition tells. */
function beginsAlone([item, ...others]: readonly Item[]): boolean {
  return (
    others.length === 0 &&
    item?.target.inbound.kind === 'start' &&
    item.target.definition?.kind === 'async' &&
    item.message.receiveCount === 1
  );
}

async function loadHeads(context: EngineContext, pids: readonly string[]): Promise<Map<string, Head | undefined>> {
  if (pids.length === 0) return new Map();
  const loaded = await context.options.store.load(pids, { consistent: true });
  return new Map(pids.map((pid, i) => [pid, loaded[i]]));
}

function comesAgain(context: EngineContext, items: readonly Item[], error: unknown): void {
  noteFault(context, error);
  for (const item of items) item.giveBackSeconds ??= faultSeconds(context, item.message);
}

/** What all groups must send goes out together, in as few calls as there are target queues. */
async function sendGroups(context: EngineContext, groups: ReadonlyMap<string, Item[]>): Promise<void> {
  const senders: Item[] = [];
  const dispatches = [];
  for (const items of groups.values())
    for (const item of items) {
      if (item.giveBackSeconds !== undefined) continue;
      for (const dispatch of item.dispatches) {
        senders.push(item);
        dispatches.push(dispatch);
      }
    }
  if (dispatches.length === 0) return;
  const results = await sendAll(dispatches, context.options.sender, context.options.publisher);
  for (const [i, sent] of results.entries()) if (sent !== 'sent') failed(context, senders[i] as Item, sent);
  for (const [pid, items] of groups) {
    const version = items[0]?.fires;
    if (version !== undefined && items.every((item) => item.giveBackSeconds === undefined && !item.refused))
      context.cache.markSent(pid, version);
  }
}

function failed(context: EngineContext, item: Item, sent: Exclude<SentResult, 'sent'>): void {
  if (sent.senderFault)
    item.refused = { code: 'DISPATCH', message: `A command could not be sent and never will be as it is: ${sent.reason}.` };
  else comesAgain(context, [item], `A send failed and is tried again: ${sent.reason}`);
}

/** Runs a message alone, with marks that outlive the worker: what ends its worker again and again is never run again. */
async function runMarked(context: EngineContext, message: ReceivedMessage, result: Acknowledged): Promise<void> {
  const alone: Acknowledged = { acknowledge: [], giveBack: [] };
  try {
    await advanceMarked(context, message, alone);
    result.acknowledge.push(...alone.acknowledge);
    result.giveBack.push(...alone.giveBack);
  } catch (error) {
    noteFault(context, error);
    result.giveBack.push({ receiptHandle: message.receiptHandle, seconds: faultSeconds(context, message) });
  }
}

/**
 * The message has a mark while it is read, and each instance that it concerns has one while it runs on it. So a message that cannot even be
 * read without the end of the worker is parked, and of the instances only the one that ends the worker gets stuck.
 */
async function advanceMarked(context: EngineContext, message: ReceivedMessage, result: Acknowledged): Promise<void> {
  const begun = await context.marks.begin(message.messageId);
  if (begun > QUARANTINE_ATTEMPTS) {
    await parkUnread(context, message);
    result.acknowledge.push(message.receiptHandle);
    return;
  }
  const delivery = await admitOrGiveBack(context, message);
  await endMark(context, message.messageId);
  const items: Item[] = [];
  for (const item of delivery.items) items.push(...(await advanceItemMarked(context, delivery, item)));
  await settleDeliveries(context, [{ ...delivery, items }], result);
}

/** Returns the event as it is to be settled; nothing where its instance is stuck on it, and it is kept beside that. */
async function advanceItemMarked(context: EngineContext, delivery: HandledMessage, item: Item): Promise<readonly Item[]> {
  const mark = `${delivery.message.messageId}/${item.target.pid}`;
  if ((await context.marks.begin(mark)) > QUARANTINE_ATTEMPTS) {
    const left = await quarantine(context, delivery, item);
    await advanceItems(context, left);
    return left;
  }
  await advanceItems(context, [item]);
  await endMark(context, mark);
  return [item];
}

async function endMark(context: EngineContext, mark: string): Promise<void> {
  const fault = await context.marks.end(mark);
  if (fault !== undefined) noteFault(context, fault);
}

/** Neither its data nor code of the system is touched: they are what may have ended the worker. */
function parkUnread(context: EngineContext, message: ReceivedMessage): Promise<void> {
  return parkMessage(context.options, message, {
    pid: namedInstance(message.body),
    reason: 'POISON',
    detail: `This message ended its worker ${QUARANTINE_ATTEMPTS} times while it was read: its data may be too large for the memory.`,
  });
}

/**
 * The instance gets stuck, and the event is kept beside it. Returns the event where it does not apply any more: it runs no code of a process
 * there, and only sends again what it has caused.
 */
async function quarantine(context: EngineContext, delivery: HandledMessage, item: Item): Promise<readonly Item[]> {
  const refused = await getStuck(context, delivery.message, item.target, {
    code: 'POISON',
    message: `This event ended its worker ${QUARANTINE_ATTEMPTS} times: its code never yields, or takes all memory.`,
  });
  if (refused === 'again') delivery.giveBackSeconds ??= faultSeconds(context, delivery.message);
  return refused === 'passed' ? [item] : [];
}
