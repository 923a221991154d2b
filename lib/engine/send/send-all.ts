import assert from 'node:assert/strict';
import type { EventPublisher } from '../../ports/event-publisher.ts';
import type { MessageSender, OutgoingMessage } from '../../ports/message-sender.ts';
import { type Dispatch, dispatchContext, dispatchesCausedBy } from './dispatch.ts';
import type { Image } from '../../core/image.ts';
import type { EngineContext } from '../engine-context.ts';
import { decodeHead, formatFault, resolveReferences } from '../../format/head-codec.ts';
import { classify } from '../../core/classify.ts';
import type { Head } from '../../ports/process-store.ts';
import { type HandledMessage, type Item, NO_DEFINITION } from '../admit/admission.ts';
import { createHash } from 'node:crypto';
import { HOT_LANE, forwardedBody } from '../../format/inbox-message.ts';
import { faultSeconds, noteFault } from '../acknowledge/redelivery-delays.ts';

export type SentResult = 'sent' | { readonly senderFault: boolean; readonly reason: string };

/** Why some dispatches were not sent, each reason once. */
export function reasonsOf(results: readonly SentResult[]): readonly string[] {
  return [...new Set(results.flatMap((result) => (result === 'sent' ? [] : [result.reason])))];
}

/** A batch of SQS or EventBridge holds at most this many entries, and this many bytes. */
const ENTRIES_MAX = 10;
const BYTES_MAX = 200_000;
const TRIES_MAX = 3;
/** The SDK opens 50 connections to one host; the time of a call runs also while it waits for one. */
const CALLS_MAX = 40;

/**
 * Sends everything, in as few calls as the quotas allow: one call per target queue for up to ten messages. Results in order. A
 * caller that sends only to queues needs no publisher.
 *
 * Input: dispatches of committed heads. Output: one result for each. Trunk: dispatch.ts builds the dispatches of a head; this file sends them,
 * and has the pending sends of earlier commits and the hot lane below.
 */
export async function sendAll(dispatches: readonly Dispatch[], sender: MessageSender, publisher?: EventPublisher): Promise<SentResult[]> {
  const results: SentResult[] = new Array<SentResult>(dispatches.length).fill({ senderFault: false, reason: 'not sent' });
  const targets = new Map<string, number[]>();
  for (const [index, dispatch] of dispatches.entries()) {
    const target = dispatch.to === 'bus' ? '' : dispatch.queue;
    const known = targets.get(target);
    if (known) known.push(index);
    else targets.set(target, [index]);
  }
  const calls = Array.from(targets.values(), (indices) => batches(dispatches, indices)).flat();
  const ports = { sender, publisher };
  let next = 0;
  const callAll = async (): Promise<void> => {
    for (let call = calls[next++]; call; call = calls[next++]) await sendBatch(dispatches, call, results, ports);
  };
  await Promise.all(Array.from({ length: Math.min(CALLS_MAX, calls.length) }, callAll));
  return results;
}

function batches(dispatches: readonly Dispatch[], indices: readonly number[]): number[][] {
  const all: number[][] = [];
  let current: number[] = [];
  let bytes = 0;
  for (const index of indices) {
    const dispatch = dispatches[index] as Dispatch;
    const size = dispatch.to === 'bus' ? dispatch.detail.length : dispatch.body.length;
    if (current.length > 0 && (current.length === ENTRIES_MAX || bytes + size > BYTES_MAX)) {
      all.push(current);
      current = [];
      bytes = 0;
    }
    current.push(index);
    bytes += size;
  }
  if (current.length > 0) all.push(current);
  return all;
}

interface SendingPorts {
  readonly sender: MessageSender;
  readonly publisher: EventPublisher | undefined;
}

