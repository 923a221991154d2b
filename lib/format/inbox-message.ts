import type { BulkJob } from '../contract/bulk.ts';
import type { HoldScope } from '../contract/holds.ts';
import type { Overlap, ScheduleSpec } from '../contract/runtime-contract.ts';
import type { Json } from '../contract/schema.ts';
import type { EventEnvelope } from '../contract/wire/envelope.ts';
import type { OwnerOutcome, PauseClock } from '../core/image.ts';
import type { ForkRequest, OperationKind, Resolution } from '../core/inbound.ts';
import type { Channel, ReceivedMessage } from '../ports/message-queue.ts';
import { deflateRawSync, inflateRawSync } from 'node:zlib';
import { hash } from 'node:crypto';

/**
 * The messages that Tutti puts into the queues of the engine; all others are EventBridge envelopes with `detail`. The field `tutti` tells
 * them apart. `start` comes by the queue `starts`, `operate` by `operations`. Only the system's functions may send to the inbox: their
 * messages are trusted, but their form is checked.
 */
export type InboxMessage =
  | TickMessage
  | CommandMessage
  | ReplyMessage
  | ForwardMessage
  | UnsubscribeMessage
  | BeginMessage
  | StartMessage
  | OperationMessage
  | ScheduleMessage
  | ListedSchedulesMessage
  | BulkMessage
  | HoldMessage
  | ReleaseMessage
  | ReleaseAllMessage
  | RedriveMessage
  | DiscardMessage
  | RotateKeysMessage
  | ForcedMessage;

/** A timer may be due. `tickAt`: the instant that the head holds, as `tickAt` or as `due`. */
export interface TickMessage {
  readonly tutti: 'tick';
  readonly pid: string;
  readonly run: string;
  readonly tickAt: number;
}

/** An engine command, from the instance that issued it to the instance that owns it (docs/protocol.md#engine-commands). */
export interface CommandMessage {
  readonly tutti: 'command';
  /** `pid/run/n`: its issuer, and its number there. Equal on every re-send. */
  readonly commandid: string;
  /** The pid of its owner. */
  readonly owner: string;
  /** Its name, such as `tutti.child`. */
  readonly command: string;
  /** How many parents are above the issuer. */
  readonly depth: number;
  /** The issuer no longer wants it, and waits for a definite outcome. */
  readonly cancel?: true;
  readonly data?: Json;
  /** Instead of `data`, if that is too large for a message. */
  readonly dataref?: string;
  /** The SHA-256 of the canonical data. */
  readonly datahash: string;
  /** ISO instant at which it was issued. */
  readonly time: string;
  readonly hops: number;
  readonly traceparent?: string;
}

/** The outcome of an engine command, from its owner to its issuer. */
export interface ReplyMessage {
  readonly tutti: 'reply';
  readonly commandid: string;
  /** The short hash of the input of the command. */
  readonly commandhash: string;
  readonly owner: string;
  readonly outcome: OwnerOutcome;
  readonly data?: Json;
  readonly dataref?: string;
  readonly datahash?: string;
  readonly hops: number;
  readonly traceparent?: string;
}

/** An event by key: a copy on its way from the key to a subscriber, or one that comes back (docs/protocol.md#keys). */
export interface ForwardMessage {
  readonly tutti: 'forward' | 'return';
  /** Id of the subscription, `pid/run/n`: the copy is for that pid. */
  readonly subscription: string;
  /** The pid of the key. */
  readonly owner: string;
  /** The process whose instances wait for the key, and its text. */
  readonly process: string;
  readonly key: string;
  /** The number of copies that were forwarded. */
  readonly to: number;
  /** How often the event had come back before. @default 0 */
  readonly round?: number;
  /** The event, with its own id. Its data may be stored apart by the key. */
  readonly event: EventEnvelope;
  /** Only after it was read: the reference of its data. */
  readonly ref?: string;
}

/** The run of a subscription has ended. */
export interface UnsubscribeMessage {
  readonly tutti: 'unsubscribe';
  readonly subscription: string;
  readonly owner: string;
  /** ISO instant of the end. */
  readonly time: string;
}

