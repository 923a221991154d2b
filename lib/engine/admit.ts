import type { EventEnvelope, ReplyEnvelope } from '../contract/envelope.ts';
import { isOrchestratorError } from '../contract/errors.ts';
import { parseEnvelope } from '../contract/parse-envelope.ts';
import { buildPid, DEFAULT_TENANT, parseCommandId, parsePid } from '../contract/process-id.ts';
import type { ProcessContract } from '../contract/runtime-contract.ts';
import { parse, type Json } from '../contract/schema.ts';
import { NEWER, parseVersion } from '../contract/versions.ts';
import type { Inbound } from '../core/inbound.ts';
import { SHORT_HASH_LENGTH } from '../core/journal.ts';
import type { ReceivedMessage } from '../ports/message-queue.ts';
import { definitionName, type Catalogue, type Interest } from './catalogue.ts';
import type { EngineOptions } from './engine-context.ts';
import { inboxFault } from './inbox-form.ts';
import type { ForcedMessage, InboxMessage, OperateMessage, StartMessage, TickMessage } from './inbox-message.ts';

/** What a message is for: an event for an instance. One event may concern several. */
export interface Target {
  readonly pid: string;
  readonly definition: ProcessContract | undefined;
  readonly inbound: Inbound;
  /** Of a reply: who sent it and what it answers, compared with the command that is out. */
  readonly reply?: { readonly source: string; readonly commandhash: string };
}

export type Admission =
  | { readonly status: 'deliver'; readonly targets: readonly Target[]; readonly aside?: Parked }
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

const HOPS_MAX = 100;

/** Data that was stored apart and is not what its message was sent with. */
export const DATA_ALTERED: Admission = {
  status: 'park',
  pid: '',
  reason: 'MALFORMED',
  detail: 'The data of the message was stored apart, and its SHA-256 is not the datahash of the message.',
};

/** What admission looks at: the system, and who may publish to it. */
export interface Admitting {
  readonly catalogue: Catalogue;
  readonly options: Pick<EngineOptions, 'accounts'>;
}

/** Reads one inbox message, parsed but for its schemas. Never throws: what cannot be read is parked. */
export const admit = (context: Admitting, message: ReceivedMessage, body: unknown, now: number): Admission => {
  if (typeof body !== 'object' || body === null) return park('MALFORMED', 'The message is not a JSON object.');
  try {
    return 'tutti' in body ? ofInternal(context, body as InboxMessage, message, now) : ofBus(context, body, carried(message, now, false));
  } catch (error) {
    return unread(error);
  }
};

interface BusEnvelope {
  readonly id?: unknown;
  readonly source?: unknown;
  readonly account?: unknown;
  readonly time?: unknown;
  readonly 'detail-type'?: unknown;
  readonly detail?: unknown;
}

interface Carried {
  readonly messageId: string;
  readonly forced: boolean;
  readonly at: number;
}

const carried = (message: ReceivedMessage, at: number, forced: boolean): Carried => ({ messageId: message.messageId, forced, at });

const park = (reason: string, detail: string, pid = ''): Parking => ({ status: 'park', pid, reason, detail });

type Parking = Extract<Admission, { status: 'park' }>;

const unread = (error: unknown, pid = ''): Parking =>
  isOrchestratorError(error)
    ? park(error.code, error.message, pid)
    : park('MALFORMED', `The message could not be read: ${String(error)}.`, pid);

const ofBus = ({ catalogue, options: { accounts } }: Admitting, bus: BusEnvelope, by: Carried): Admission => {
  // A bus may be open to other accounts; what they may publish to it is not for this system.
  if (accounts && !accounts.includes(bus.account as string))
    return park('FORBIDDEN', `The event came from the account ${String(bus.account)}: only ${accounts.join(', ')} may publish here.`);
  const detail = bus.detail;
  if (typeof detail !== 'object' || detail === null) return park('MALFORMED', 'The message is no bus event: it has no detail.');
  if (!('specversion' in detail)) return ofPlain(catalogue, bus, detail as Json, by);
  const parsed = parseEnvelope(detail);
  switch (parsed.kind) {
    case 'malformed':
      return park('MALFORMED', parsed.fault);
    case 'command':
      return park('MALFORMED', 'The message is a command: commands go to the queue of their service.');
    case 'reply':
      return ofAnswer(catalogue, parsed.envelope, by);
    case 'event':
      return ofEvent(catalogue, parsed.envelope, by);
  }
};

