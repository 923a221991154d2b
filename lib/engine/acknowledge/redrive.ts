import type { MessageSender } from '../../ports/message-sender.ts';
import type { ParkedEvent } from '../../ports/parking-store.ts';
import type { Dispatch } from '../send/dispatch.ts';
import type { EngineContext } from '../engine-context.ts';
import {
  type DiscardMessage,
  INBOX,
  type RedriveMessage,
  forcedBody,
  forcedMessage,
  inboxBody,
  packedBody,
} from '../../format/inbox-message.ts';
import { shortText } from './park.ts';
import { BEGUN_MS_MIN } from './redelivery-delays.ts';
import { sendAll, type SentResult } from '../send/send-all.ts';

/** Events that are sent before they are marked: a function that ends in between sends as many again. */
const REDRIVEN_AT_A_TIME = 100;

/**
 * After a `resume`: sends everything that is parked beside the instance back to the inbox in order, each as a message of its own, and then
 * marks it. The redelivery of the `resume` repairs a crash in between, or a lack of time. An event that can never be sent stays parked, and
 * so does one that expires. `only`: these events and no others. Returns whether all others were sent.
 */
export async function redrive({ options, remainingMs }: EngineContext, pid: string, only?: readonly string[]): Promise<boolean> {
  const parked = (await options.parking.parked(pid, only)).filter(({ expiresAt }) => only !== undefined || expiresAt === undefined);
  for (let from = 0; from < parked.length; from += REDRIVEN_AT_A_TIME) {
    if (remainingMs() < BEGUN_MS_MIN) return false;
    const some = parked.slice(from, from + REDRIVEN_AT_A_TIME);
    const results = await sentAgain(options.sender, pid, some);
    const sent = some.filter((_, i) => results[i] === 'sent');
    if (sent.length > 0) await options.parking.redriven(pid, sent, options.clock.now());
    const failures = results.filter((result) => result !== 'sent');
    for (const { reason } of failures)
      options.onFault?.(`An event that is parked ${pid === '' ? 'apart' : `beside ${pid}`} could not be sent back: ${reason}`);
    if (failures.some(({ senderFault }) => !senderFault)) return false;
  }
  return true;
}

/** Redrives these parked events, whatever the status of their instances. Returns whether all that can be sent were sent. */
export async function redriveEach(context: EngineContext, events: RedriveMessage['events']): Promise<boolean> {
  const ids = new Map<string, string[]>();
  for (const { pid, id } of events) ids.set(pid, [...(ids.get(pid) ?? []), id]);
  let isWhole = true;
  for (const [pid, each] of ids) isWhole = (await redrive(context, pid, each)) && isWhole;
  return isWhole;
}

/** Discards these copies of parked events, whatever the status of their instances. Repeating it changes nothing. */
export async function discardEach(
  { options }: EngineContext,
  { events, by, sender, reason }: DiscardMessage & { readonly sender?: string },
): Promise<void> {
  const discarded = { at: options.clock.now(), by, ...(sender !== undefined && { sender }), reason: shortText(reason) };
  for (const pid of new Set(events.map((event) => event.pid)))
    await options.parking.discarded(
      pid,
      events.filter((event) => event.pid === pid),
      discarded,
    );
}

/**
 * If its wrapper makes an event too long, it is sent packed; if it is still too long, without a wrapper. A request of a client then stays
 * parked, because the inbox does not take it without a wrapper. No client sends one so long (`sendRequest`).
 */
async function sentAgain(sender: MessageSender, pid: string, events: readonly ParkedEvent[]): Promise<SentResult[]> {
  const results: SentResult[] = events.map(() => ({ senderFault: true, reason: 'not sent' }));
  for (const form of FORMS) {
    const left = [...results.keys()].filter((i) => isRefused(results[i]) && (form !== asItCame || events[i]?.channel === undefined));
    const sent = await sendAll(
      left.map((i): Dispatch => ({ to: 'queue', queue: INBOX, body: form(events[i] as ParkedEvent), groupId: pid, n: 0 })),
      sender,
    );
    for (const [at, i] of left.entries()) results[i] = sent[at] as SentResult;
  }
  return results;
}

function asItCame({ body }: ParkedEvent): string {
  return body;
}

function first(event: ParkedEvent): Parameters<typeof forcedBody>[0] {
  return { ...event, sentAt: Number(event.id.split('#')[0]) };
}

const FORMS: readonly ((event: ParkedEvent) => string)[] = [
  (event) => forcedBody(first(event)),
  (event) => inboxBody({ ...forcedMessage(first(event)), packed: true, body: packedBody(event.body) }),
  asItCame,
];

function isRefused(result: SentResult | undefined): boolean {
  return typeof result === 'object' && result.senderFault;
}
