import type { Catalogue } from '../../contract/catalogue.ts';
import { HOLD_EVENTS, HOLDS_PID, holdsDefinition, type HoldEvent, type HoldScope } from '../../contract/holds.ts';
import { actIdentity } from '../../core/identity.ts';
import { type HoldMessage, type ReleaseMessage, sha256 } from '../../format/inbox-message.ts';
import { type Admission, type Carried, deliver } from './admission.ts';
import { askedOfBuiltIn } from './asked-of-built-in.ts';

/**
 * Admits the pause of a process or a service, or its end, as an event of the instance that keeps the holds. `sender` is the principal that SQS
 * has recorded.
 */
export function admitHold(catalogue: Catalogue, message: HoldMessage, by: Carried, sender: string | undefined): Admission {
  const { opid, act, reason, time, clock = 'stop', starts } = message;
  const scope = scopeOf(message);
  const asked = { reason, by: message.by, ...(sender !== undefined && { sender }) };
  const data: HoldEvent =
    act === 'pause'
      ? { act, hold: { id: opid, at: Date.parse(time), ...asked, clock, ...(starts === 'reject' && { starts }), ...scope } }
      : { act, ...asked, ...scope };
  const event = HOLD_EVENTS[act];
  const target = askedOfBuiltIn(
    catalogue,
    { pid: HOLDS_PID, definition: holdsDefinition, event, id: opid, time, subject: 'all', data },
    by,
  );
  if (act === 'pause') return deliver(target);
  return deliver({ ...target, ends: { tutti: 'release-all', opid, reason, by: message.by, time, ...scope } });
}

function scopeOf({ tenant, process, service }: HoldMessage): HoldScope {
  return process === undefined ? { tenant, service } : { tenant, process };
}

/** Admits the end of a hold for one instance that it has paused. */
export function admitRelease({ pid, hold, opid, reason, by: principal }: ReleaseMessage, by: Carried): Admission {
  const inbound = {
    kind: 'operate' as const,
    key: `o:${opid}`,
    ...by,
    id: opid,
    identity: actIdentity(sha256, pid, opid),
    act: 'resume' as const,
    reason,
    by: principal,
    hops: 0,
    hold,
  };
  return deliver({ pid, definition: undefined, inbound });
}
