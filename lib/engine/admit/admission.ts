import type { Hold } from '../../contract/holds.ts';
import { isOrchestratorError } from '../../contract/errors.ts';
import { withoutValues } from '../../contract/schema.ts';
import { thrownText } from '../../contract/wire/thrown-text.ts';
import { VALUE_BYTES_MAX } from '../../contract/wire/wire.ts';
import type { ProcessContract } from '../../contract/runtime-contract.ts';
import type { Inbound } from '../../core/inbound.ts';
import {
  type DiscardMessage,
  type ForcedMessage,
  type ForwardMessage,
  type RedriveMessage,
  type ReleaseAllMessage,
  wrappedBody,
} from '../../format/inbox-message.ts';
import type { ReceivedMessage } from '../../ports/message-queue.ts';
import type { Verdict } from '../../core/classify.ts';
import type { OpenCommand, StuckReason } from '../../core/image.ts';
import { SHORT_HASH_LENGTH } from '../../core/journal.ts';
import type { Dispatch } from '../send/dispatch.ts';
import { ALTERED, type Detail, FOREIGN, type Referring, TOO_LARGE } from './body-data.ts';
import type { EngineContext } from '../engine-context.ts';
import { forcedFault } from '../../format/common-form.ts';

/** An event for one instance. One message may carry an event for several instances. */
export interface Target {
  readonly pid: string;
  readonly definition: ProcessContract | undefined;
  readonly inbound: Inbound;
  /** Of a reply: its sender and its command, compared with the open command. */
  readonly reply?: ReplyOf;
  /** Of a reply to an engine command: its owner, and the short hash of the command. */
  readonly owned?: { readonly owner: string; readonly hash: string };
  /** Of a message of a key. `forward`: the copy, which goes back if its subscription has ended. */
  readonly ofKey?: { readonly forward?: ForwardMessage };
  /** It ends a hold: the message that then looks for what is held. */
  readonly ends?: ReleaseAllMessage;
  /** A client sent it, and reads the head for the result. */
  readonly byClient?: true;
}

/** The members of a reply that prove where it comes from. */
export interface ReplyOf {
  readonly source: string;
  /** The short form, as a head keeps it. */
  readonly commandhash: string;
  readonly commandId: string;
  /** The whole hash, as the command carried it. */
  readonly datahash: string;
  readonly token?: string;
}

/** Stands for the definition of a target that has none. Only the verdict on a start reads it, and a start has one. */
export const NO_DEFINITION = { onOpen: 'reject', onClosed: 'reject' } as ProcessContract;

export type Admission =
  /**
   * `aside`: the event half of a reply, parked while the reply half is delivered. `redrives`: parked events that an operator sends back, which
   * concerns no instance yet. `releases`: the end of a hold, whose instances are looked for. `discards`: parked events that an operator takes out of the lists. `rotation`: the id of a request for a new reply key.
   */
  | {
      readonly status: 'deliver';
      readonly targets: readonly Target[];
      readonly aside?: Parked;
      readonly redrives?: RedriveMessage['events'];
      readonly discards?: DiscardMessage & { readonly sender?: string };
      readonly rotation?: string;
      readonly releases?: ReleaseAllMessage;
    }
  /** Malformed, forbidden or without a receiver: parked for an operator, never dropped. */
  | ({ readonly status: 'park' } & Parked)
  /** Of a newer contract version than this code knows: a deploy is in progress. */
  | { readonly status: 'newer'; readonly pid: string; readonly detail: string };

/** Why a message is parked, and beside which instance. */
interface Parked {
  readonly pid: string;
  readonly reason: string;
  readonly detail: string;
}

/** The data in the payload store differs from the data that was sent. */
export const DATA_ALTERED: Admission = {
  status: 'park',
  pid: '',
  reason: 'MALFORMED',
  detail: 'The data of the message was stored apart, and its SHA-256 is not the datahash of the message.',
};

/** The data in the payload store was not put there by the sender of the message. */
export const DATA_FOREIGN: Admission = {
  status: 'park',
  pid: '',
  reason: 'FORBIDDEN',
  detail: 'The dataref of the message names data that its sender has not stored for the instance of the message.',
};

/** The data in the payload store is too large, so it is not read. */
export const DATA_TOO_LARGE: Admission = {
  status: 'park',
  pid: '',
  reason: 'DATA_TOO_LARGE',
  detail: `The data of the message was stored apart, and has more than ${VALUE_BYTES_MAX} bytes.`,
};

/** The members that an event takes over from its message. */
export interface Carried {
  readonly messageId: string;
  readonly forced: boolean;
  readonly at: number;
}

export function carried(message: ReceivedMessage, at: number): Carried {
  return { messageId: message.messageId, forced: false, at };
}

export function deliver(target: Target): Admission {
  return { status: 'deliver', targets: [target] };
}

/** The short form of a hash on the wire, as a head keeps it. */
export function keptHash(wire: string): string {
  return wire.slice('sha256:'.length, 'sha256:'.length + SHORT_HASH_LENGTH);
}

export function park(reason: string, detail: string, pid = ''): Parking {
  return { status: 'park', pid, reason, detail };
}

/** Parks an internal message that is not of its form. */
export function malformed(fault: string): Parking {
  return park('MALFORMED', `Invalid internal message: ${fault}.`);
}

type Parking = Extract<Admission, { status: 'park' }>;

