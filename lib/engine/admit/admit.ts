import type { EventEnvelope, ReplyEnvelope } from '../../contract/wire/envelope.ts';
import { parseEnvelope } from '../../contract/wire/wire.ts';
import type { Json } from '../../contract/schema.ts';
import type { Channel, ReceivedMessage } from '../../ports/message-queue.ts';
import { accountsOf } from '../../contract/accounts.ts';
import {
  type Admission,
  type Carried,
  type HandledMessage,
  type Item,
  type ReadForced,
  type Target,
  carried,
  malformed,
  newItem,
  park,
  readBody,
  refusedData,
  unread,
  deliver,
  keptHash,
} from './admission.ts';
import { MISSING } from './body-data.ts';
import { type BusEnvelope, admitEvent, admitPlainEvent } from './admit-event.ts';
import type { RareMessage } from './admit-internal.ts';
import { admitStart, admitTick } from './admit-start.ts';
import type { Catalogue } from '../../contract/catalogue.ts';
import type { EngineContext, EngineOptions } from '../engine-context.ts';
import { forcedFault, startFault, tickFault } from '../../format/common-form.ts';
import { type ForcedMessage, type InboxMessage, firstOf } from '../../format/inbox-message.ts';
import { parkMessage } from '../acknowledge/park.ts';
import { DEPLOY_SECONDS, faultSeconds, isDeploying, noteFault } from '../acknowledge/redelivery-delays.ts';
import { parseCommandId } from '../../contract/wire/process-id.ts';
import { replyKey } from '../../core/classify.ts';
import type { Inbound } from '../../core/inbound.ts';

/** The part of the engine's context that admission reads. */
export interface Admitting {
  readonly catalogue: Catalogue;
  readonly options: Pick<EngineOptions, 'accounts'>;
}

/**
 * Input: one inbox message. Output: its events as items, one for each instance, or a message that was parked or is redelivered. Trunk: read the
 * body (admission.ts), then `admit`: ticks and starts go to admit-start.ts, other internal messages to admit-internal.ts, events to
 * admit-event.ts, replies stay here. A port that fails
 * delays one message, not its neighbours: it is redelivered.
 */
export function admitMessage(context: EngineContext, message: ReceivedMessage): HandledMessage | Promise<HandledMessage> {
  const failed = (error: unknown): HandledMessage => {
    noteFault(context, error);
    return { message, items: [], retryInSeconds: faultSeconds(context, message) };
  };
  try {
    const { replyTokens } = context;
    const admitted = replyTokens ? replyTokens.refresh().then(() => admitOne(context, message)) : admitOne(context, message);
    return admitted instanceof Promise ? admitted.catch(failed) : admitted;
  } catch (error) {
    return failed(error);
  }
}

/** Most messages wait for no port, so nothing is awaited before one does: each await costs a promise and a turn of the microtasks. */
function admitOne(context: EngineContext, message: ReceivedMessage): HandledMessage | Promise<HandledMessage> {
  const now = context.options.clock.now();
  const body = readBody(context, message.body);
  if (body instanceof Promise) return body.then((read) => admitRead(context, message, read, now));
  return admitRead(context, message, body, now);
}

function admitRead(context: EngineContext, message: ReceivedMessage, body: unknown, now: number): HandledMessage | Promise<HandledMessage> {
  const admission = admitBody(context, message, body, now);
  if (admission instanceof Promise) return admission.then((admitted) => handled(context, message, body, admitted));
  if (admission.status === 'deliver' && !NEEDS_PORT.some((member) => admission[member] !== undefined))
    return { message, items: itemsOf(message, body, admission.targets), retryInSeconds: undefined };
  return handled(context, message, body, admission);
}

/** The members of an admission for which the ports are called. */
const NEEDS_PORT = ['aside', 'redrives', 'discards', 'rotation', 'releases'] as const;

async function handled(context: EngineContext, message: ReceivedMessage, body: unknown, admission: Admission): Promise<HandledMessage> {
  if (admission.status === 'deliver') {
    if (admission.rotation !== undefined) await context.replyTokens?.rotate(admission.rotation);
    // The worker that forwarded the message to the lane has parked this half, under the id of the first message.
    if (admission.aside && !context.lane) await parkMessage(context.options, message, admission.aside);
    if (admission.discards) await (await import('../on-demand.ts')).discardEach(context, admission.discards);
    const isWhole =
      (admission.redrives === undefined || (await (await import('../on-demand.ts')).redriveEach(context, admission.redrives))) &&
      (admission.releases === undefined || (await (await import('../on-demand.ts')).releaseAll(context, admission.releases)));
    const retryInSeconds = isWhole ? undefined : faultSeconds(context, message);
    return { message, items: itemsOf(message, body, admission.targets), retryInSeconds };
  }
  const isTransient = admission.status === 'newer' || admission === PAYLOAD_MISSING;
  if (isTransient && isDeploying(context, message)) return { message, items: [], retryInSeconds: DEPLOY_SECONDS };
  const why = admission.status === 'park' ? admission : { pid: admission.pid, reason: 'NEWER', detail: admission.detail };
  await parkMessage(context.options, message, why);
  return { message, items: [], retryInSeconds: undefined };
}

