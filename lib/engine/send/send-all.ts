import assert from 'node:assert/strict';
import type { EventPublisher } from '../../ports/event-publisher.ts';
import type { MessageSender, OutgoingMessage } from '../../ports/message-sender.ts';
import type { Dispatch } from './dispatch.ts';

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
  let next = 0;
  const callAll = async (): Promise<void> => {
    for (let call = calls[next++]; call; call = calls[next++]) await sendBatch(dispatches, call, results, sender, publisher);
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

/** Retries a failed entry by itself, unless the entry is invalid; the others of the call are accepted. */
async function sendBatch(
  dispatches: readonly Dispatch[],
  batch: readonly number[],
  results: SentResult[],
  sender: MessageSender,
  publisher: EventPublisher | undefined,
): Promise<void> {
  let left = batch;
  for (let tries = 0; tries < TRIES_MAX && left.length > 0; tries += 1) {
    const again: number[] = [];
    const outcomes = await sendOnce(
      left.map((index) => dispatches[index] as Dispatch),
      sender,
      publisher,
    );
    for (const [i, index] of left.entries()) {
      const outcome = outcomes[i] ?? { senderFault: false, reason: 'no result' };
      results[index] = outcome;
      if (outcome !== 'sent' && !outcome.senderFault) again.push(index);
    }
    left = again;
  }
}

async function sendOnce(
  dispatches: readonly Dispatch[],
  sender: MessageSender,
  publisher: EventPublisher | undefined,
): Promise<SentResult[]> {
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
