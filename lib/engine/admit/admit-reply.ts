import type { EventEnvelope, ReplyEnvelope } from '../../contract/wire/envelope.ts';
import { parseCommandId } from '../../contract/wire/process-id.ts';
import { replyKey, type Inbound } from '../../core/inbound.ts';
import { SHORT_HASH_LENGTH } from '../../core/journal.ts';
import { park, unread, type Admission, type Carried } from './admission.ts';
import { admitEvent } from './admit-event.ts';
import type { Catalogue } from '../../contract/catalogue.ts';

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
  const commandhash = envelope.commandhash.slice('sha256:'.length, 'sha256:'.length + SHORT_HASH_LENGTH);
  const reply = {
    source: envelope.source,
    commandhash,
    commandId: envelope.commandid,
    datahash: envelope.commandhash,
    ...(envelope.replytoken !== undefined && { token: envelope.replytoken }),
  };
  return { status: 'deliver', targets: [{ pid: id.pid, definition: undefined, inbound, reply }] };
}
