import { buildPid, INSTANCE_ID_FORM } from '../../contract/wire/process-id.ts';
import { definitionName, startType, type Catalogue } from '../../contract/catalogue.ts';
import { type Json, parseGiven } from '../../contract/schema.ts';
import { identityOf } from '../../core/identity.ts';
import type { StartInbound } from '../../core/inbound.ts';
import { type StartMessage, type TickMessage, sha256 } from '../../format/inbox-message.ts';
import { type Admission, type Carried, park, unread, deliver } from './admission.ts';
import { toGate } from './admit-gate.ts';

/** A tick counts only if the head names its instant (docs/protocol.md#timers). */
export function admitTick(tick: TickMessage, by: Carried): Admission {
  return deliver({
    pid: tick.pid,
    definition: undefined,
    inbound: { kind: 'tick', key: `t:${tick.run}:${tick.tickAt}`, ...by, run: tick.run, tickAt: tick.tickAt, hops: 0 },
  });
}

/** A start by a client. */
export function admitStart(catalogue: Catalogue, start: StartMessage, by: Carried): Admission {
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
  const inbound: StartInbound = {
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
  const target = { pid, definition, inbound, byClient: true } as const;
  const gated = definition.gate ? toGate(target, definition, definition.gate) : target;
  return 'fault' in gated ? park('MALFORMED', gated.fault, pid) : deliver(gated);
}