/** Retries a failed entry by itself, unless the entry is invalid; the others of the call are accepted. */
async function sendBatch(
  dispatches: readonly Dispatch[],
  batch: readonly number[],
  results: SentResult[],
  ports: SendingPorts,
): Promise<void> {
  let left = batch;
  for (let tries = 0; tries < TRIES_MAX && left.length > 0; tries += 1) {
    const again: number[] = [];
    const outcomes = await sendOnce(
      left.map((index) => dispatches[index] as Dispatch),
      ports,
    );
    for (const [i, index] of left.entries()) {
      const outcome = outcomes[i] ?? { senderFault: false, reason: 'no result' };
      results[index] = outcome;
      if (outcome !== 'sent' && !outcome.senderFault) again.push(index);
    }
    left = again;
  }
}

async function sendOnce(dispatches: readonly Dispatch[], { sender, publisher }: SendingPorts): Promise<SentResult[]> {
  const [first] = dispatches;
  if (!first) return [];
  try {
    if (first.to === 'bus') {
      assert(publisher, 'an event needs a publisher');
      const published = await publisher.publish(dispatches as Extract<Dispatch, { to: 'bus' }>[]);
      return published.map((result) => (result.status === 'published' ? 'sent' : { senderFault: false, reason: result.reason }));
    }
    const sent = await sender.send(first.queue, dispatches as readonly OutgoingMessage[]);
    return sent.map((result) => (result.status === 'sent' ? 'sent' : { senderFault: result.senderFault, reason: result.reason }));
  } catch (error) {
    return dispatches.map(() => ({ senderFault: false, reason: String(error) }));
  }
}

/**
 * A new run drops the commands and pending sends of the closed run. They may not have been sent, so they are sent first. Only the first waiting
 * start may begin that run, so the message that says so has come.
 */
export async function sendLeft(context: EngineContext, image: Image): Promise<boolean> {
  await resolveReferences(image, context.readPayload);
  return sendCaused(context, image.waiting ? { ...image, pendingSends: image.pendingSends.filter(({ kind }) => kind !== 'begin') } : image);
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

/**
 * The hot lane (docs/protocol.md#hot-lane): a FIFO queue for instances that many workers write to at once.
 *
 * F1 Forwarding decides nothing, so it needs no condition: the message is acknowledged when its copy is in the lane, and the copy is decided
 *    as any message is, by the same conditional write.
 * F2 A copy has a new message id, so it is forced: the sends that its event caused are found by the event's key.
 * F3 A message from the lane is never forwarded again.
 */

/** How long an instance stays hot after a commit that met a conflict. A later event is decided by the worker that receives it. */
const HOT_MS = 2_000;

/** Whether events of the instance are forwarded at once. */
export function isHot(context: EngineContext, instance: { readonly hotUntil?: number } | undefined): boolean {
  return context.forwards && (instance?.hotUntil ?? 0) > context.options.clock.now();
}

/** Before a commit: marks an instance that has met a conflict as hot, and ends a mark that has expired. */
export function markContention({ options }: EngineContext, image: Image, contended: boolean): void {
  const now = options.clock.now();
  if (contended && options.hotLane) image.hotUntil = now + HOT_MS;
  else if (image.hotUntil !== undefined && image.hotUntil <= now) delete image.hotUntil;
}

/**
 * Sends each message with a forwarded event to the lane of that event's instance, whole: its other events are duplicates there, or are decided
 * there too. A message that cannot be sent is redelivered.
 */
export async function forwardDeliveries(context: EngineContext, deliveries: readonly HandledMessage[]): Promise<void> {
  const forwarded = deliveries.filter(
    ({ items }) => items.some((item) => item.forwarded) && items.every((item) => item.retryInSeconds === undefined),
  );
  if (forwarded.length === 0) return;
  const results = await sendAll(forwarded.map(dispatchOf), context.options.sender);
  for (const [i, result] of results.entries()) {
    if (result === 'sent') continue;
    const delivery = forwarded[i] as HandledMessage;
    noteFault(context, `A message could not be forwarded to the queue of contended instances and is tried again: ${result.reason}`);
    delivery.retryInSeconds = faultSeconds(context, delivery.message);
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

/** SQS allows 128 characters for a group, and not every character of a pid. */
function laneGroup(pid: string): string {
  return createHash('sha256').update(pid).digest('hex').slice(0, 32);
}
