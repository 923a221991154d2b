import type { Json } from '../contract/schema.ts';
import type { OperationKind, Resolution } from '../core/inbound.ts';
import type { Channel, ReceivedMessage } from '../ports/message-queue.ts';
import { deflateRawSync, inflateRawSync } from 'node:zlib';

/**
 * What Tutti itself puts into the queues of the engine, beside what the bus delivers (an EventBridge envelope with `detail`). The field
 * `tutti` tells them apart. `start` comes by the queue `starts`, `operate` by `operations`; only the functions of the system may
 * send to the inbox, so the content of what they put there is trusted, not its form.
 */
export type InboxMessage = TickMessage | StartMessage | OperationMessage | RedriveMessage | RotateKeysMessage | ForcedMessage;

/** A timer may be due. `tickAt`: the instant that the head holds, as `tickAt` or as `due`. */
export interface TickMessage {
  readonly tutti: 'tick';
  readonly pid: string;
  readonly run: string;
  readonly tickAt: number;
}

/** A client starts an instance. */
export interface StartMessage {
  readonly tutti: 'start';
  /** The id of the start as an event; its identity (lib/core/identity.ts) is the run that it begins. */
  readonly startid: string;
  readonly tenant: string;
  readonly process: string;
  /** Id of the instance. */
  readonly id: string;
  readonly data?: Json;
  /** Instead of `data`, where that is too large for a message: where it lies, and the SHA-256 of its canonical form. */
  readonly dataref?: string;
  readonly datahash?: string;
  /** ISO instant. */
  readonly time: string;
  readonly by: string;
  readonly onopen?: 'reject' | 'attach' | 'signal';
  readonly tags?: Readonly<Record<string, string>>;
  readonly traceparent?: string;
}

/** A person, or a program for one, acts on an instance. */
export interface OperationMessage {
  readonly tutti: 'operate';
  readonly opid: string;
  readonly pid: string;
  readonly act: OperationKind;
  readonly reason: string;
  /** Who: journaled. */
  readonly by: string;
  /** With `resume`: path of a compensation or undo that a person dealt with. */
  readonly skip?: string;
  /** With `resolve`: path of the step, or id of the command, and the outcome that a person found out. */
  readonly step?: string;
  readonly resolution?: Resolution;
  /** With `resume`: the version of the definition to go on with. */
  readonly version?: number;
}

/** A person, or a program for one, sends parked events back. */
export interface RedriveMessage {
  readonly tutti: 'redrive';
  readonly opid: string;
  readonly by: string;
  /** At most 100; `pid` is `''` of what is parked apart. */
  readonly events: readonly { readonly pid: string; readonly id: string }[];
}

/** An operator lets commands be signed with a new key. */
export interface RotateKeysMessage {
  readonly tutti: 'rotate-keys';
  readonly opid: string;
  readonly by: string;
}

/** A parked message on its way back: damping is off, what its key caused is sent again whatever message carried it. */
export interface ForcedMessage {
  readonly tutti: 'forced';
  /** The message as it came first; `packed`: deflated, in base64. */
  readonly body: string;
  readonly packed?: true;
  /** When it came first, milliseconds. */
  readonly sentat: number;
  /** Where it came to first, if not to the inbox, and who sent it there: it is admitted as that. */
  readonly channel?: Channel;
  readonly sender?: string;
  /** It was forwarded to the hot lane, and has not been a dead letter yet. */
  readonly lane?: true;
  /** It is a dead letter since this instant, milliseconds. */
  readonly since?: number;
  /** It was a dead letter for too long: it is parked for this reason, and not read. */
  readonly park?: 'DEAD_LETTER';
}

export const INBOX = 'inbox';
/** The queue to which clients send their starts. */
export const STARTS = 'starts';
/** The queue to which operators send their acts. */
export const OPERATIONS = 'operations';
/** The queue that hands out the events of one instance in order, several at a time: for instances that many write to at once. */
export const HOT_LANE = 'hot-lane';

/** LocalStack writes the JSON of a body anew, with spaces, before a function gets it. */
const FORCED = /^\{\s*"tutti"\s*:\s*"forced"/;

/** What of a message says where it came from. */
type Origin = Pick<ReceivedMessage, 'body' | 'sentAt' | 'channel' | 'senderId'>;

/** Whether a message is one of Tutti's functions around another. A client may write one too, but not where it would be believed. */
export function isWrapper({ body, channel = INBOX }: Pick<Origin, 'body' | 'channel'>): boolean {
  return channel === INBOX && FORCED.test(body);
}

/** A message that is sent on as another. */
export function forcedMessage(message: Origin): ForcedMessage {
  return { tutti: 'forced', ...wrapped(message) };
}

export function forcedBody(message: Origin): string {
  return inboxBody(forcedMessage(message));
}

/** The body of a message on its way to the hot lane. */
export function forwardedBody(message: Origin): string {
  return isWrapper(message) ? message.body : inboxBody({ tutti: 'forced', lane: true, ...wrapped(message) });
}

function wrapped({ body, sentAt, channel = INBOX, senderId }: Origin): Omit<ForcedMessage, 'tutti' | 'lane'> {
  return {
    body,
    sentat: sentAt,
    ...(channel !== INBOX && { channel, ...(senderId !== undefined && { sender: senderId }) }),
  };
}

/** The message that a wrapper of the right form wraps, as it came first. */
export function firstOf(message: ReceivedMessage, { body, sentat, channel, sender }: ForcedMessage): ReceivedMessage {
  const { channel: here, senderId: _functions, ...rest } = message;
  const first = { ...rest, body, sentAt: sentat };
  // Without queues of their own nothing tells senders apart.
  if (here === undefined) return first;
  return { ...first, channel: channel ?? INBOX, ...(sender !== undefined && { senderId: sender }) };
}

/** Our own limit of a message, 200 KB, minus a margin. */
const FORWARDED_CHARACTERS_MAX = 200_000;
/** What a wrapper makes of one character at the most: `\u00e9`. */
const WRAPPED_CHARACTERS_MAX = 6;

/** Whether a message fits into the lane with its wrapper. */
export function fitsLane(message: Origin): boolean {
  return (
    message.body.length < FORWARDED_CHARACTERS_MAX / WRAPPED_CHARACTERS_MAX - 100 ||
    forwardedBody(message).length <= FORWARDED_CHARACTERS_MAX
  );
}

export function inboxBody(message: InboxMessage): string {
  return JSON.stringify(message).replace(/[\u007f-\uffff]/g, escaped);
}

function escaped(character: string): string {
  return `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`;
}

/** SQS delivers at most 1 MiB (Amazon SQS message quotas), and JSON makes at most six characters of one. */
const UNPACKED_BYTES_MAX = 6 * 1_048_576 + 2;

/** A wrapper writes quotes and accents as escapes, which makes up to six characters of one; packed, even a long body fits. As JSON, so that half a letter survives UTF-8. */
export function packedBody(body: string): string {
  return deflateRawSync(JSON.stringify(body)).toString('base64');
}

/** What a wrapper wraps, as it came; undefined where it cannot be unpacked. */
export function wrappedBody({ body, packed }: Pick<ForcedMessage, 'body' | 'packed'>): string | undefined {
  if (!packed) return body;
  try {
    const json = inflateRawSync(Buffer.from(body, 'base64'), { maxOutputLength: UNPACKED_BYTES_MAX }).toString();
    return String(JSON.parse(json));
  } catch {
    return undefined;
  }
}