/** Parks a message that could not be read, with the error. */
export function unread(error: unknown, pid = ''): Parking {
  return isOrchestratorError(error)
    ? park(error.code, withoutValues(error), pid)
    : park('MALFORMED', `The message could not be read: ${thrownText(error)}.`, pid);
}

/** An event for one instance, with the state of its handling: each stage fills in its own members. */
export interface Item {
  readonly message: ReceivedMessage;
  readonly target: Target;
  verdict: Verdict | undefined;
  /** Why the event cannot be applied. It is left out, so that the other events of its group can be applied. */
  refused: StuckReason | undefined;
  /** Of a reply, for the hooks: the open command that it answers. */
  answers: OpenCommand | undefined;
  /** Must be sent before the message may be acknowledged. */
  dispatches: Dispatch[];
  /** The version whose pending sends are all among the dispatches of this group; undefined if older sends may be left. */
  sendsVersion: number | undefined;
  /** Goes to the hot lane, which decides on it. */
  forwarded: boolean;
  /** The hold because of which the event is not decided. */
  hold: Hold | undefined;
  /** The scope of the hold that has paused the instance. */
  pausedBy: string | undefined;
  /** A `resume` that was applied: the events that are parked beside the instance are redriven. */
  redrives: boolean;
  /** When the instance was erased: what is left of it is removed. */
  erasedAt: number | undefined;
  /** Set if the event is not done: the message is redelivered after this many seconds. */
  retryInSeconds: number | undefined;
}

/** A message and its events, one for each instance that it concerns. */
export interface HandledMessage {
  readonly message: ReceivedMessage;
  readonly items: readonly Item[];
  /** Set if the message is redelivered whatever becomes of its events. */
  retryInSeconds: number | undefined;
}

export function newItem(message: ReceivedMessage, target: Target): Item {
  return {
    message,
    target,
    verdict: undefined,
    refused: undefined,
    answers: undefined,
    dispatches: [],
    sendsVersion: undefined,
    forwarded: false,
    hold: undefined,
    pausedBy: undefined,
    redrives: false,
    erasedAt: undefined,
    retryInSeconds: undefined,
  };
}

/** Whether an event with this verdict changes its instance. */
export function isDecided(verdict: Verdict): boolean {
  return verdict === 'apply' || verdict === 'reject' || verdict === 'restart' || verdict === 'queue' || verdict === 'note';
}

/** Whether the event changes its instance, so that it is committed. */
export function decidesOn({ verdict }: Item): boolean {
  return verdict !== undefined && isDecided(verdict);
}

const REFUSED: ReadonlyMap<unknown, Admission> = new Map([
  [FOREIGN, DATA_FOREIGN],
  [ALTERED, DATA_ALTERED],
  [TOO_LARGE, DATA_TOO_LARGE],
]);

/** The admission of a message whose data must not be decided on; undefined for every other body. */
export function refusedData(body: unknown): Admission | undefined {
  return REFUSED.get(body);
}

/**
 * The JSON of a message; undefined if the text is not JSON. A promise only if its data is read from the payload store, because the message
 * has a `dataref`.
 */
export function readBody(context: EngineContext, text: string): unknown {
  let body: unknown;
  try {
    body = parsed(text);
  } catch {
    return undefined;
  }
  const {
    tutti,
    source,
    detail: ofBus,
  } = (body ?? {}) as { readonly tutti?: unknown; readonly source?: unknown; readonly detail?: Detail };
  if (tutti === 'forced') return readForced(context, body as ForcedMessage);
  const whole = CARRYING.has(tutti) ? (body as Detail) : undefined;
  const own = tutti === 'forward' || tutti === 'return' ? whole?.event : whole;
  const detail = own ?? (ofBus?.specversion === undefined ? undefined : ofBus);
  if (typeof detail?.dataref !== 'string' || detail.data !== undefined) return body;
  return withData(context, { body, source, whole, own, detail, dataref: detail.dataref, read: parsed });
}

/** Reads the data of a message from the payload store, by code that is loaded for the first such message. */
async function withData(context: EngineContext, referring: Referring): Promise<unknown> {
  return (await context.rare()).withData(context, referring);
}

/** The internal messages that carry data. */
const CARRYING: ReadonlySet<unknown> = new Set(['start', 'begin', 'command', 'reply', 'forward', 'return']);

const NEGATIVE_ZERO = /[:,[]\s*-0/;

/** Some senders write `-0`, which the journal keeps as `0`: decide on the value that a replay will see. */
function parsed(text: string): unknown {
  const value: unknown = JSON.parse(text);
  return NEGATIVE_ZERO.test(text) ? JSON.parse(JSON.stringify(value)) : value;
}

/** Whether the data of a message was refused or is missing. */
function isUnread(body: unknown): body is symbol {
  return typeof body === 'symbol';
}

/** A wrapper, with the body that it wraps, read. */
export interface ReadForced extends ForcedMessage {
  readonly inner: unknown;
}

async function readForced(context: EngineContext, forced: ForcedMessage): Promise<unknown> {
  // A malformed wrapper and a message that is only parked are not read: their data decides nothing.
  const isRead = forcedFault(forced) === undefined && forced.park === undefined;
  const text = isRead ? wrappedBody(forced) : undefined;
  const inner = text === undefined ? undefined : await readBody(context, text);
  return isUnread(inner) ? inner : ({ ...forced, inner } satisfies ReadForced);
}
