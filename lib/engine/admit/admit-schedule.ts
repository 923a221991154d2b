import { SCHEDULES, SCHEDULE_DEFINED, listedId, specHash } from '../../contract/schedule-instance.ts';
import type { Catalogue } from '../../contract/catalogue.ts';
import type { ProcessContract } from '../../contract/runtime-contract.ts';
import { canonical } from '../../contract/wire/json.ts';
import { DEFAULT_TENANT } from '../../contract/wire/process-id.ts';
import { identityOf } from '../../core/identity.ts';
import type { StartInbound } from '../../core/inbound.ts';
import { type ListedSchedulesMessage, type ScheduleMessage, sha256 } from '../../format/inbox-message.ts';
import { type Admission, type Carried, type Target, deliver } from './admission.ts';
import { askedOfBuiltIn } from './asked-of-built-in.ts';

/**
 * Admits an act on a schedule, as an event of its instance. `define` may begin the instance; any other act waits in the early buffer if there
 * is none. `sender` is the principal that SQS has recorded.
 */
export function admitSchedule(catalogue: Catalogue, message: ScheduleMessage, by: Carried, sender: string | undefined): Admission {
  const { opid, tenant, name, act, time, spec, from, to, overlap, reason } = message;
  const told = {
    act,
    by: message.by,
    reason,
    ...(sender !== undefined && { sender }),
    ...(spec && { spec, origin: 'client' }),
    ...(from !== undefined && { from, to }),
    ...(overlap && { overlap }),
  };
  return deliver(targetOf(catalogue, { tenant, name, act, id: opid, time, told }, by));
}

/**
 * The schedules that this code lists. The id of each message is the hash of its times, so that an instance that has them finds a duplicate
 * and writes nothing.
 */
export function admitListedSchedules(catalogue: Catalogue, { time }: ListedSchedulesMessage, by: Carried): Admission {
  const listed = [...(catalogue.system.schedules?.values() ?? [])];
  const targets = listed.map(({ name, spec }) => {
    const id = listedId(specHash(sha256, canonical, spec));
    const told = { act: 'define', by: catalogue.system.name, reason: 'The code of the system lists it.', spec, origin: 'system' };
    const { inbound, ...target } = targetOf(catalogue, { tenant: DEFAULT_TENANT, name, act: 'define', id, time, told }, by);
    // The same times may begin again after their end, and a run is never begun twice under one name.
    const run = identityOf(sha256, { pid: target.pid, event: SCHEDULE_DEFINED, id: `${id} ${time}` });
    return { ...target, inbound: { ...(inbound as StartInbound), run } };
  });
  return { status: 'deliver', targets };
}

interface Act {
  readonly tenant: string;
  readonly name: string;
  readonly act: ScheduleMessage['act'];
  readonly id: string;
  readonly time: string;
  readonly told: object;
}

function targetOf(catalogue: Catalogue, { tenant, name, act, id, time, told }: Act, by: Carried): Target {
  const pid = `${tenant}#${SCHEDULES}#${name}`;
  const definition = catalogue.newest(SCHEDULES) as ProcessContract;
  const event = act === 'define' ? SCHEDULE_DEFINED : `tutti.schedule-${act}`;
  const asked = { pid, definition, event, id, time, subject: name, data: told, onlyOpen: act !== 'define' };
  return askedOfBuiltIn(catalogue, asked, by);
}
