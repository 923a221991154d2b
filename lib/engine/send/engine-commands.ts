import type { Json } from '../../contract/schema.ts';
import { instantText } from '../../contract/wire/wire.ts';
import { commandIdOf, type Image, type OpenCommand, type PendingSend } from '../../core/image.ts';
import { INBOX, inboxBody, type BeginMessage, type CommandMessage, type ReplyMessage } from '../../format/inbox-message.ts';

/** The members of `DispatchContext` (dispatch.ts) that hash a value. */
interface Hashing {
  readonly hash: (text: string) => string;
  readonly canonical: (data: Json) => string;
}

/** The value of a message, or its name in the payload store. */
type Carried = { readonly data: Json } | { readonly dataref: string };

/** A message that the engine sends to its own inbox. */
export interface InboxDispatch {
  readonly to: 'queue';
  readonly queue: string;
  readonly body: string;
  readonly groupId: string;
  readonly n: number;
}

/** The message of an engine command to its owner (docs/protocol.md#engine-commands). It goes to the inbox, as a tick does. */
export function ownerCommand(image: Image, command: OpenCommand, value: Carried, context: Hashing): InboxDispatch {
  const { n, owner = '', hops, trace } = command;
  const full = command.wireHash ?? context.hash(context.canonical(command.input));
  const message: CommandMessage = {
    tutti: 'command',
    commandid: commandIdOf(image, command),
    owner,
    command: command.command,
    depth: image.parent?.depth ?? 0,
    ...(command.settling && { cancel: true }),
    ...value,
    datahash: `sha256:${full}`,
    time: instantText(command.since),
    hops,
    ...(trace !== undefined && { traceparent: trace }),
  };
  return { to: 'queue', queue: INBOX, body: inboxBody(message), groupId: owner, n };
}

/** The message of a start that has waited, to the instance that it begins. */
export function beginDispatch(owner: string, { begins = '', data = null }: PendingSend, value: Carried, context: Hashing): InboxDispatch {
  const { hash, canonical } = context;
  const message: BeginMessage = {
    tutti: 'begin',
    pid: begins,
    owner,
    ...value,
    ...('dataref' in value && { datahash: `sha256:${hash(canonical(data))}` }),
  };
  return { to: 'queue', queue: INBOX, body: inboxBody(message), groupId: begins, n: 0 };
}

/** The message of an owner that answers an engine command. */
export function ownerReply(image: Image, pending: AnsweringSend, value: Carried, { hash, canonical }: Hashing): InboxDispatch {
  const { data = null, hops = 0, trace, answers } = pending;
  const message: ReplyMessage = {
    tutti: 'reply',
    commandid: answers.commandId,
    commandhash: answers.hash,
    owner: image.pid,
    outcome: answers.outcome,
    ...value,
    ...('dataref' in value && { datahash: `sha256:${hash(canonical(data))}` }),
    hops,
    ...(trace !== undefined && { traceparent: trace }),
  };
  return { to: 'queue', queue: INBOX, body: inboxBody(message), groupId: image.pid, n: 0 };
}

/** A reply to send. */
export type AnsweringSend = Pick<PendingSend, 'data' | 'hops' | 'trace'> & { readonly answers: NonNullable<PendingSend['answers']> };
