import { isGate } from '../../contract/gate.ts';
import { HOLDS } from '../../contract/holds.ts';
import { isKey } from '../../contract/keys.ts';
import { processOf } from '../../contract/wire/process-id.ts';
import { actIdentity } from '../../core/identity.ts';
import type { Catalogue } from '../../contract/catalogue.ts';
import { inboxFault } from '../../format/inbox-form.ts';
import {
  type ForcedMessage,
  type InboxMessage,
  type OperationMessage,
  type StartMessage,
  type TickMessage,
  sha256,
} from '../../format/inbox-message.ts';
import { type Admission, type Carried, malformed, park, deliver } from './admission.ts';
import { admitBegin } from './admit-begin.ts';
import { admitCommand, admitOwnerReply } from './admit-command.ts';
import { admitForward, admitReturn, admitUnsubscribe } from './admit-key.ts';
import { admitBulk } from './admit-bulk.ts';
import { admitHold, admitRelease } from './admit-hold.ts';
import { admitListedSchedules, admitSchedule } from './admit-schedule.ts';

/** The internal messages that most systems never see. */
export type RareMessage = Exclude<InboxMessage, TickMessage | StartMessage | ForcedMessage>;

/**
 * Admits an internal message other than a tick, a start or a wrapper: an engine command, its reply, a message of a key or a schedule, or an
 * operation. lib/engine/admit/admit.ts loads this file at the first of them, so a system that uses none of them does not load it.
 */
export function admitInternal(catalogue: Catalogue, body: RareMessage, by: Carried, senderId?: string): Admission {
  const fault = inboxFault(body);
  if (fault !== undefined) return malformed(fault);
  switch (body.tutti) {
    case 'begin':
      return admitBegin(catalogue, body, by);
    case 'command':
      return admitCommand(catalogue, body, by);
    case 'reply':
      return admitOwnerReply(body, by);
    case 'forward':
      return admitForward(catalogue, body, by);
    case 'return':
      return admitReturn(catalogue, body, by);
    case 'unsubscribe':
      return admitUnsubscribe(body, by);
    case 'operate':
      return ofOperate(body, by, senderId);
    case 'bulk':
      return admitBulk(catalogue, body, by, senderId);
    case 'schedule':
      return admitSchedule(catalogue, body, by, senderId);
    case 'schedules':
      return admitListedSchedules(catalogue, body, by);
    case 'hold':
      return admitHold(catalogue, body, by, senderId);
    case 'release':
      return admitRelease(body, by);
    case 'release-all':
      return { status: 'deliver', targets: [], releases: body };
    case 'redrive':
      return { status: 'deliver', targets: [], redrives: body.events };
    case 'discard':
      return { status: 'deliver', targets: [], discards: { ...body, ...(senderId !== undefined && { sender: senderId }) } };
    case 'rotate-keys':
      return { status: 'deliver', targets: [], rotation: body.opid };
  }
}

/** `by` is unauthenticated; `senderId` is the principal that SQS has recorded. */
function ofOperate(operate: OperationMessage, by: Carried, senderId: string | undefined): Admission {
  if (isKey(operate.pid) && operate.act !== 'resume')
    return park('REFUSED', `${operate.pid} is a key, which is only resumed: ${operate.act} the instances that wait for it.`, operate.pid);
  if (isGate(operate.pid) && operate.act !== 'resume' && operate.act !== 'pause')
    return park('REFUSED', `${operate.pid} is a gate, which is only paused and resumed: ${operate.act} its instances.`, operate.pid);
  if (processOf(operate.pid) === HOLDS && operate.act !== 'resume')
    return park('REFUSED', `${operate.pid} keeps the pauses of processes and services, and is only resumed.`, operate.pid);
  return deliver({
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
      ...(operate.fork !== undefined && { fork: operate.fork }),
      ...(operate.abandon !== undefined && { abandon: operate.abandon }),
    },
  });
}
