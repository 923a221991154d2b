import type { EventEnvelope } from '../../contract/wire/envelope.ts';
import { parseEnvelope } from '../../contract/wire/wire.ts';
import { keyDefinition, keyFault, keyPid, type KeyName } from '../../contract/keys.ts';
import type { ProcessContract } from '../../contract/runtime-contract.ts';
import { buildPid, INSTANCE_ID_FORM, parsePid, tenantOf } from '../../contract/wire/process-id.ts';
import { type Json, NEWER, parse, parseVersion, versionOf } from '../../contract/schema.ts';
import { identityOf } from '../../core/identity.ts';
import type { Inbound } from '../../core/inbound.ts';
import { type Admission, type Carried, type Target, park, unread, deliver } from './admission.ts';
import { toGate } from './admit-gate.ts';
import { definitionName, type Catalogue, type Interest } from '../../contract/catalogue.ts';
import { sha256 } from '../../format/inbox-message.ts';

const HOPS_MAX = 100;

/** The members that EventBridge wraps around an event. */
export interface BusEnvelope {
  readonly id?: unknown;
  readonly source?: unknown;
  readonly account?: unknown;
  readonly time?: unknown;
  readonly 'detail-type'?: unknown;
  readonly detail?: unknown;
}

/** A plain event without an envelope: its detail is the data (docs/protocol.md#names). */
export function admitPlainEvent(catalogue: Catalogue, bus: BusEnvelope, data: Json, by: Carried): Admission {
  const { 'detail-type': type, id, source, time } = bus;
  if (typeof type !== 'string' || typeof id !== 'string' || typeof source !== 'string' || typeof time !== 'string')
    return park('MALFORMED', 'The bus event has no detail-type, id, source or time.');
  const event = catalogue.interests(type)[0]?.correlation.event;
  const envelope = { specversion: '1.0', id, source, type, time: inMilliseconds(time), datacontenttype: 'application/json', hops: 0, data };
  const stamped = event?.dedupeBy
    ? { ...envelope, id: event.dedupeBy(parse(event.data, data, `${type} was received with`) as never) }
    : envelope;
  const parsed = parseEnvelope(stamped);
  return parsed.kind === 'event'
    ? admitEvent(catalogue, parsed.envelope, by)
    : park('MALFORMED', parsed.kind === 'malformed' ? parsed.fault : 'The event looks like a command or a reply.');
}

/** EventBridge writes the time of an event in whole seconds, `2026-11-21T10:00:00Z`; envelopes have milliseconds. */
function inMilliseconds(time: string): string {
  return WHOLE_SECONDS.test(time) ? time.replace('Z', '.000Z') : time;
}

const WHOLE_SECONDS = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ$/;

/** An event concerns the instances that the correlations of its processes name, or the one instance that it is addressed to. */
export function admitEvent(catalogue: Catalogue, envelope: EventEnvelope, by: Carried): Admission {
  const interests = catalogue.interests(envelope.type);
  const [first] = interests;
  if (!first) return park('UNKNOWN_EVENT', `No process of ${catalogue.system.name} subscribes to ${envelope.type}.`);
  const { event } = first.correlation;
  if (envelope.source !== event.owner)
    return park('FORBIDDEN', `${envelope.type} came from ${envelope.source}: only its owner, ${event.owner}, may publish it.`);
  if (envelope.hops > HOPS_MAX)
    return park('TOO_MANY_HOPS', `${envelope.type} is ${envelope.hops} events away from its first cause: at most ${HOPS_MAX} are allowed.`);
  if (!isOwnTenants(envelope))
    return park('FORBIDDEN', `${envelope.type} of the tenant ${tenantOf(envelope)} was sent to ${String(envelope.processid)}.`);
  let data: Json | typeof NEWER;
  try {
    data = parseVersion(event.data, envelope.dataversion, envelope.data, `${envelope.type} was received with`);
  } catch (error) {
    // Parked beside the instance that it is addressed to, where the sender finds it.
    return unread(error, envelope.processid);
  }
  if (data === NEWER)
    return {
      status: 'newer',
      pid: '',
      detail: `${envelope.type} has data version ${envelope.dataversion ?? 1}, which is newer than this contract.`,
    };
  if (envelope.processid !== undefined) return addressed(interests, envelope.processid, { envelope, data, by });
  const targets: Target[] = [];
  for (const interest of interests) {
    if (interest.correlation.by === 'key') {
      const key = keyOf(interest, tenantOf(envelope), data);
      if ('fault' in key) return park('MALFORMED', key.fault);
      const ofKey = target(interest, key.pid, { envelope, data, by });
      targets.push({
        ...ofKey,
        definition: keysOf(interest.definition),
        inbound: { ...ofKey.inbound, ...forwardable(interest) },
      });
      continue;
    }
    const id = interest.correlation.of(data as never);
    const pid = buildPid(tenantOf(envelope), interest.definition.name, id);
    if (pid === undefined)
      return park('MALFORMED', `${envelope.type} names the instance ${JSON.stringify(id)}: an id is ${INSTANCE_ID_FORM}.`);
    const own = target(interest, pid, { envelope, data, by });
    const { gate } = interest.definition;
    const gated = gate && own.inbound.kind === 'start' ? toGate({ ...own, inbound: own.inbound }, interest.definition, gate) : own;
    if ('fault' in gated) return park('MALFORMED', gated.fault, pid);
    targets.push(gated);
  }
  return { status: 'deliver', targets };
}

