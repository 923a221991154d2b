import { buildPid, INSTANCE_ID_FORM } from '../../contract/wire/process-id.ts';
import { type Json, parseGiven } from '../../contract/schema.ts';
import { isKey } from '../../contract/keys.ts';
import { actIdentity, identityOf } from '../../core/identity.ts';
import type { Inbound } from '../../core/inbound.ts';
import { type Admission, type Carried, park, unread } from './admission.ts';
import { admitCommand, admitOwnerReply } from './admit-command.ts';
import { admitListedSchedules, admitSchedule } from './admit-schedule.ts';
import { admitEvent } from './admit-event.ts';
import { admitForward, admitReturn, admitUnsubscribe } from './admit-key.ts';
import { definitionName, startType, type Catalogue } from '../../contract/catalogue.ts';
import {
  type ForcedMessage,
  type InboxMessage,
  type OperationMessage,
  type StartMessage,
  type TickMessage,
  sha256,
} from '../../format/inbox-message.ts';

/** Admits a message that the engine, a client or the command line has sent. */
export function admitInternal(catalogue: Catalogue, body: Exclude<InboxMessage, ForcedMessage>, by: Carried, senderId?: string): Admission {
  switch (body.tutti) {
    case 'tick':
      return ofTick(body, by);
    case 'start':
      return ofStart(catalogue, body, by);
    case 'command':
      return admitCommand(catalogue, body, by);
    case 'reply':
      return admitOwnerReply(body, by);
    case 'forward':
      return admitForward(catalogue, body, by, admitEvent);
    case 'return':
      return admitReturn(catalogue, body, by);
    case 'unsubscribe':
      return admitUnsubscribe(body, by);
    case 'operate':
      return ofOperate(body, by, senderId);
    case 'schedule':
      return admitSchedule(catalogue, body, by, senderId);
    case 'schedules':
      return admitListedSchedules(catalogue, body, by);
    case 'redrive':
      return { status: 'deliver', targets: [], redrives: body.events };
    case 'discard':
      return { status: 'deliver', targets: [], discards: { ...body, ...(senderId !== undefined && { sender: senderId }) } };
    case 'rotate-keys':
      return { status: 'deliver', targets: [], rotation: body.opid };
  }
}

function ofTick(tick: TickMessage, by: Carried): Admission {
  return {
    status: 'deliver',
    targets: [
      {
        pid: tick.pid,
        definition: undefined,
        inbound: { kind: 'tick', key: `t:${tick.run}:${tick.tickAt}`, ...by, run: tick.run, tickAt: tick.tickAt, hops: 0 },
      },
    ],
  };
}

function ofStart(catalogue: Catalogue, start: StartMessage, by: Carried): Admission {
  const definition = catalogue.newest(start.process);
  if (!definition) return park('UNKNOWN_PROCESS', `There is no process ${start.process} in ${catalogue.system.name}.`);
  const pid = buildPid(start.tenant, start.process, start.id);
  if (pid === undefined)
    return park('MALFORMED', `The start names the instance ${JSON.stringify(start.id)}: an id is ${INSTANCE_ID_FORM}.`);
  const event = definition.startOn[0]?.event;
  let data: Json;
  try {
    // The start may have been sent before the contract gained a version.
    data = parseGiven(event?.data ?? definition.input!, start.data, `${start.process} was started with`);
  } catch (error) {
    // A client without the schemas finds the parked start here, and reports it to its user.
    const { reason, detail } = unread(error, pid);
    return reason === 'DATA_INVALID' ? park('REFUSED', detail, pid) : park(reason, detail, pid);
  }
  const type = startType(definition);
  const identity = identityOf(sha256, { pid, event: type, id: start.startid });
  const inbound: Inbound = {
    kind: 'start',
    key: `s:${identity}`,
    ...by,
    id: start.startid,
    identity,
    event: type,
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
  return { status: 'deliver', targets: [{ pid, definition, inbound, byClient: true }] };
}

/** `by` is unauthenticated; `senderId` is the principal that SQS has recorded. */
function ofOperate(operate: OperationMessage, by: Carried, senderId: string | undefined): Admission {
  if (isKey(operate.pid) && operate.act !== 'resume')
    return park('REFUSED', `${operate.pid} is a key, which is only resumed: ${operate.act} the instances that wait for it.`, operate.pid);
  return {
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
          identity: actIdentity(sha256, operate.pid, operate.opid),
          act: operate.act,
          reason: operate.reason,
          by: operate.by,
          ...(senderId !== undefined && { sender: senderId }),
          hops: 0,
          ...(operate.skip !== undefined && { skip: operate.skip }),
          ...(operate.clock !== undefined && { clock: operate.clock }),
          ...(operate.step !== undefined && { step: operate.step }),
          ...(operate.resolution !== undefined && { resolution: operate.resolution }),
          ...(operate.version !== undefined && { version: operate.version }),
        },
      },
    ],
  };
}
