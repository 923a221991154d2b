import type { ReceivedMessage } from '../../ports/message-queue.ts';
import type { MessageSender } from '../../ports/message-sender.ts';
import type { ParkedEvent } from '../../ports/parking-store.ts';
import type { Dispatch } from '../send/dispatch.ts';
import type { EngineContext, EngineOptions } from '../engine-context.ts';
import { inboxFault } from '../../format/inbox-form.ts';
import {
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
import { namedEvent } from '../admit/named-in-message.ts';
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
 * For which reasons a message is kept for a while only, since no person need act on it: it came after the end of its instance, or the client
 * that sent it was told what is wrong with it. Such a message is kept for so long.
 */
const EXPIRING: ReadonlySet<string> = new Set(['CLOSED', 'REFUSED']);
const EXPIRING_MS = 30 * 86_400_000;

/** Keeps a message for a person, beside the instance that it concerns where one is known (docs/protocol.md#parking). */
export async function parkMessage({ parking, clock, onNotice }: ParkingPorts, message: ReceivedMessage, why: ParkedWhy): Promise<void> {
  const { body, sentAt, channel, senderId } = unwrapped(message);
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

/** Under which a message is parked: as often as it is, it is parked once. */
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

/** A message that was sent back before is parked as it came first, not in a wrapper of a wrapper. */
function unwrapped(message: ReceivedMessage): ReceivedMessage {
  if (!isWrapper(message)) return message;
  try {
    const wrapper = JSON.parse(message.body) as ForcedMessage;
    const body = inboxFault(wrapper) === undefined ? wrappedBody(wrapper) : undefined;
    return body === undefined ? message : firstOf(message, { ...wrapper, body });
  } catch {
    // Half of a wrapper.
    return message;
  }
}

/** So many are sent before they are marked, which a function that ends in between would have to send again. */
const REDRIVEN_AT_A_TIME = 100;

/**
 * After a `resume`: everything parked beside the instance goes back to the inbox in order, each a message of its own, and only then
 * is it marked. A crash in between, or time that is nearly up, is repaired by the redelivery of the `resume`. What can never be sent
 * stays parked, and so does what expires. `only`: no others than these. Returns whether all else was sent.
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

/** Sends these parked events back, whatever the status of their instances. Returns whether all that can be sent was. */
export async function redriveEach(context: EngineContext, events: RedriveMessage['events']): Promise<boolean> {
  const ids = new Map<string, string[]>();
  for (const { pid, id } of events) ids.set(pid, [...(ids.get(pid) ?? []), id]);
  let isWhole = true;
  for (const [pid, each] of ids) isWhole = (await redrive(context, pid, each)) && isWhole;
  return isWhole;
}

/**
 * One that its wrapper makes too long goes packed, and one that is too long packed goes as it came first. What a client sent stays parked
 * then: without its wrapper it would come to the inbox, which takes no such message. A client sends none so long (`sendRequest`).
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

/** A head may have 400 KB, with all that it holds. */
const CHARACTERS_MAX = 2_000;

/** What a person is told of a fault. Whoever threw it may have put all that was at hand into it, and then nobody could store it. */
export function shortText(text: string): string {
  // By way of bytes, since the cut may go through a pair of surrogates, which no store takes apart.
  return text.length <= CHARACTERS_MAX ? text : `${Buffer.from(text.slice(0, CHARACTERS_MAX)).toString()}…`;
}