/** A foreign producer's event: its detail is the data (api 3). */
const ofPlain = (catalogue: Catalogue, bus: BusEnvelope, data: Json, by: Carried): Admission => {
  const { 'detail-type': type, id, source, time } = bus;
  if (typeof type !== 'string' || typeof id !== 'string' || typeof source !== 'string' || typeof time !== 'string')
    return park('MALFORMED', 'The bus event has no detail-type, id, source or time.');
  const dedupeBy = catalogue.interests(type)[0]?.correlation.event.dedupeBy;
  const envelope = { specversion: '1.0', id, source, type, time: inMilliseconds(time), datacontenttype: 'application/json', hops: 0, data };
  const stamped = dedupeBy
    ? { ...envelope, id: dedupeBy(parse(catalogue.interests(type)[0]!.correlation.event.data, data, `${type} was received with`) as never) }
    : envelope;
  const parsed = parseEnvelope(stamped);
  return parsed.kind === 'event'
    ? ofEvent(catalogue, parsed.envelope, by)
    : park('MALFORMED', parsed.kind === 'malformed' ? parsed.fault : 'The event looks like a command or a reply.');
};

/** EventBridge tells the time of an event in whole seconds, `2026-11-21T10:00:00Z`; envelopes have milliseconds. */
const inMilliseconds = (time: string): string => (WHOLE_SECONDS.test(time) ? time.replace('Z', '.000Z') : time);

const WHOLE_SECONDS = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ$/;

const ofEvent = (catalogue: Catalogue, envelope: EventEnvelope, by: Carried): Admission => {
  const interests = catalogue.interests(envelope.type);
  const [first] = interests;
  if (!first) return park('UNKNOWN_EVENT', `No process of ${catalogue.system.name} hears ${envelope.type}.`);
  const { event } = first.correlation;
  if (envelope.source !== event.owner)
    return park('FORBIDDEN', `${envelope.type} came from ${envelope.source}: only its owner, ${event.owner}, may publish it.`);
  if (envelope.hops > HOPS_MAX)
    return park('TOO_MANY_HOPS', `${envelope.type} is ${envelope.hops} events away from its first cause: at most ${HOPS_MAX} are allowed.`);
  let data: Json | typeof NEWER;
  try {
    data = parseVersion(event.data, envelope.dataversion, envelope.data, `${envelope.type} was received with`);
  } catch (error) {
    // Beside the instance that it was sent to, its sender finds it.
    return unread(error, envelope.processid);
  }
  if (data === NEWER)
    return {
      status: 'newer',
      pid: '',
      detail: `${envelope.type} has data version ${envelope.dataversion ?? 1}, which is newer than this contract.`,
    };
  if (envelope.processid !== undefined) return addressed(interests, envelope, envelope.processid, data, by);
  const targets: Target[] = [];
  for (const interest of interests) {
    const id = interest.correlation.of(data as never);
    const pid = buildPid(envelope.tenant ?? DEFAULT_TENANT, interest.definition.name, id);
    if (pid === undefined)
      return park(
        'MALFORMED',
        `${envelope.type} names the instance ${JSON.stringify(id)}: an id is 1 to 200 letters, digits, dots, colons, underscores or hyphens.`,
      );
    targets.push(target(interest, pid, envelope, data, by));
  }
  return { status: 'deliver', targets };
};

/** A signal by id goes to that instance alone; it never starts one. */
const addressed = (interests: readonly Interest[], envelope: EventEnvelope, pid: string, data: Json, by: Carried): Admission => {
  const name = parsePid(pid)?.process;
  const interest = interests.find((each) => each.definition.name === name);
  if (!interest) return park('UNKNOWN_EVENT', `The process ${String(name)} does not hear ${envelope.type}.`, pid);
  const starts = interest.starts && interest.definition.kind === 'decider';
  return { status: 'deliver', targets: [target({ ...interest, starts }, pid, envelope, data, by)] };
};

const target = (interest: Interest, pid: string, envelope: EventEnvelope, data: Json, by: Carried): Target => {
  const { definition, starts } = interest;
  const common = {
    ...by,
    id: envelope.id,
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
        key: `s:${envelope.id}`,
        definition: definitionName(definition),
        ...common,
        ...(envelope.subject !== undefined && { subject: envelope.subject }),
      }
    : { kind: 'signal', key: `x:${envelope.id}`, ...common };
  return { pid, definition, inbound };
};

/**
 * An answer, which is also an event where the command's output is one: then whoever hears it is concerned, in this system or,
 * of another system's command, in this one alone. What an answer starts is one event further from the first cause.
 */
const ofAnswer = (catalogue: Catalogue, envelope: ReplyEnvelope, by: Carried): Admission => {
  const isHeard = envelope.outcome === 'completed' && catalogue.interests(envelope.type).length > 0;
  const heard = isHeard ? ofHeard(catalogue, { ...envelope, hops: envelope.hops + 1 }, by) : undefined;
  if (heard && envelope.replyto !== catalogue.system.name) return heard;
  const reply = ofReply(catalogue, envelope, by);
  if (reply.status !== 'deliver' || !heard) return reply;
  if (heard.status === 'park') return { ...reply, aside: heard };
  if (heard.status === 'newer') return { ...heard, pid: parseCommandId(envelope.commandid)?.pid ?? '' };
  return { status: 'deliver', targets: [...reply.targets, ...heard.targets] };
};

