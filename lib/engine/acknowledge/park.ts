import type { ReceivedMessage } from '../../ports/message-queue.ts';
import type { EngineOptions } from '../engine-context.ts';
import { forcedFault } from '../../format/common-form.ts';
import { type CommandMessage, type ForcedMessage, INBOX, firstOf, isWrapper, sha256, wrappedBody } from '../../format/inbox-message.ts';

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

/** The id under which an admitted message is parked: a redelivered message is parked once, and so is an engine command that is sent again. */
export function parkedId(message: ReceivedMessage): string {
  const { body, sentAt } = unwrapped(message);
  if (!body.startsWith('{"tutti":"command"')) return idOf(sentAt, message);
  const { commandid, cancel, time } = JSON.parse(body) as CommandMessage;
  return idAt(Math.max(0, Date.parse(time)), sha256(`${commandid}${cancel === true ? '!' : ''}`));
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

/** A DynamoDB item, and so a head, has at most 400 KB. */
const CHARACTERS_MAX = 2_000;

/** The text of an error, cut to a length that every store takes: an error may quote large data. */
export function shortText(text: string): string {
  // Through bytes, because the cut may split a surrogate pair, which no store accepts.
  return text.length <= CHARACTERS_MAX ? text : `${Buffer.from(text.slice(0, CHARACTERS_MAX)).toString()}…`;
}
