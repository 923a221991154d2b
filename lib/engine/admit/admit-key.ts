import type { Catalogue } from '../../contract/catalogue.ts';
import { keyDefinition, keyFault, type KeyName } from '../../contract/keys.ts';
import type { ProcessContract } from '../../contract/runtime-contract.ts';
import { parseCommandId, type CommandKey } from '../../contract/wire/process-id.ts';
import { parseEnvelope } from '../../contract/wire/wire.ts';
import { identityOf } from '../../core/identity.ts';
import { inboxBody, sha256, type CommandMessage, type ForwardMessage, type UnsubscribeMessage } from '../../format/inbox-message.ts';
import { asSent } from '../send/key-messages.ts';
import { type Admission, type Carried, type Target, park, deliver, keptHash } from './admission.ts';
import { admitEvent, keyPidOf, keysOf } from './admit-event.ts';

/**
 * The messages of keys (docs/protocol.md#keys). Input: an internal message. Output: the target at the key, or at its subscriber.
 */

/** The engine command by which a run subscribes to a key. */
export function admitSubscribe(_catalogue: Catalogue, message: CommandMessage, by: Carried): Admission {
  const { commandid, owner, time, hops, datahash, traceparent } = message;
  const { process, event, key, deliver } = (message.data ?? {}) as unknown as Partial<KeyName> & { readonly deliver?: unknown };
  if (
    typeof process !== 'string' ||
    typeof event !== 'string' ||
    keyFault(key) !== undefined ||
    keyPidOf(tenantOf(commandid), { process, event, key: key as string }) !== owner
  )
    return park('MALFORMED', `The subscription ${commandid} names a process, an event and a key that are not those of ${owner}.`, owner);
  return toKey(owner, keyDefinition, {
    kind: 'key',
    key: `c:${commandid}`,
    ...by,
    act: 'subscribe',
    id: commandid,
    identity: identityOf(sha256, { pid: owner, event: '#subscribe', id: commandid }),
    hash: keptHash(datahash),
    time,
    name: { process, event, key: key as string },
    ...(deliver === 'first' && { deliver }),
    hops,
    ...(traceparent !== undefined && { trace: traceparent }),
  });
}

function toKey(pid: string, definition: ProcessContract, inbound: Target['inbound']): Admission {
  return deliver({ pid, definition, inbound, ofKey: {} });
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
export function admitForward(catalogue: Catalogue, message: ForwardMessage, by: Carried): Admission {
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