function admitBody(context: EngineContext, message: ReceivedMessage, body: unknown, now: number): Admission | Promise<Admission> {
  if (body === MISSING) return PAYLOAD_MISSING;
  return refusedData(body) ?? admit(context, message, body, now);
}

function itemsOf(message: ReceivedMessage, body: unknown, targets: readonly Target[]): Item[] {
  return targets.map((target) => newItem(target.inbound.forced ? { ...message, sentAt: (body as ForcedMessage).sentat } : message, target));
}

const PAYLOAD_MISSING: Admission = {
  status: 'park',
  pid: '',
  reason: 'PAYLOAD_MISSING',
  detail: 'The payload store does not hold the data of the message.',
};

/**
 * Admits one message whose body was read: a message that cannot be read is parked. Rejects only if the code for rare messages cannot be
 * loaded.
 */
export function admit(context: Admitting, message: ReceivedMessage, body: unknown, now: number): Admission | Promise<Admission> {
  if (typeof body !== 'object' || body === null) return park('MALFORMED', 'The message is not a JSON object.');
  const misplaced = guarded(() => wrongQueue(body, message));
  if (misplaced !== undefined) return misplaced;
  if (!('tutti' in body)) return guarded(() => ofBus(context, body, carried(message, now)));
  const internal = body as InboxMessage;
  switch (internal.tutti) {
    case 'tick':
      return guarded(() => formed(tickFault(internal)) ?? admitTick(internal, carried(message, now)));
    case 'start':
      return guarded(() => formed(startFault(internal)) ?? admitStart(context.catalogue, internal, carried(message, now)));
    case 'forced':
      return guarded(() => formed(forcedFault(internal))) ?? forced(context, internal as ReadForced, message, now);
    default:
      return ofRare(context, internal, message, now);
  }
}

function guarded<T>(act: () => T): T | Admission {
  try {
    return act();
  } catch (error) {
    return unread(error);
  }
}

function formed(fault: string | undefined): Admission | undefined {
  return fault === undefined ? undefined : malformed(fault);
}

async function ofRare({ catalogue }: Admitting, body: RareMessage, message: ReceivedMessage, now: number): Promise<Admission> {
  const { admitInternal } = await import('../on-demand.ts');
  return guarded(() => admitInternal(catalogue, body, carried(message, now), message.senderId));
}

/**
 * The kinds of messages of each queue. IAM restricts the senders of a queue, not its messages: a message for another queue has a forbidden
 * sender.
 */
const ADMITTED: Readonly<Record<Channel, readonly string[]>> = {
  inbox: ['tick', 'forced', 'command', 'reply', 'forward', 'return', 'unsubscribe', 'begin', 'schedules', 'release', 'release-all'],
  starts: ['start'],
  operations: ['operate', 'bulk', 'schedule', 'hold', 'redrive', 'discard', 'rotate-keys'],
};

function wrongQueue(body: object, { channel }: ReceivedMessage): Admission | undefined {
  if (channel === undefined) return undefined;
  if ('tutti' in body) {
    const kind = String(body.tutti);
    if (!KINDS.has(kind) || ADMITTED[channel].includes(kind)) return undefined;
    return park('FORBIDDEN', `A message of the kind ${kind} came to the queue ${channel}, which takes ${ADMITTED[channel].join(' and ')}.`);
  }
  if (channel !== 'inbox')
    return park('FORBIDDEN', `A message that is not of the kind ${ADMITTED[channel].join(' or ')} came to the queue ${channel}.`);
  // EventBridge writes both beside the detail: an event without them was not on a bus.
  const { source, account } = body as BusEnvelope;
  if (typeof source === 'string' && typeof account === 'string') return undefined;
  return park('FORBIDDEN', 'The event has no source or no account: EventBridge did not deliver it.');
}

const KINDS: ReadonlySet<string> = new Set(Object.values(ADMITTED).flat());

function ofBus(context: Admitting, bus: BusEnvelope, by: Carried): Admission {
  const { catalogue } = context;
  const detail = bus.detail;
  if (typeof detail !== 'object' || detail === null) return park('MALFORMED', 'The message is not a bus event: it has no detail.');
  if (!('specversion' in detail)) {
    const { source, 'detail-type': type } = bus;
    return (
      ofOtherAccount(context, bus, { source: shown(source), type: shown(type) }) ?? admitPlainEvent(catalogue, bus, detail as Json, by)
    );
  }
  const parsed = parseEnvelope(detail);
  switch (parsed.kind) {
    case 'malformed':
      return park('MALFORMED', parsed.fault);
    case 'command':
      return park('MALFORMED', 'The message is a command: commands go to the queue of their service.');
    case 'reply':
      return spoofed(bus, parsed.envelope) ?? ofOtherAccount(context, bus, parsed.envelope) ?? admitReply(catalogue, parsed.envelope, by);
    case 'event':
      return spoofed(bus, parsed.envelope) ?? ofOtherAccount(context, bus, parsed.envelope) ?? admitEvent(catalogue, parsed.envelope, by);
  }
}

