import { isOrchestratorError } from '../../contract/errors.ts';
import { withoutValues } from '../../contract/schema.ts';
import { thrownText } from '../../contract/wire/thrown-text.ts';
import { VALUE_BYTES_MAX } from '../../contract/wire/wire.ts';
import type { ProcessContract } from '../../contract/runtime-contract.ts';
import type { Inbound } from '../../core/inbound.ts';
import type { RedriveMessage } from '../../format/inbox-message.ts';
import type { ReceivedMessage } from '../../ports/message-queue.ts';
import type { Verdict } from '../../core/classify.ts';
import type { StuckReason } from '../../core/image.ts';
import type { Dispatch } from '../send/dispatch.ts';

/** An event for one instance. One message may carry an event for several instances. */
export interface Target {
  readonly pid: string;
  readonly definition: ProcessContract | undefined;
  readonly inbound: Inbound;
  /** Of a reply: its sender and its command, compared with the open command. */
  readonly reply?: ReplyOf;
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
   * concerns no instance yet. `rotation`: the id of a request for a new reply key.
   */
  | {
      readonly status: 'deliver';
      readonly targets: readonly Target[];
      readonly aside?: Parked;
      readonly redrives?: RedriveMessage['events'];
      readonly rotation?: string;
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

export function park(reason: string, detail: string, pid = ''): Parking {
  return { status: 'park', pid, reason, detail };
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
    redrives: false,
    retryInSeconds: undefined,
  };
}

/** Whether the event changes its instance, so that it is committed. */
export function decidesOn({ verdict }: Item): boolean {
  return verdict === 'apply' || verdict === 'reject' || verdict === 'restart';
}
