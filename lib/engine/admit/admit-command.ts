import { OPERATE } from '../../contract/bulk.ts';
import { definitionName, startType, type Catalogue } from '../../contract/catalogue.ts';
import { parseGiven, parseStored, type Json } from '../../contract/schema.ts';
import type { ProcessContract } from '../../contract/runtime-contract.ts';
import { START } from '../../contract/gate.ts';
import type { BegunBy } from '../../core/image.ts';
import type { StartInbound } from '../../core/inbound.ts';
import { begunFault } from '../../format/inbox-form.ts';
import { parseCommandId, parsePid, type CommandKey, type InstanceKey } from '../../contract/wire/process-id.ts';
import { isKey, SUBSCRIBE } from '../../contract/keys.ts';
import { CHILD, startSchema } from '../../core/children.ts';
import { FORK } from '../../core/forking.ts';
import type { ForkInput } from '../../core/inbound.ts';
import { replyKey } from '../../core/classify.ts';
import { actIdentity, identityOf } from '../../core/identity.ts';
import { sha256, type CommandMessage, type ReplyMessage } from '../../format/inbox-message.ts';
import { type Admission, type Carried, park, unread, deliver, keptHash } from './admission.ts';
import { admitOperate } from './admit-bulk.ts';
import { admitSubscribe } from './admit-key.ts';

/** Makes the event for the owner of an engine command. */
type AdmitCommand = (catalogue: Catalogue, command: CommandMessage, by: Carried) => Admission;

/** The engine commands, by name. */
const COMMANDS: Readonly<Record<string, AdmitCommand>> = {
  [CHILD]: admitChild,
  [START]: admitGated,
  [SUBSCRIBE]: admitSubscribe,
  [OPERATE]: admitOperate,
  [FORK]: admitFork,
};

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
  return deliver({
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
  });
}

/**
 * The start of a child, or its end if the parent gave it up. No sender chooses the identity of such a start: the type of an event contains
 * no `#`.
 */
function admitChild(catalogue: Catalogue, message: CommandMessage, by: Carried): Admission {
  const { commandid, owner, cancel, time } = message;
  const definition = childDefinition(catalogue, message);
  if ('status' in definition) return definition;
  let data: Json = null;
  try {
    if (!cancel) data = parseGiven(startSchema(definition), message.data, `${definition.name} was started with`);
  } catch (error) {
    return unread(error, owner);
  }
  const { id } = parsePid(owner) as InstanceKey;
  const start = { id: commandid, event: startType(definition), source: catalogue.system.name, time, subject: id, data };
  return toChild(definition, message, { ...by, ...start });
}

/** The start that a gate lets begin, as it came: its data was parsed then. The gate is notified of the end of the instance. */
function admitGated(catalogue: Catalogue, message: CommandMessage, by: Carried): Admission {
  const { owner, cancel } = message;
  const definition = childDefinition(catalogue, message);
  if ('status' in definition) return definition;
  const fault = cancel ? 'it is never cancelled' : begunFault(message.data ?? null);
  if (fault !== undefined) return park('MALFORMED', `The start of ${owner} by its gate is not valid: ${fault}.`, owner);
  const { dataversion, hops: _hops, trace, data, ...start } = message.data as unknown as BegunBy;
  const value = parseStored(startSchema(definition), data, dataversion ?? 1);
  return toChild(definition, message, { ...by, ...start, data: value, ...(trace !== undefined && { trace }) });
}

function childDefinition(catalogue: Catalogue, { commandid, owner }: CommandMessage): ProcessContract | Admission {
  const { tenant, process } = parsePid(owner) as InstanceKey;
  const definition = catalogue.newest(process);
  if (!definition) return park('UNKNOWN_PROCESS', `There is no process ${process} in ${catalogue.system.name}.`, owner);
  if (definition.kind !== 'async' || definition.builtIn)
    return park('MALFORMED', `${process} is no process: only a process is a child.`, owner);
  const parent = parseCommandId(commandid) as CommandKey;
  if (parsePid(parent.pid)?.tenant !== tenant)
    return park('FORBIDDEN', `${commandid} is of another tenant than its child ${owner}.`, owner);
  return definition;
}

type ChildOf = Omit<StartInbound, 'kind' | 'key' | 'identity' | 'definition' | 'hops' | 'parent'>;

function toChild(definition: ProcessContract, message: CommandMessage, start: ChildOf): Admission {
  const { commandid, owner, cancel, hops, traceparent } = message;
  const identity = identityOf(sha256, { pid: owner, event: '#command', id: commandid });
  const cancelIdentity = actIdentity(sha256, owner, commandid);
  return deliver({
    pid: owner,
    definition,
    inbound: {
      kind: 'start',
      key: cancel ? `c:${cancelIdentity}` : `s:${identity}`,
      ...(traceparent !== undefined && { trace: traceparent }),
      ...start,
      identity,
      definition: definitionName(definition),
      hops: hops + 1,
      parent: {
        commandId: commandid,
        hash: keptHash(message.datahash),
        depth: message.depth + 1,
        cancelIdentity,
        ...(cancel && { cancel }),
      },
    },
  });
}

/** The command of an original at its fork. Its identity names the run, so the fork begins once. */
function admitFork(catalogue: Catalogue, message: CommandMessage, by: Carried): Admission {
  const { commandid, owner, data, time, hops, traceparent } = message;
  const { tenant, process, id } = parsePid(owner) as InstanceKey;
  const original = parseCommandId(commandid) as CommandKey;
  const of = parsePid(original.pid);
  if (of?.tenant !== tenant || of.process !== process)
    return park('FORBIDDEN', `${commandid} is of another tenant or process than its fork ${owner}.`, owner);
  const input = data as unknown as ForkInput;
  if (typeof input?.definition !== 'string' || !Number.isSafeInteger(input.entries) || typeof input.operation !== 'string')
    return park('MALFORMED', `${commandid} names no prefix and no definition for its fork.`, owner);
  const definition = catalogue.definition(input.definition) ?? catalogue.newest(process);
  if (!definition) return park('UNKNOWN_PROCESS', `There is no process ${process} in ${catalogue.system.name}.`, owner);
  const identity = identityOf(sha256, { pid: owner, event: '#fork', id: commandid });
  return deliver({
    pid: owner,
    definition,
    inbound: {
      kind: 'start',
      key: `s:${identity}`,
      ...by,
      id: commandid,
      identity,
      event: startType(definition),
      source: catalogue.system.name,
      time,
      subject: id,
      data: null,
      definition: definitionName(definition),
      hops: hops + 1,
      ...(traceparent !== undefined && { trace: traceparent }),
      fork: { commandId: commandid, hash: keptHash(message.datahash), input },
    },
  });
}
