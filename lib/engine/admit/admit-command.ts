import { OPERATE } from '../../contract/bulk.ts';
import { definitionName, startType, type Catalogue } from '../../contract/catalogue.ts';
import { parseGiven, type Json } from '../../contract/schema.ts';
import { parseCommandId, parsePid, type CommandKey, type InstanceKey } from '../../contract/wire/process-id.ts';
import { isKey, SUBSCRIBE } from '../../contract/keys.ts';
import { CHILD, startSchema } from '../../core/children.ts';
import { replyKey } from '../../core/classify.ts';
import { actIdentity, identityOf } from '../../core/identity.ts';
import { SHORT_HASH_LENGTH } from '../../core/journal.ts';
import { sha256, type CommandMessage, type ReplyMessage } from '../../format/inbox-message.ts';
import { type Admission, type Carried, park, unread } from './admission.ts';
import { admitOperate } from './admit-bulk.ts';
import { admitSubscribe } from './admit-key.ts';

/** Makes the event for the owner of an engine command. */
type AdmitCommand = (catalogue: Catalogue, command: CommandMessage, by: Carried) => Admission;

/** The engine commands, by name. */
const COMMANDS: Readonly<Record<string, AdmitCommand>> = { [CHILD]: admitChild, [SUBSCRIBE]: admitSubscribe, [OPERATE]: admitOperate };

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
        ...(isKey(message.owner) && { ofKey: {} }),
      },
    ],
  };
}

/**
 * The start of a child, or its end if the parent gave it up. No sender chooses the identity of such a start: the type of an event contains
 * no `#`.
 */
function admitChild(catalogue: Catalogue, message: CommandMessage, by: Carried): Admission {
  const { commandid, owner, cancel, hops, traceparent } = message;
  const { tenant, process, id } = parsePid(owner) as InstanceKey;
  const definition = catalogue.newest(process);
  if (!definition) return park('UNKNOWN_PROCESS', `There is no process ${process} in ${catalogue.system.name}.`, owner);
  if (definition.kind !== 'async' || definition.builtIn)
    return park('MALFORMED', `${process} is no process: only a process is a child.`, owner);
  const parent = parseCommandId(commandid) as CommandKey;
  if (parsePid(parent.pid)?.tenant !== tenant)
    return park('FORBIDDEN', `${commandid} is of another tenant than its child ${owner}.`, owner);
  let data: Json = null;
  try {
    if (!cancel) data = parseGiven(startSchema(definition), message.data, `${process} was started with`);
  } catch (error) {
    return unread(error, owner);
  }
  const identity = identityOf(sha256, { pid: owner, event: '#command', id: commandid });
  const cancelIdentity = actIdentity(sha256, owner, commandid);
  return {
    status: 'deliver',
    targets: [
      {
        pid: owner,
        definition,
        inbound: {
          kind: 'start',
          key: cancel ? `c:${cancelIdentity}` : `s:${identity}`,
          ...by,
          id: commandid,
          identity,
          event: startType(definition),
          source: catalogue.system.name,
          time: message.time,
          subject: id,
          data,
          definition: definitionName(definition),
          hops: hops + 1,
          ...(traceparent !== undefined && { trace: traceparent }),
          parent: {
            commandId: commandid,
            hash: message.datahash.slice('sha256:'.length, 'sha256:'.length + SHORT_HASH_LENGTH),
            depth: message.depth + 1,
            cancelIdentity,
            ...(cancel && { cancel }),
          },
        },
      },
    ],
  };
}