/**
 * IAM restricts the EventBridge `source` and `detail-type` (`events:source`, `events:detail-type`); the envelope's own fields are
 * unauthenticated. If they disagree, the event is spoofed.
 */
function spoofed(bus: BusEnvelope, { id, source, type }: EventEnvelope | ReplyEnvelope): Admission | undefined {
  const { source: bySource = source, 'detail-type': asType = type } = bus;
  if (bySource === source && asType === type) return undefined;
  return park('FORBIDDEN', `${id} says that it is ${type} of ${source}, but was published as ${shown(asType)} by ${shown(bySource)}.`);
}

/** EventBridge writes the account of the publisher. An event that this account may not publish is spoofed. */
function ofOtherAccount(
  { catalogue, options: { accounts } }: Admitting,
  { account }: BusEnvelope,
  { source, type, replyto }: Pick<EventEnvelope, 'source' | 'type'> & { readonly replyto?: string },
): Admission | undefined {
  if (accounts === undefined) return undefined;
  const allowed = accountsOf(accounts, { source, type, isReply: replyto === catalogue.system.name });
  if (allowed.includes(account as string)) return undefined;
  return park('FORBIDDEN', `${type} of ${source} came from the account ${String(account)}: only ${allowed.join(', ')} may publish it.`);
}

function shown(value: unknown): string {
  return typeof value === 'string' ? value : `a ${typeof value}`;
}

/** Admits the wrapped message as it first came, on its first queue. `forced`: the event's key, not its message id, selects the sends to repeat. */
async function forced(context: Admitting, again: ReadForced, message: ReceivedMessage, now: number): Promise<Admission> {
  if (again.park !== undefined) {
    const { namedInstance } = await import('./named-in-message.ts');
    return park('DEAD_LETTER', 'It was a dead letter for a day, and could not be applied.', namedInstance(message.body));
  }
  const inner = await admit(context, firstOf(message, again), again.inner, now);
  if (inner.status !== 'deliver') return inner;
  return { ...inner, targets: inner.targets.map((each) => ({ ...each, inbound: { ...each.inbound, forced: true } })) };
}

/**
 * A reply goes to the instance that sent the command. If the output of the command is an event, the reply also goes to the processes that
 * subscribe to it, as an event one hop further from the first cause. A reply to another system's command is only such an event here.
 */
export function admitReply(catalogue: Catalogue, envelope: ReplyEnvelope, by: Carried): Admission {
  const isSubscribed = envelope.outcome === 'completed' && catalogue.interests(envelope.type).length > 0;
  const event = isSubscribed ? asEvent(catalogue, { ...envelope, hops: envelope.hops + 1 }, by) : undefined;
  if (event && envelope.replyto !== catalogue.system.name) return event;
  const reply = ofReply(catalogue, envelope, by);
  if (reply.status !== 'deliver' || !event) return reply;
  if (event.status === 'park') return { ...reply, aside: event };
  if (event.status === 'newer') return { ...event, pid: parseCommandId(envelope.commandid)?.pid ?? '' };
  return { status: 'deliver', targets: [...reply.targets, ...event.targets] };
}

/** Deliver the reply to its instance even if the correlation function for event subscribers throws. */
function asEvent(catalogue: Catalogue, envelope: EventEnvelope, by: Carried): Admission {
  try {
    return admitEvent(catalogue, envelope, by);
  } catch (error) {
    return unread(error);
  }
}

function ofReply(catalogue: Catalogue, envelope: ReplyEnvelope, by: Carried): Admission {
  const id = parseCommandId(envelope.commandid);
  if (!id) return park('MALFORMED', `The reply ${envelope.id} has the command id ${envelope.commandid}, which is not a valid command id.`);
  if (envelope.replyto !== catalogue.system.name)
    return park('FORBIDDEN', `The reply ${envelope.id} is for ${envelope.replyto}, not for ${catalogue.system.name}.`, id.pid);
  const inbound: Inbound = {
    kind: 'reply',
    key: replyKey(id.run, id.n, envelope.outcome),
    ...by,
    run: id.run,
    n: id.n,
    outcome: envelope.outcome,
    retryable: envelope.retryable ?? false,
    ...(envelope.attempts !== undefined && { attempts: envelope.attempts }),
    data: envelope.data ?? null,
    ...(envelope.dataversion !== undefined && { dataversion: envelope.dataversion }),
    hops: envelope.hops,
    ...(envelope.traceparent !== undefined && { trace: envelope.traceparent }),
  };
  const commandhash = keptHash(envelope.commandhash);
  const reply = {
    source: envelope.source,
    commandhash,
    commandId: envelope.commandid,
    datahash: envelope.commandhash,
    ...(envelope.replytoken !== undefined && { token: envelope.replytoken }),
  };
  return deliver({ pid: id.pid, definition: undefined, inbound, reply });
}
