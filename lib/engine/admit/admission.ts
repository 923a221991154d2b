import type { Hold } from '../../contract/holds.ts';
import { isOrchestratorError } from '../../contract/errors.ts';
import { type Json, withoutValues } from '../../contract/schema.ts';
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
import type { StuckReason } from '../../core/image.ts';
import { SHORT_HASH_LENGTH } from '../../core/journal.ts';
import type { Dispatch } from '../send/dispatch.ts';
import { pidOfCommand } from '../../contract/wire/process-id.ts';
import { type Author, CLIENT_WRITER, ORCHESTRATOR_WRITER } from '../../ports/payload-store.ts';
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
    dispatches: [],
    sendsVersion: undefined,
    forwarded: false,
    hold: undefined,
    pausedBy: undefined,
    redrives: false,
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

/** The payload store does not hold the data: it lags, or the data is gone. */
export const MISSING: unique symbol = Symbol('missing');
/** The `dataref` names data that the sender of the message did not store. */
const FOREIGN: unique symbol = Symbol('foreign');
/** The stored data has another hash than the message. */
const ALTERED: unique symbol = Symbol('altered');

/** The stored data is larger than any value may be. */
const TOO_LARGE: unique symbol = Symbol('too large');

const REFUSED: ReadonlyMap<unknown, Admission> = new Map([
  [FOREIGN, DATA_FOREIGN],
  [ALTERED, DATA_ALTERED],
  [TOO_LARGE, DATA_TOO_LARGE],
]);

/** The admission of a message whose data must not be decided on; undefined for every other body. */
export function refusedData(body: unknown): Admission | undefined {
  return REFUSED.get(body);
}

interface Detail {
  readonly tutti?: unknown;
  readonly owner?: unknown;
  readonly event?: Detail;
  ref?: unknown;
  readonly specversion?: unknown;
  readonly id?: unknown;
  readonly source?: unknown;
  readonly type?: unknown;
  readonly commandid?: unknown;
  readonly process?: unknown;
  data?: unknown;
  dataref?: unknown;
  readonly datahash?: unknown;
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
  return withData(context, { body, source, whole, own, detail, dataref: detail.dataref });
}

interface Referring {
  readonly body: unknown;
  /** The source that the bus has authenticated. */
  readonly source: unknown;
  /** The internal message that carries the data. */
  readonly whole: Detail | undefined;
  readonly own: Detail | undefined;
  /** The part of the body that has the reference. */
  readonly detail: Detail;
  readonly dataref: string;
}

/** Reads the data of a message from the payload store. */
async function withData(context: EngineContext, { body, source, whole, own, detail, dataref }: Referring): Promise<unknown> {
  // The bus authenticates the source; the envelope does not.
  const sent = { ...detail, source: source ?? detail.source };
  if (!(whole ? ownAuthors(whole) : authorsOf(context, sent)).some((author) => context.options.payloads.isOf(dataref, author)))
    return FOREIGN;
  const json = await fetched(context, dataref);
  if (json === TOO_LARGE) return TOO_LARGE;
  if (json === undefined) return MISSING;
  // A writer of the payload store could have replaced the value.
  const data = hashed(context, json, detail.datahash);
  if (data === undefined) return ALTERED;
  detail.data = data;
  delete detail.dataref;
  // It may have to be sent again as it came.
  if (whole && own !== whole) whole.ref = dataref;
  return body;
}

async function fetched({ options }: EngineContext, dataref: string): Promise<string | undefined | typeof TOO_LARGE> {
  try {
    return await options.payloads.fetch(dataref);
  } catch (error) {
    if (isOrchestratorError(error) && error.code === 'DATA_TOO_LARGE') return TOO_LARGE;
    throw error;
  }
}

/** The internal messages that carry data. */
const CARRYING: ReadonlySet<unknown> = new Set(['start', 'begin', 'command', 'reply', 'forward', 'return']);

/** The author of the data of an internal message: the client that starts, or the instance that issued or owns the command. */
function ownAuthors({ tutti, process, commandid, owner }: Detail): Author[] {
  if (tutti === 'start') return [{ writer: CLIENT_WRITER, folder: textOf(process) }];
  return [{ writer: ORCHESTRATOR_WRITER, folder: tutti !== 'command' ? textOf(owner) : pidOfCommand(textOf(commandid)) }];
}

/** The authors that may have stored the data of a message: its source, for its instance, or a client in the name of its source. */
function authorsOf({ catalogue }: EngineContext, { id, source, type, commandid }: Detail): Author[] {
  if (commandid !== undefined) return [{ writer: textOf(source), folder: pidOfCommand(textOf(commandid)) }];
  const byClient = { writer: CLIENT_WRITER, folder: textOf(type) };
  // The id of an event that a process publishes contains the id of its instance.
  const own = source === catalogue.system.name ? [{ writer: ORCHESTRATOR_WRITER, folder: pidOfCommand(textOf(id)) }] : [];
  return [{ writer: textOf(source) }, byClient, ...own];
}

/** A value that is not a string names no author. */
function textOf(value: unknown): string {
  return typeof value === 'string' ? value : '';
}

const NEGATIVE_ZERO = /[:,[]\s*-0/;

/** Some senders write `-0`, which the journal keeps as `0`: decide on the value that a replay will see. */
function parsed(text: string): unknown {
  const value: unknown = JSON.parse(text);
  return NEGATIVE_ZERO.test(text) ? JSON.parse(JSON.stringify(value)) : value;
}

/** The value, if it is JSON with this hash. A value without a canonical form has no hash. */
function hashed(context: EngineContext, json: string, datahash: unknown): Json | undefined {
  try {
    const data = parsed(json) as Json;
    return datahash === `sha256:${context.environment.hash(context.environment.canonical(data))}` ? data : undefined;
  } catch {
    return undefined;
  }
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