/** Whether an addressed event has the tenant of its instance: its own tenant is unauthenticated (docs/correctness.md#i15). */
function isOwnTenants(envelope: EventEnvelope): boolean {
  const addressed = envelope.processid === undefined ? undefined : parsePid(envelope.processid);
  return addressed === undefined || addressed.tenant === tenantOf(envelope);
}

/** An event, its data in the newest version, and what its message carried. */
interface ParsedEvent {
  readonly envelope: EventEnvelope;
  readonly data: Json;
  readonly by: Carried;
}

/** An addressed event goes to that instance alone; it never starts an async process. */
function addressed(interests: readonly Interest[], pid: string, event: ParsedEvent): Admission {
  const name = parsePid(pid)?.process;
  const interest = interests.find((each) => each.definition.name === name);
  if (!interest) return park('UNKNOWN_EVENT', `The process ${String(name)} does not subscribe to ${event.envelope.type}.`, pid);
  const starts = interest.starts && interest.definition.kind === 'decider';
  const found = target({ ...interest, starts }, pid, event);
  const { by, of } = interest.correlation;
  const keyed = by === 'key' ? { keyed: of(event.data as never) } : undefined;
  return deliver(keyed ? { ...found, inbound: { ...found.inbound, ...keyed } } : found);
}

function target(interest: Interest, pid: string, { envelope, data, by }: ParsedEvent): Target {
  const { definition, starts } = interest;
  const identity = identityOf(sha256, { pid, event: envelope.type, id: envelope.id });
  const common = {
    ...by,
    id: envelope.id,
    identity,
    event: envelope.type,
    source: envelope.source,
    time: envelope.time,
    data,
    hops: envelope.hops,
    ...(envelope.traceparent !== undefined && { trace: envelope.traceparent }),
  };
  const inbound: Inbound = starts
    ? {
        kind: 'start',
        key: `s:${identity}`,
        definition: definitionName(definition),
        ...common,
        ...(envelope.subject !== undefined && { subject: envelope.subject }),
      }
    : { kind: 'signal', key: `x:${identity}`, ...common };
  return { pid, definition, inbound };
}

/** The pid of the key under which a process receives an event; the sentence about a value that cannot be a key. */
function keyOf({ correlation, definition }: Interest, tenant: string, data: Json): { readonly pid: string } | { readonly fault: string } {
  const { type } = correlation.event;
  const key: unknown = correlation.of(data as never);
  const fault = keyFault(key);
  if (fault !== undefined) return { fault: `${type} has a key for ${definition.name} that is not valid: ${fault}.` };
  return { pid: keyPidOf(tenant, { process: definition.name, event: type, key: key as string }) };
}

/** The pid of a key, whose text is hashed. */
export function keyPidOf(tenant: string, name: KeyName): string {
  return keyPid((of) => identityOf(sha256, of), tenant, name);
}

/** The definition of the keys of a process, whose `early` says how long they keep an event. */
export function keysOf({ earlyMs }: Pick<ProcessContract, 'earlyMs'>): ProcessContract {
  return { ...keyDefinition, earlyMs };
}

/** The members of an event that its key forwards. */
function forwardable({ correlation }: Interest): { readonly dataversion?: number } {
  const version = versionOf(correlation.event.data);
  return version > 1 ? { dataversion: version } : {};
}
