import { isOrchestratorError } from '../../contract/errors.ts';
import { withoutValues } from '../../contract/schema.ts';
import { thrownText } from '../../contract/wire/thrown-text.ts';
import { VALUE_BYTES_MAX } from '../../contract/wire/wire.ts';
import type { ProcessContract } from '../../contract/runtime-contract.ts';
import type { Inbound } from '../../core/inbound.ts';
import type { RedriveMessage } from '../../format/inbox-message.ts';
import type { ReceivedMessage } from '../../ports/message-queue.ts';

/** What a message is for: an event for an instance. One event may concern several. */
export interface Target {
  readonly pid: string;
  readonly definition: ProcessContract | undefined;
  readonly inbound: Inbound;
  /** Of a reply: who sent it and what it answers, compared with the command that is out. */
  readonly reply?: ReplyOf;
  /** A client sent it, and reads the head to learn what became of it. */
  readonly byClient?: true;
}

/** What an answer says of itself. */
export interface ReplyOf {
  readonly source: string;
  /** The short form, as a head keeps it. */
  readonly commandhash: string;
  readonly commandId: string;
  /** The whole hash, as it was sent. */
  readonly datahash: string;
  readonly token?: string;
}

/** Stands for the definition of a target that has none: only the verdict on a start looks at it. */
export const NOBODY = { onOpen: 'reject', onClosed: 'reject' } as ProcessContract;

export type Admission =
  /** `redrives`: a person sends these parked events back, which concerns no instance yet. `rotation`: the id of a request for a new reply key. */
  | {
      readonly status: 'deliver';
      readonly targets: readonly Target[];
      readonly aside?: Parked;
      readonly redrives?: RedriveMessage['events'];
      readonly rotation?: string;
    }
  /** Malformed, forbidden or for nobody: kept for a person, never thrown away. */
  | ({ readonly status: 'park' } & Parked)
  /** From a newer version of a contract than this code knows: a deploy is rolling. */
  | { readonly status: 'newer'; readonly pid: string; readonly detail: string };

/** What is kept for a person; `aside`, for another side of the message than that which is delivered. */
interface Parked {
  readonly pid: string;
  readonly reason: string;
  readonly detail: string;
}

/** Data that was stored apart and is not what its message was sent with. */
export const DATA_ALTERED: Admission = {
  status: 'park',
  pid: '',
  reason: 'MALFORMED',
  detail: 'The data of the message was stored apart, and its SHA-256 is not the datahash of the message.',
};

/** Data that was stored apart by another than the sender of its message. */
export const DATA_FOREIGN: Admission = {
  status: 'park',
  pid: '',
  reason: 'FORBIDDEN',
  detail: 'The dataref of the message names data that its sender has not put there for the instance that the message is of.',
};

/** Data that was stored apart and is not read, because it is too large. */
export const DATA_TOO_LARGE: Admission = {
  status: 'park',
  pid: '',
  reason: 'DATA_TOO_LARGE',
  detail: `The data of the message was stored apart, and has more than ${VALUE_BYTES_MAX} bytes.`,
};

/** What an event takes over from the message that carried it. */
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

/** What cannot be read is parked, with what is wrong with it. */
export function unread(error: unknown, pid = ''): Parking {
  return isOrchestratorError(error)
    ? park(error.code, withoutValues(error), pid)
    : park('MALFORMED', `The message could not be read: ${thrownText(error)}.`, pid);
}
