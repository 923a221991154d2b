import { instantText } from '../../contract/wire/wire.ts';
import { buildCommandId } from '../../contract/wire/process-id.ts';
import type { Image, OpenCommand, PendingSend } from '../../core/image.ts';
import { INBOX, inboxBody, type CommandMessage, type ReplyMessage } from '../../format/inbox-message.ts';
import { carried, type Dispatch, type DispatchContext } from './dispatch.ts';

/** The message of an engine command to its owner (docs/protocol.md#engine-commands). It goes to the inbox, as a tick does. */
export function ownerCommand(image: Image, command: OpenCommand, context: DispatchContext): Dispatch {
  const { n, owner = '', hops, trace } = command;
  const full = command.wireHash ?? context.hash(context.canonical(command.input));
  const message: CommandMessage = {
    tutti: 'command',
    commandid: buildCommandId(image.pid, image.run, n),
    owner,
    command: command.command,
    ...(command.settling && { settle: true }),
    ...carried(image.pid, command, context),
    datahash: `sha256:${full}`,
    time: instantText(command.since),
    hops,
    ...(trace !== undefined && { traceparent: trace }),
  };
  return { to: 'queue', queue: INBOX, body: inboxBody(message), groupId: owner, n };
}

/** The message of an owner that answers an engine command. */
export function ownerReply(
  image: Image,
  { data = null, dataref, hops = 0, trace }: Pick<PendingSend, 'data' | 'dataref' | 'hops' | 'trace'>,
  { commandId, hash, outcome }: NonNullable<PendingSend['answers']>,
  context: DispatchContext,
): Dispatch {
  const value = carried(image.pid, { input: data, inputRef: dataref }, context);
  const message: ReplyMessage = {
    tutti: 'reply',
    commandid: commandId,
    commandhash: hash,
    owner: image.pid,
    outcome,
    ...value,
    ...('dataref' in value && { datahash: `sha256:${context.hash(context.canonical(data))}` }),
    hops,
    ...(trace !== undefined && { traceparent: trace }),
  };
  return { to: 'queue', queue: INBOX, body: inboxBody(message), groupId: image.pid, n: 0 };
}
