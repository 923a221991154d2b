import type { Catalogue, Interest } from '../../contract/catalogue.ts';
import { definitionName } from '../../contract/catalogue.ts';
import { keyDefinition, keyFault, keyPid, type KeyName } from '../../contract/keys.ts';
import type { ProcessContract } from '../../contract/runtime-contract.ts';
import { type Json, versionOf } from '../../contract/schema.ts';
import { parseCommandId, type CommandKey } from '../../contract/wire/process-id.ts';
import type { EventEnvelope } from '../../contract/wire/envelope.ts';
import { parseEnvelope } from '../../contract/wire/wire.ts';
import { identityOf } from '../../core/identity.ts';
import { inboxBody, sha256, type CommandMessage, type ForwardMessage, type UnsubscribeMessage } from '../../format/inbox-message.ts';
import { SHORT_HASH_LENGTH } from '../../core/journal.ts';
import { type Admission, type Carried, type Target, park } from './admission.ts';

/**
 * The messages of keys (docs/protocol.md#keys). Input: an admitted event, or an internal message. Output: the target at the key, or at its
 * subscriber.
 *
 * The pid of the key under which a process receives an event; the sentence about a value that cannot be a key.
 */
export function keyOf(
  { correlation, definition }: Interest,
  tenant: string,
  data: Json,
): { readonly pid: string } | { readonly fault: string } {
  const { type } = correlation.event;
  const key: unknown = correlation.of(data as never);
  const fault = keyFault(key);
  if (fault !== undefined) return { fault: `${type} has a key for ${definition.name} that is not valid: ${fault}.` };
  return { pid: pidOf(tenant, { process: definition.name, event: type, key: key as string }) };
}

function pidOf(tenant: string, name: KeyName): string {
  return keyPid((of) => identityOf(sha256, of), tenant, name);
}

/** The definition of the keys of a process, whose `early` says how long they keep an event. */
export function keysOf({ earlyMs }: Pick<ProcessContract, 'earlyMs'>): ProcessContract {
  return { ...keyDefinition, earlyMs };
}

/** The members of an event that its key forwards. */
export function forwardable({ correlation }: Interest): { readonly dataversion?: number } {
  const version = versionOf(correlation.event.data);
  return version > 1 ? { dataversion: version } : {};
}

/** The engine command by which a run subscribes to a key. */
export function admitSubscribe(_catalogue: Catalogue, message: CommandMessage, by: Carried): Admission {
  const { commandid, owner, time, hops, datahash, traceparent } = message;
  const { process, event, key, deliver } = (message.data ?? {}) as unknown as Partial<KeyName> & { readonly deliver?: unknown };
  if (
    typeof process !== 'string' ||
    typeof event !== 'string' ||
    keyFault(key) !== undefined ||
    pidOf(tenantOf(commandid), { process, event, key: key as string }) !== owner
  )
    return park('MALFORMED', `The subscription ${commandid} names a process, an event and a key that are not those of ${owner}.`, owner);
  return toKey(owner, keyDefinition, {
    kind: 'key',
    key: `c:${commandid}`,
    ...by,
    act: 'subscribe',
    id: commandid,
    identity: identityOf(sha256, { pid: owner, event: '#subscribe', id: commandid }),
    hash: datahash.slice('sha256:'.length, 'sha256:'.length + SHORT_HASH_LENGTH),
    time,
    name: { process, event, key: key as string },
    ...(deliver === 'first' && { deliver }),
    hops,
    ...(traceparent !== undefined && { trace: traceparent }),
  });
}

function toKey(pid: string, definition: ProcessContract, inbound: Target['inbound']): Admission {
  return { status: 'deliver', targets: [{ pid, definition, inbound, ofKey: {} }] };
}

function tenantOf(commandid: string): string {
  return commandid.slice(0, commandid.indexOf('#'));
}

/** A run that has ended unsubscribes. */
export function admitUnsubscribe({ subscription, owner, time }: UnsubscribeMessage, by: Carried): Admission {
  const identity = identityOf(sha256, { pid: owner, event: '#unsubscribe', id: subscription });
  return toKey(owner, keyDefinition, {
    kind: 'key',
    key: `u:${subscription}`,
    ...by,
    act: 'unsubscribe',
    id: subscription,
    identity,
    time,
    hops: 0,
  });
}

/** An event that a key forwards to a subscriber: a signal under its own id. `admitEvent` checks it as any other event. */
export function admitForward(
  catalogue: Catalogue,
  message: ForwardMessage,
  by: Carried,
  admitEvent: (catalogue: Catalogue, envelope: EventEnvelope, by: Carried) => Admission,
): Admission {
  const { pid, run, n } = parseCommandId(message.subscription) as CommandKey;
  const parsed = parseEnvelope(message.event);
  if (parsed.kind !== 'event')
    return park('MALFORMED', `The forwarded event is not an event: ${parsed.kind === 'malformed' ? parsed.fault : parsed.kind}.`, pid);
  const admitted = admitEvent(catalogue, { ...parsed.envelope, processid: pid }, by);
  if (admitted.status !== 'deliver') return admitted;
  const targets = admitted.targets.map((target): Target => {
    const { inbound } = target;
    return inbound.kind === 'signal'
      ? { ...target, inbound: { ...inbound, keyed: message.key, subscription: { run, n } }, ofKey: { forward: message } }
      : target;
  });
  return { status: 'deliver', targets };
}

/** A copy whose subscription has ended comes back to its key. */
export function admitReturn(catalogue: Catalogue, message: ForwardMessage, by: Carried): Admission {
  const { subscription, owner, process, to, round } = message;
  const parsed = parseEnvelope(message.event);
  if (parsed.kind !== 'event') return park('MALFORMED', 'The event that comes back is not an event.', owner);
  const { id, type, source, time, data = null, dataversion, hops, traceparent } = parsed.envelope;
  const identity = identityOf(sha256, { pid: owner, event: '#return', id: `${type} ${id} ${subscription} ${round ?? 0}` });
  const { earlyMs } = catalogue.newest(process) ?? keyDefinition;
  return toKey(owner, keysOf({ earlyMs }), {
    kind: 'key',
    key: `b:${identity}`,
    ...by,
    act: 'return',
    id: subscription,
    identity,
    time,
    returned: {
      id,
      event: type,
      source,
      time,
      data,
      ...(dataversion !== undefined && { dataversion }),
      to,
      ...(round !== undefined && { round }),
      identity: identityOf(sha256, { pid: owner, event: type, id }),
      body: inboxBody(asSent(message)),
      earlyMs,
    },
    hops,
    ...(traceparent !== undefined && { trace: traceparent }),
  });
}

/** The message as it was sent: data that is stored apart was read meanwhile. */
export function asSent({ ref, ...message }: ForwardMessage): ForwardMessage {
  if (ref === undefined) return message;
  const { data: _data, ...event } = message.event;
  return { ...message, event: { ...event, dataref: ref } };
}

/** The definition that a key's head names. */
export const KEY_DEFINITION = definitionName(keyDefinition);
