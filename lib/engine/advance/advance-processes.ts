import { HOLDS_PID } from '../../contract/holds.ts';
import type { ReceivedMessage } from '../../ports/message-queue.ts';
import type { Head } from '../../ports/process-store.ts';
import { acknowledge, acknowledgeDone, type Acknowledged } from '../acknowledge/acknowledge.ts';
import { verdictOn } from './decide.ts';
import { BEGUN_MS_MIN, faultSeconds, noteFault, retrySeconds } from '../acknowledge/redelivery-delays.ts';
import type { HandledMessage, Item } from '../admit/admission.ts';
import { admitMessage } from '../admit/admit.ts';
import type { AdvanceResult, EngineContext } from '../engine-context.ts';
import { type SentResult, forwardDeliveries, sendAll, sendPendingTogether } from '../send/send-all.ts';
import { advanceInstance } from './advance-instance.ts';
import type { Stages } from './advance-marked.ts';
import type { LiveInstance } from './live-instance.ts';
import type { Basis } from './working-copy.ts';

/** From this delivery on, a message may be the one that ends its workers: it runs alone, under a mark. */
const SUSPECT_DELIVERY = 3;
/** The copy of the holds is read again with the heads of a batch, or beside it. Without a read of heads the batch waits only for an old one. */
const HOLDS_MS = 10_000;
const HOLDS_MS_MAX = 20_000;

/**
 * Input: a batch of inbox messages. Output: the messages to delete and those to release. Trunk: this file, for the whole engine
 * (docs/protocol.md#steps); each stage is one file that it calls:
 *
 *   admit        admit/admit.ts → admission.ts, admit-event.ts, admit-start.ts                 message → items: events for instances
 *   group, load  here, live-instance.ts, send/send-all.ts                                      items → one basis for each instance
 *   decide       advance-instance.ts → working-copy.ts → decide.ts, live-instance.ts           basis and items → a new image
 *   commit       working-copy.ts → live-instance.ts                                            the image → one conditional write
 *   send         here → send/send-all.ts (dispatches are built by send/dispatch.ts)            dispatches of the committed head
 *   acknowledge  acknowledge/acknowledge.ts → park.ts, get-stuck.ts                            delete or release the message
 *
 * A command can only be sent if it is in a committed head. A message can only be deleted after a strongly consistent read or a commit
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

/** While the ports fail no mark is written: the messages are redelivered because of the ports. */
function wasDown({ health, options }: EngineContext): boolean {
  return health.wasDown(options.clock.now());
}

function isSuspect({ receiveCount, body }: ReceivedMessage): boolean {
  return receiveCount > SUSPECT_DELIVERY && !body.startsWith('{"tutti":"tick"');
}

/** Advances one message alone, under a mark: the caller knows that a worker has ended while it held this message. */
export async function advanceSuspect(context: EngineContext, message: ReceivedMessage): Promise<AdvanceResult> {
  const result: Acknowledged = { acknowledge: [], giveBack: [] };
  await runMarked(context, message, result);
  return result;
}

async function advanceBatch(context: EngineContext, messages: readonly ReceivedMessage[], result: Acknowledged): Promise<void> {
  const deliveries: HandledMessage[] = [];
  const waiting: Promise<void>[] = [];
  for (const [i, message] of messages.entries()) {
    const admitted = admitMessage(context, message);
    if (admitted instanceof Promise) waiting.push(admitted.then((delivery) => void (deliveries[i] = delivery)));
    else deliveries[i] = admitted;
  }
  if (waiting.length > 0) await Promise.all(waiting);
  await advanceItems(
    context,
    deliveries.flatMap(({ items }) => items),
  );
  await acknowledgeAll(context, deliveries, result);
}

/** Decides on these events, and sends the dispatches that they cause. */
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
  // Spans are exported while the messages are sent.
  const exported = context.options.tracer?.flush();
  await sendGroups(context, groups);
  if (exported) await exported;
}

async function acknowledgeAll(context: EngineContext, deliveries: readonly HandledMessage[], result: Acknowledged): Promise<void> {
  if (context.forwards) await forwardDeliveries(context, deliveries);
  for (const delivery of deliveries)
    if (context.instrumentation || !acknowledgeDone(delivery, result)) await acknowledge(context, delivery, result);
  // An instance may have got stuck just now.
  const exported = context.options.tracer?.flush();
  if (exported) await exported;
}

/** Holds the instances of the groups while it advances them. */
async function advanceGroups(context: EngineContext, groups: ReadonlyMap<string, Item[]>): Promise<void> {
  // Another batch that waited for the same instance may take it first.
  for (let held = heldBy(context, groups); held.length > 0; held = heldBy(context, groups)) await Promise.all(held);
  let release!: () => void;
  const busy = new Promise<void>((resolve) => {
    release = resolve;
  });
  for (const pid of groups.keys()) context.busy.set(pid, busy);
  try {
    await advanceHeld(context, groups);
  } catch (error) {
    retryAfterFault(context, [...groups.values()].flat(), error);
  } finally {
    for (const pid of groups.keys()) if (context.busy.get(pid) === busy) context.busy.delete(pid);
    release();
  }
}

function heldBy(context: EngineContext, groups: ReadonlyMap<string, Item[]>): Promise<void>[] {
  return [...groups.keys()].map((pid) => context.busy.get(pid)).filter((busy) => busy !== undefined);
}

async function advanceHeld(context: EngineContext, groups: ReadonlyMap<string, Item[]>): Promise<void> {
  const basisOf = await loadAll(context, groups);
  const beside = readBeside(context, groups);
  const suspects: (readonly [string, Item[]])[] = [];
  await Promise.all(Array.from(groups, (group) => advanceGroup(context, group, basisOf(group[0]), suspects)));
  for (const [pid, items] of suspects)
    if (context.remainingMs() >= BEGUN_MS_MIN) await advanceAlone(context, pid, items);
    else for (const item of items) item.retryInSeconds ??= retrySeconds(context);
  await beside;
}

