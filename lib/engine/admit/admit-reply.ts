import type { EventEnvelope, ReplyEnvelope } from '../../contract/wire/envelope.ts';
import { parseCommandId } from '../../contract/wire/process-id.ts';
import { replyKey, type Inbound } from '../../core/inbound.ts';
import { SHORT_HASH_LENGTH } from '../../core/journal.ts';
import { park, unread, type Admission, type Carried } from './admission.ts';
import { admitEvent } from './admit-event.ts';
import type { Catalogue } from '../../contract/catalogue.ts';

/**
 * An answer, which is also an event where the command's output is one: then whoever hears it is concerned, in this system or,
 * of another system's command, in this one alone. What an answer starts is one event further from the first cause.
 */
export function admitReply(catalogue: Catalogue, envelope: ReplyEnvelope, by: Carried): Admission {
  const isHeard = envelope.outcome === 'completed' && catalogue.interests(envelope.type).length > 0;
  const heard = isHeard ? ofHeard(catalogue, { ...envelope, hops: envelope.hops + 1 }, by) : undefined;
  if (heard && envelope.replyto !== catalogue.system.name) return heard;
  const reply = ofReply(catalogue, envelope, by);
  if (reply.status !== 'deliver' || !heard) return reply;
  if (heard.status === 'park') return { ...reply, aside: heard };
  if (heard.status === 'newer') return { ...heard, pid: parseCommandId(envelope.commandid)?.pid ?? '' };
  return { status: 'deliver', targets: [...reply.targets, ...heard.targets] };
}

/** Whoever asked gets its answer, also where the code that names who hears it fails. */
function ofHeard(catalogue: Catalogue, envelope: EventEnvelope, by: Carried): Admission {
  try {
    return admitEvent(catalogue, envelope, by);
  } catch (error) {
    return unread(error);
  }
}

function ofReply(catalogue: Catalogue, envelope: ReplyEnvelope, by: Carried): Admission {
  const id = parseCommandId(envelope.commandid);
  if (!id) return park('MALFORMED', `The reply ${envelope.id} answers ${envelope.commandid}, which is no command id.`);
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
