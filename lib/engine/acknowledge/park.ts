import type { ReceivedMessage } from '../../ports/message-queue.ts';
import type { MessageSender } from '../../ports/message-sender.ts';
import type { ParkedEvent } from '../../ports/parking-store.ts';
import type { Dispatch } from '../send/dispatch.ts';
import type { EngineContext, EngineOptions } from '../engine-context.ts';
import { forcedFault } from '../../format/common-form.ts';
import {
  type DiscardMessage,
  type ForcedMessage,
  INBOX,
  type RedriveMessage,
  firstOf,
  forcedBody,
  forcedMessage,
  inboxBody,
  isWrapper,
  packedBody,
  wrappedBody,
} from '../../format/inbox-message.ts';
import { BEGUN_MS_MIN } from './redelivery-delays.ts';
import { sendAll, type SentResult } from '../send/send-all.ts';

export type ParkingPorts = Pick<EngineOptions, 'parking' | 'clock' | 'onNotice'>;

interface ParkedWhy {
  readonly pid: string;
  readonly reason: string;
  readonly detail: string;
  /** @default that of the message */
  readonly id?: string;
}

/**
 * Messages with these reasons expire, since no operator need act on them: they came after the end of their instance, or their client has
 * received the error.
 */
const EXPIRING: ReadonlySet<string> = new Set(['CLOSED', 'REFUSED']);
const EXPIRING_MS = 30 * 86_400_000;

/** Parks a message for an operator, beside its instance if that is known (docs/protocol.md#parking). */
export async function parkMessage({ parking, clock, onNotice }: ParkingPorts, message: ReceivedMessage, why: ParkedWhy): Promise<void> {
  const { body, sentAt, channel, senderId } = unwrapped(message);
  const { namedEvent } = await import('../admit/named-in-message.ts');
  const event = namedEvent(body);
  const now = clock.now();
  await parking.park({
    pid: why.pid,
    id: why.id ?? idOf(sentAt, message),
    reason: why.reason,
    detail: shortText(why.detail),
    ...(event && { event }),
    body,
    ...(channel !== undefined && channel !== INBOX && { channel, ...(senderId !== undefined && { senderId }) }),
    parkedAt: now,
    ...(EXPIRING.has(why.reason) && { expiresAt: now + EXPIRING_MS }),
  });
  onNotice?.({ kind: 'parked', reason: why.reason, pid: why.pid, detail: why.detail, ...(event && { event }) });
}

/** The id under which a message is parked: a redelivered message is parked once. */
export function parkedId(message: ReceivedMessage): string {
  return idOf(unwrapped(message).sentAt, message);
}

function idOf(sentAt: number, { messageId }: ReceivedMessage): string {
  return idAt(sentAt, messageId);
}

/** Sorts by the instant. */
export function idAt(at: number, name: string): string {
  return `${String(at).padStart(15, '0')}#${name}`;
}

/** A redriven message is parked as it first came, without its wrapper. */
function unwrapped(message: ReceivedMessage): ReceivedMessage {
  if (!isWrapper(message)) return message;
  try {
    const wrapper = JSON.parse(message.body) as ForcedMessage;
    const body = forcedFault(wrapper) === undefined ? wrappedBody(wrapper) : undefined;
    return body === undefined ? message : firstOf(message, { ...wrapper, body });
  } catch {
    // A truncated wrapper.
    return message;
  }
}

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

/** A DynamoDB item, and so a head, has at most 400 KB. */
const CHARACTERS_MAX = 2_000;

/** The text of an error, cut to a length that every store takes: an error may quote large data. */
export function shortText(text: string): string {
  // Through bytes, because the cut may split a surrogate pair, which no store accepts.
  return text.length <= CHARACTERS_MAX ? text : `${Buffer.from(text.slice(0, CHARACTERS_MAX)).toString()}…`;
}