/**
 * Warm instances are taken from the cache; all others are loaded in one call, and their pending sends are sent together. The holds are read
 * in the same call.
 */
async function loadAll(context: EngineContext, groups: ReadonlyMap<string, Item[]>): Promise<(pid: string) => Basis> {
  const warm = new Map<string, LiveInstance>();
  const cold: string[] = [];
  for (const [pid, items] of groups) {
    const live = context.cache.take(pid);
    if (live) warm.set(pid, live);
    else if (context.lane || !beginsAlone(items)) cold.push(pid);
  }
  const { holds, options } = context;
  const age = groups.has(HOLDS_PID) ? 0 : options.clock.now() - holds.readAt;
  const isRead = age >= HOLDS_MS_MAX || (age >= HOLDS_MS && cold.length > 0);
  const heads = await loadHeads(context, isRead ? [...cold, HOLDS_PID] : cold);
  if (isRead) await keepHolds(context, heads.get(HOLDS_PID));
  const sent = cold.length > 1 ? await sendPendingTogether(context, groups, heads) : undefined;
  return (pid) => ({ head: heads.get(pid), live: warm.get(pid), strong: heads.has(pid), pendingSent: sent?.has(pid) ?? false });
}

/** A batch whose instances are warm or new reads the holds while it decides, for the next batch. */
async function readBeside(context: EngineContext, groups: ReadonlyMap<string, Item[]>): Promise<void> {
  const { holds, options } = context;
  if (options.clock.now() - holds.readAt < HOLDS_MS || groups.has(HOLDS_PID)) return;
  try {
    const [head] = await options.store.load([HOLDS_PID], { consistent: true });
    await keepHolds(context, head);
  } catch (error) {
    noteFault(context, error);
  }
}

async function keepHolds(context: EngineContext, head: Head | undefined): Promise<void> {
  const { holds, options } = context;
  if (head?.version !== holds.version) holds.list = head ? await (await import('../on-demand.ts')).readHolds(context, head) : [];
  holds.version = head?.version ?? 0;
  holds.readAt = options.clock.now();
}

/** The first delivery of a start rarely finds an instance: it is created without a read, and the condition of the write tells. */
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

/** Advances an instance, or adds it to `suspects`. */
async function advanceGroup(
  context: EngineContext,
  group: readonly [string, Item[]],
  basis: Basis,
  suspects: (readonly [string, Item[]])[],
): Promise<void> {
  const [pid, items] = group;
  if (items.length > 1) items.sort(inOrder);
  try {
    if ((await advanceInstance(context, { pid, items, alone: false }, basis)) === 'suspect') suspects.push(group);
  } catch (error) {
    // The write may have succeeded: each event of the group is redelivered, and is then a duplicate or is applied.
    retryAfterFault(context, items, error);
  }
}

/** By first arrival, also of a message that was parked since; within one millisecond by id, since some queues count their ids up. */
function inOrder(a: Item, b: Item): number {
  return a.message.sentAt - b.message.sentAt || idOrder(a.message.messageId, b.message.messageId);
}

function idOrder(a: string, b: string): number {
  return a.length - b.length || (a < b ? -1 : 1);
}

/** Advances a suspect instance with no other beside it: a rejection that is noted meanwhile is its own (suspects.ts, W2). */
async function advanceAlone(context: EngineContext, pid: string, items: readonly Item[]): Promise<void> {
  try {
    const [head] = await context.options.store.load([pid], { consistent: true });
    await advanceInstance(context, { pid, items, alone: true }, { head, live: undefined, strong: true });
  } catch (error) {
    retryAfterFault(context, items, error);
  }
}

function retryAfterFault(context: EngineContext, items: readonly Item[], error: unknown): void {
  noteFault(context, error);
  for (const item of items) item.retryInSeconds ??= faultSeconds(context, item.message);
}

/** Sends the dispatches of all groups together, in as few calls as there are target queues. */
async function sendGroups(context: EngineContext, groups: ReadonlyMap<string, Item[]>): Promise<void> {
  const outgoing = [...groups.values()]
    .flat()
    .filter((item) => item.retryInSeconds === undefined)
    .flatMap((item) => item.dispatches.map((dispatch) => ({ item, dispatch })));
  if (outgoing.length === 0) return;
  const dispatches = outgoing.map(({ dispatch }) => dispatch);
  const results = await sendAll(dispatches, context.options.sender, context.options.publisher);
  for (const [i, { item }] of outgoing.entries()) noteSent(context, item, results[i] as SentResult);
  for (const [pid, items] of groups) {
    const version = items[0]?.sendsVersion;
    if (version !== undefined && items.every((item) => item.retryInSeconds === undefined && !item.refused))
      context.cache.markSent(pid, version);
  }
}

function noteSent(context: EngineContext, item: Item, sent: SentResult): void {
  if (sent === 'sent') return;
  if (sent.senderFault)
    item.refused = { code: 'DISPATCH', message: `A command could not be sent and never will be as it is: ${sent.reason}.` };
  else retryAfterFault(context, [item], `A send failed and is tried again: ${sent.reason}`);
}

/** Runs a message alone, under marks. The code is loaded for the first such message. */
async function runMarked(context: EngineContext, message: ReceivedMessage, result: Acknowledged): Promise<void> {
  const { getStuck, runMarked: run } = await import('../on-demand.ts');
  const stuck: Stages['getStuck'] = (of, event) => getStuck(of, { ...event, verdictOn });
  await run(context, message, result, { admitMessage, getStuck: stuck, advanceItems, acknowledgeAll });
}