/** Whoever asked gets its answer, also where the code that names who hears it fails. */
const ofHeard = (catalogue: Catalogue, envelope: EventEnvelope, by: Carried): Admission => {
  try {
    return ofEvent(catalogue, envelope, by);
  } catch (error) {
    return unread(error);
  }
};

const ofReply = (catalogue: Catalogue, envelope: ReplyEnvelope, by: Carried): Admission => {
  const id = parseCommandId(envelope.commandid);
  if (!id) return park('MALFORMED', `The reply ${envelope.id} answers ${envelope.commandid}, which is no command id.`);
  if (envelope.replyto !== catalogue.system.name)
    return park('FORBIDDEN', `The reply ${envelope.id} is for ${envelope.replyto}, not for ${catalogue.system.name}.`, id.pid);
  const inbound: Inbound = {
    kind: 'reply',
    key: `r:${id.run}:${id.n}`,
    ...by,
    run: id.run,
    n: id.n,
    outcome: envelope.outcome,
    retryable: envelope.retryable ?? false,
    data: envelope.data ?? null,
    ...(envelope.dataversion !== undefined && { dataversion: envelope.dataversion }),
    hops: envelope.hops,
    ...(envelope.traceparent !== undefined && { trace: envelope.traceparent }),
  };
  const commandhash = envelope.commandhash.slice('sha256:'.length, 'sha256:'.length + SHORT_HASH_LENGTH);
  return { status: 'deliver', targets: [{ pid: id.pid, definition: undefined, inbound, reply: { source: envelope.source, commandhash } }] };
};

const ofInternal = (context: Admitting, body: InboxMessage, message: ReceivedMessage, now: number): Admission => {
  const fault = inboxFault(body);
  if (fault !== undefined) return park('MALFORMED', `The message is none of this system's own: ${fault}.`);
  switch (body.tutti) {
    case 'tick':
      return ofTick(body, carried(message, now, false));
    case 'start':
      return ofStart(context.catalogue, body, carried(message, now, false));
    case 'operate':
      return ofOperate(body, carried(message, now, false));
    case 'forced':
      return forced(context, body as ReadForced, message, now);
  }
};

const ofTick = (tick: TickMessage, by: Carried): Admission => ({
  status: 'deliver',
  targets: [
    {
      pid: tick.pid,
      definition: undefined,
      inbound: { kind: 'tick', key: `t:${tick.run}:${tick.tickAt}`, ...by, run: tick.run, tickAt: tick.tickAt, hops: 0 },
    },
  ],
});

const ofStart = (catalogue: Catalogue, start: StartMessage, by: Carried): Admission => {
  const definition = catalogue.newest(start.process);
  if (!definition) return park('UNKNOWN_PROCESS', `There is no process ${start.process} in ${catalogue.system.name}.`);
  const pid = buildPid(start.tenant, start.process, start.id);
  if (pid === undefined) return park('MALFORMED', `The start names the instance ${JSON.stringify(start.id)}, which is no id.`);
  const event = definition.startOn[0]?.event;
  let data: Json;
  try {
    data = parse(event?.data ?? definition.input!, start.data, `${start.process} was started with`);
  } catch (error) {
    // Whoever started it without its schemas looks for it here.
    return unread(error, pid);
  }
  const inbound: Inbound = {
    kind: 'start',
    key: `s:${start.startid}`,
    ...by,
    id: start.startid,
    event: event?.type ?? `${start.process}.start`,
    source: catalogue.system.name,
    time: start.time,
    subject: start.id,
    data,
    definition: definitionName(definition),
    hops: 0,
    ...(start.tags && { tags: start.tags }),
    ...(start.onopen && { onOpen: start.onopen }),
    ...(start.traceparent !== undefined && { trace: start.traceparent }),
  };
  return { status: 'deliver', targets: [{ pid, definition, inbound }] };
};

const ofOperate = (operate: OperateMessage, by: Carried): Admission => ({
  status: 'deliver',
  targets: [
    {
      pid: operate.pid,
      definition: undefined,
      inbound: {
        kind: 'operate',
        key: `o:${operate.opid}`,
        ...by,
        id: operate.opid,
        act: operate.act,
        reason: operate.reason,
        by: operate.by,
        hops: 0,
        ...(operate.skip !== undefined && { skip: operate.skip }),
        ...(operate.version !== undefined && { version: operate.version }),
      },
    },
  ],
});

/** A forced message with what it wraps, read. */
export interface ReadForced extends ForcedMessage {
  readonly inner: unknown;
}

/** A parked message comes back as it was, but with damping off. */
const forced = (context: Admitting, again: ReadForced, message: ReceivedMessage, now: number): Admission => {
  const inner = admit(context, { ...message, sentAt: again.sentat }, again.inner, now);
  if (inner.status !== 'deliver') return inner;
  return { ...inner, targets: inner.targets.map((each) => ({ ...each, inbound: { ...each.inbound, forced: true } })) };
};