/** A start that has waited begins the run of an instance (docs/protocol.md#waiting-starts). */
export interface BeginMessage {
  readonly tutti: 'begin';
  /** The pid of the instance that it begins. */
  readonly pid: string;
  /** The pid of the instance whose head held the start: the writer of data that is stored apart. */
  readonly owner: string;
  /** The start, as a `BegunBy` (lib/core/image.ts). */
  readonly data?: Json;
  readonly dataref?: string;
  readonly datahash?: string;
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
  /** Instead of `data`, if that is too large for a message: its name in the payload store, and the SHA-256 of its canonical form. */
  readonly dataref?: string;
  readonly datahash?: string;
  /** ISO instant. */
  readonly time: string;
  readonly by: string;
  readonly onopen?: 'reject' | 'attach' | 'signal' | 'queue' | 'replace';
  readonly tags?: Readonly<Record<string, string>>;
  readonly traceparent?: string;
}

/** An operation of an operator on an instance. */
export interface OperationMessage {
  readonly tutti: 'operate';
  readonly opid: string;
  readonly pid: string;
  readonly act: OperationKind;
  readonly reason: string;
  /** The principal; it is journaled. */
  readonly by: string;
  /** With `resume`: path of a compensation or undo that an operator dealt with. */
  readonly skip?: string;
  /** With `pause`. @default `stop` */
  readonly clock?: PauseClock;
  /** With `resolve`: path of the step, or id of the command, and the outcome that an operator found out. */
  readonly step?: string;
  readonly resolution?: Resolution;
  /** With `resume` and `move`: the version of the definition to go on with. */
  readonly version?: number;
  /** With `fork`. */
  readonly fork?: ForkRequest;
  /** With `erase`: erases also where a late success would be undone, which then stays done. */
  readonly abandon?: true;
}

/** The schedules that the code of the system lists begin, or get their new times: after a deployment, and every hour. */
export interface ListedSchedulesMessage {
  readonly tutti: 'schedules';
  /** ISO instant. */
  readonly time: string;
}

/** An act on a schedule, of a client. */
export interface ScheduleMessage {
  readonly tutti: 'schedule';
  readonly opid: string;
  readonly tenant: string;
  /** Name of the schedule. */
  readonly name: string;
  /** `define` creates it, or changes its times. */
  readonly act: 'define' | 'pause' | 'resume' | 'trigger' | 'backfill' | 'delete';
  readonly reason: string;
  /** The principal; it is journaled. */
  readonly by: string;
  /** ISO instant. */
  readonly time: string;
  /** With `define`. */
  readonly spec?: ScheduleSpec;
  /** With `backfill`: the first and the last instant, milliseconds. */
  readonly from?: number;
  readonly to?: number;
  /** With `trigger` and `backfill`, in place of that of the schedule. */
  readonly overlap?: Overlap;
}

/** An operation on many instances, for an operator: begins a bulk job. */
export interface BulkMessage {
  readonly tutti: 'bulk';
  readonly opid: string;
  readonly tenant: string;
  /** Id of the job. */
  readonly id: string;
  readonly job: BulkJob;
  readonly reason: string;
  /** The principal; it is journaled. */
  readonly by: string;
  /** ISO instant. */
  readonly time: string;
}

/** Pauses or resumes a process or a service, for an operator (docs/protocol.md#holds). */
export type HoldMessage = {
  readonly tutti: 'hold';
  readonly opid: string;
  readonly act: 'pause' | 'resume';
  readonly reason: string;
  /** The principal; it is journaled. */
  readonly by: string;
  /** ISO instant. */
  readonly time: string;
  /** With `pause`. @default `stop` */
  readonly clock?: PauseClock;
  /** With `pause`: whether a start waits or is refused. @default `keep` */
  readonly starts?: 'keep' | 'reject';
} & HoldScope;

/** A hold has ended, so an instance that it has paused is resumed. */
export interface ReleaseMessage extends Released {
  readonly tutti: 'release';
  readonly pid: string;
  /** Its scope, as `scopeKey` writes it. */
  readonly hold: string;
}

/** A hold has ended: the engine looks for what it has paused and parked. It comes again until nothing is left. */
export type ReleaseAllMessage = Released &
  HoldScope & {
    readonly tutti: 'release-all';
    /** ISO instant of the end. */
    readonly time: string;
    /** For how many seconds the indexes have shown nothing. @default 0 */
    readonly waited?: number;
  };

interface Released {
  /** Id of the operation that has ended the hold. */
  readonly opid: string;
  readonly reason: string;
  /** The principal that has ended the hold. */
  readonly by: string;
}

