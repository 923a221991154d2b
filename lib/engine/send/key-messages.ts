import type { SystemContract } from '../../contract/runtime-contract.ts';
import { type Json, versionOfData } from '../../contract/schema.ts';
import type { EventEnvelope } from '../../contract/wire/envelope.ts';
import { buildCommandId, parsePid, pidOfCommand } from '../../contract/wire/process-id.ts';
import { CARRIED_CHARACTERS_MAX, instantText, wireLength } from '../../contract/wire/wire.ts';
import type { Image, PendingSend } from '../../core/image.ts';
import { INBOX, inboxBody, type ForwardMessage, type UnsubscribeMessage } from '../../format/inbox-message.ts';
import type { InboxDispatch } from './engine-commands.ts';

/** The members of `DispatchContext` (dispatch.ts) that make the envelope of an event. */
interface Hashing {
  readonly system: Pick<SystemContract, 'events'>;
  readonly hash: (text: string) => string;
  readonly canonical: (data: Json) => string;
  readonly reference: (pid: string, hash: string) => string;
}

/** The messages of a pending send of a key or to a key: a copy of an event for each subscriber, or the end of each subscription. */
export function keyDispatches(image: Image, pending: PendingSend, context: Hashing): InboxDispatch[] {
  const { left, forwarded, at } = pending;
  if (left) return left.map(({ run, n, owner }) => unsubscription(buildCommandId(image.pid, run, n), owner, at));
  const { to = [], round } = forwarded ?? {};
  const event = eventOf(image, pending, context);
  const { process = '', key = '' } = image.key ?? {};
  return to.map((subscription) =>
    toInbox(
      { tutti: 'forward', subscription, owner: image.pid, process, key, to: to.length, ...(round !== undefined && { round }), event },
      pidOfCommand(subscription),
    ),
  );
}

function eventOf(
  image: Image,
  { event: type = '', data = null, dataref, version, forwarded, hops = 0, trace }: PendingSend,
  context: Hashing,
): EventEnvelope {
  const contract = context.system.events.get(type);
  const dataversion = contract ? (version ?? versionOfData(contract.data, data)) : 1;
  const tenant = parsePid(image.pid)?.tenant;
  const isApart = dataref !== undefined && wireLength(data) > CARRIED_CHARACTERS_MAX;
  return {
    specversion: '1.0',
    id: forwarded?.id ?? '',
    source: forwarded?.source ?? '',
    type,
    time: forwarded?.time ?? '',
    datacontenttype: 'application/json',
    ...(dataversion > 1 && { dataversion }),
    ...(tenant !== undefined && tenant !== 'default' && { tenant }),
    hops,
    ...(trace !== undefined && { traceparent: trace }),
    ...(isApart
      ? { dataref: context.reference(image.pid, dataref), datahash: `sha256:${context.hash(context.canonical(data))}` }
      : { data }),
  };
}

export function toInbox(message: ForwardMessage | UnsubscribeMessage, groupId: string): InboxDispatch {
  return { to: 'queue', queue: INBOX, body: inboxBody(message), groupId, n: 0 };
}

export function unsubscription(subscription: string, owner: string, at: number): InboxDispatch {
  return toInbox({ tutti: 'unsubscribe', subscription, owner, time: instantText(at) }, owner);
}

/** The message as it was sent: data that is stored apart was read meanwhile. */
export function asSent({ ref, ...message }: ForwardMessage): ForwardMessage {
  if (ref === undefined) return message;
  const { data: _data, ...event } = message.event;
  return { ...message, event: { ...event, dataref: ref } };
}
