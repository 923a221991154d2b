import type { Catalogue } from '../../contract/catalogue.ts';
import { parseCommandId, type CommandKey } from '../../contract/wire/process-id.ts';
import { replyKey } from '../../core/classify.ts';
import type { CommandMessage, ReplyMessage } from '../../format/inbox-message.ts';
import { type Admission, type Carried, park } from './admission.ts';

/** Makes the event for the owner of an engine command. */
type AdmitCommand = (catalogue: Catalogue, command: CommandMessage, by: Carried) => Admission;

/** The engine commands, by name. */
const COMMANDS: Readonly<Record<string, AdmitCommand>> = {};

/** Admits an engine command for the instance that owns it (docs/protocol.md#engine-commands). Only the inbox carries it. */
export function admitCommand(catalogue: Catalogue, message: CommandMessage, by: Carried): Admission {
  const admitted = Object.hasOwn(COMMANDS, message.command) ? COMMANDS[message.command] : undefined;
  // A later build has issued it: the message is parked beside its owner, and is sent again.
  if (!admitted) return park('UNKNOWN_COMMAND', `${message.command} is no command of this engine.`, message.owner);
  return admitted(catalogue, message, by);
}

/** Admits the reply of an owner for the instance that issued the command. */
export function admitOwnerReply(message: ReplyMessage, by: Carried): Admission {
  const { pid, run, n } = parseCommandId(message.commandid) as CommandKey;
  return {
    status: 'deliver',
    targets: [
      {
        pid,
        definition: undefined,
        inbound: {
          kind: 'reply',
          key: replyKey(run, n, message.outcome),
          ...by,
          run,
          n,
          outcome: message.outcome,
          retryable: false,
          data: message.data ?? null,
          hops: message.hops,
          ...(message.traceparent !== undefined && { trace: message.traceparent }),
        },
        owned: { owner: message.owner, hash: message.commandhash },
      },
    ],
  };
}