/** Redrives parked events, for an operator. */
export interface RedriveMessage {
  readonly tutti: 'redrive';
  readonly opid: string;
  readonly by: string;
  /** At most 100; `pid` is `''` for an event that is parked beside no instance. */
  readonly events: readonly { readonly pid: string; readonly id: string }[];
}

/** Takes parked events that must never be applied out of the lists, for an operator. */
export interface DiscardMessage {
  readonly tutti: 'discard';
  readonly opid: string;
  readonly by: string;
  readonly reason: string;
  /** At most 100, each the copy that the operator has seen. */
  readonly events: readonly { readonly pid: string; readonly id: string; readonly parkedAt: number }[];
}

/** Signs commands with a new key from now on, for an operator. */
export interface RotateKeysMessage {
  readonly tutti: 'rotate-keys';
  readonly opid: string;
  readonly by: string;
}

/** A wrapper around a message that is redelivered: the event key, not the message id, selects the sends to repeat. */
export interface ForcedMessage {
  readonly tutti: 'forced';
  /** The body of the first message; `packed`: deflated, in base64. */
  readonly body: string;
  readonly packed?: true;
  /** When the first message was sent, milliseconds. */
  readonly sentat: number;
  /** The first queue, if it was not the inbox, and the sender of the first message: both are checked again. */
  readonly channel?: Channel;
  readonly sender?: string;
  /** The message was forwarded to the hot lane, and has not been a dead letter since. */
  readonly lane?: true;
  /** The message has been a dead letter since this instant, milliseconds. */
  readonly since?: number;
  /** The message was a dead letter for too long: it is parked for this reason, and not read. */
  readonly park?: 'DEAD_LETTER';
}

export const INBOX = 'inbox';
/** The queue to which clients send their starts. */
export const STARTS = 'starts';
/** The queue to which operators send operations. */
export const OPERATIONS = 'operations';
/** The queue that delivers the events of one instance in order, several at a time: for instances with many concurrent writers. */
export const HOT_LANE = 'hot-lane';

/** LocalStack formats the JSON of a body again, with spaces, before a function gets it. */
const FORCED = /^\{\s*"tutti"\s*:\s*"forced"/;

/** The origin of a message. */
type Origin = Pick<ReceivedMessage, 'body' | 'sentAt' | 'channel' | 'senderId'>;

/**
 * True for redriven and forwarded messages. A client can write a wrapper too, but it counts only in the inbox, to which no client may send.
 */
export function isWrapper({ body, channel = INBOX }: Pick<Origin, 'body' | 'channel'>): boolean {
  return channel === INBOX && FORCED.test(body);
}

/** Wraps a message. */
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

/** The first message, from a well-formed wrapper. */
export function firstOf(message: ReceivedMessage, { body, sentat, channel, sender }: ForcedMessage): ReceivedMessage {
  const { channel: here, senderId: _functions, ...rest } = message;
  const first = { ...rest, body, sentAt: sentat };
  // Without separate queues there is no record of the sender.
  if (here === undefined) return first;
  return { ...first, channel: channel ?? INBOX, ...(sender !== undefined && { senderId: sender }) };
}

/** Our own limit of a message, 200 KB, minus a margin. */
const FORWARDED_CHARACTERS_MAX = 200_000;
/** Characters that a wrapper needs for one character at most: `\u00e9`. */
const WRAPPED_CHARACTERS_MAX = 6;

/** Whether a message with its wrapper fits into the lane. */
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

/** SQS delivers at most 1 MiB (Amazon SQS message quotas), and JSON needs at most six characters for one. */
const UNPACKED_BYTES_MAX = 6 * 1_048_576 + 2;

/**
 * Deflates a body, because a wrapper escapes quotes and accents with up to six characters each. As JSON, so that a lone surrogate survives
 * UTF-8.
 */
export function packedBody(body: string): string {
  return deflateRawSync(JSON.stringify(body)).toString('base64');
}

/** The body that a wrapper wraps; undefined if it cannot be unpacked. */
export function wrappedBody({ body, packed }: Pick<ForcedMessage, 'body' | 'packed'>): string | undefined {
  if (!packed) return body;
  try {
    const json = inflateRawSync(Buffer.from(body, 'base64'), { maxOutputLength: UNPACKED_BYTES_MAX }).toString();
    return String(JSON.parse(json));
  } catch {
    return undefined;
  }
}

/** In hex. The core takes it as an argument: it imports no Node builtin. */
export function sha256(text: string): string {
  return hash('sha256', text, 'hex');
}
