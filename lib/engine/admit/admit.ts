import type { EventEnvelope, ReplyEnvelope } from '../../contract/wire/envelope.ts';
import { parseEnvelope } from '../../contract/wire/parse-envelope.ts';
import type { Json } from '../../contract/schema.ts';
import type { Channel, ReceivedMessage } from '../../ports/message-queue.ts';
import { accountsOf } from '../../contract/accounts.ts';
import { carried, park, unread, type Admission, type Carried } from './admission.ts';
import { admitReply } from './admit-reply.ts';
import { admitEvent, admitPlainEvent, type BusEnvelope } from './admit-event.ts';
import { admitInternal } from './admit-internal.ts';
import type { Catalogue } from '../../contract/catalogue.ts';
import type { EngineOptions } from '../engine-context.ts';
import { inboxFault } from '../../format/inbox-form.ts';
import { firstOf, type ForcedMessage, type InboxMessage } from '../../format/inbox-message.ts';
import { namedInstance } from './named-instance.ts';

/** What admission looks at: the system, and who may publish to it. */
export interface Admitting {
  readonly catalogue: Catalogue;
  readonly options: Pick<EngineOptions, 'accounts'>;
}

/** Reads one inbox message, parsed but for its schemas. Never throws: what cannot be read is parked. */
export function admit(context: Admitting, message: ReceivedMessage, body: unknown, now: number): Admission {
  if (typeof body !== 'object' || body === null) return park('MALFORMED', 'The message is not a JSON object.');
  try {
    const misplaced = elsewhere(body, message);
    if (misplaced !== undefined) return misplaced;
    return 'tutti' in body ? ofInternal(context, body as InboxMessage, message, now) : ofBus(context, body, carried(message, now));
  } catch (error) {
    return unread(error);
  }
}

/** What each queue is for. IAM says who may send to a queue, not what: a message that is for another queue was sent by the wrong principal. */
const ADMITTED: Readonly<Record<Channel, readonly string[]>> = {
  inbox: ['tick', 'forced'],
  starts: ['start'],
  operations: ['operate', 'redrive', 'rotate-keys'],
};

function elsewhere(body: object, { channel }: ReceivedMessage): Admission | undefined {
  if (channel === undefined) return undefined;
  if ('tutti' in body) {
    const kind = String(body.tutti);
    if (!KINDS.has(kind) || ADMITTED[channel].includes(kind)) return undefined;
    return park('FORBIDDEN', `A message of the kind ${kind} came to the queue ${channel}, which takes ${ADMITTED[channel].join(' and ')}.`);
  }
  if (channel !== 'inbox') return park('FORBIDDEN', `A message that is no ${ADMITTED[channel].join(' or ')} came to the queue ${channel}.`);
  // EventBridge writes both beside the detail: without them it was never on a bus.
  const { source, account } = body as BusEnvelope;
  if (typeof source === 'string' && typeof account === 'string') return undefined;
  return park('FORBIDDEN', 'The event has no source or no account: EventBridge did not deliver it.');
}

const KINDS: ReadonlySet<string> = new Set(Object.values(ADMITTED).flat());

function ofBus(context: Admitting, bus: BusEnvelope, by: Carried): Admission {
  const { catalogue } = context;
  const detail = bus.detail;
  if (typeof detail !== 'object' || detail === null) return park('MALFORMED', 'The message is no bus event: it has no detail.');
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
      return (
        otherwisePublished(bus, parsed.envelope) ??
        ofOtherAccount(context, bus, parsed.envelope) ??
        admitReply(catalogue, parsed.envelope, by)
      );
    case 'event':
      return (
        otherwisePublished(bus, parsed.envelope) ??
        ofOtherAccount(context, bus, parsed.envelope) ??
        admitEvent(catalogue, parsed.envelope, by)
      );
  }
}

/**
 * Who may publish as what is granted by what the bus is told (`events:source`, `events:detail-type`), and the envelope is only what its
 * sender says: where they differ, somebody speaks in another's name. A bus event without them was never on a bus.
 */
function otherwisePublished(bus: BusEnvelope, { id, source, type }: EventEnvelope | ReplyEnvelope): Admission | undefined {
  const { source: bySource = source, 'detail-type': asType = type } = bus;
  if (bySource === source && asType === type) return undefined;
  return park('FORBIDDEN', `${id} says that it is ${type} of ${source}, but was published as ${shown(asType)} by ${shown(bySource)}.`);
}

/** EventBridge writes the account of the publisher, which nobody else can: what it may not speak for was published in another's name. */
function ofOtherAccount(
  { catalogue, options: { accounts } }: Admitting,
  { account }: BusEnvelope,
  { source, type, replyto }: Pick<EventEnvelope, 'source' | 'type'> & { readonly replyto?: string },
): Admission | undefined {
  if (accounts === undefined) return undefined;
  const allowed = accountsOf(accounts, { source, type, isAnswer: replyto === catalogue.system.name });
  if (allowed.includes(account as string)) return undefined;
  return park('FORBIDDEN', `${type} of ${source} came from the account ${String(account)}: only ${allowed.join(', ')} may publish it.`);
}

function shown(value: unknown): string {
  return typeof value === 'string' ? value : `a ${typeof value}`;
}

function ofInternal(context: Admitting, body: InboxMessage, message: ReceivedMessage, now: number): Admission {
  const fault = inboxFault(body);
  if (fault !== undefined) return park('MALFORMED', `The message is none of this system's own: ${fault}.`);
  return body.tutti === 'forced'
    ? forced(context, body as ReadForced, message, now)
    : admitInternal(context.catalogue, body, carried(message, now), message.senderId);
}

/** A forced message with what it wraps, read. */
export interface ReadForced extends ForcedMessage {
  readonly inner: unknown;
}

/** A parked message comes back as it was, to the queue to which it came first, but with damping off. */
function forced(context: Admitting, again: ReadForced, message: ReceivedMessage, now: number): Admission {
  if (again.park !== undefined)
    return park('DEAD_LETTER', 'It was a dead letter for a day, and could not be applied.', namedInstance(message.body));
  const inner = admit(context, firstOf(message, again), again.inner, now);
  if (inner.status !== 'deliver') return inner;
  return { ...inner, targets: inner.targets.map((each) => ({ ...each, inbound: { ...each.inbound, forced: true } })) };
}
