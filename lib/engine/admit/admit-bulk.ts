import { BULK, BULK_ACTS, bulkDefinition, type BulkAct, type OperateInput } from '../../contract/bulk.ts';
import { startType, type Catalogue } from '../../contract/catalogue.ts';
import type { Json } from '../../contract/schema.ts';
import { parseCommandId, processOf, tenantOfPid, type CommandKey } from '../../contract/wire/process-id.ts';
import { actIdentity } from '../../core/identity.ts';
import { sha256, type BulkMessage, type CommandMessage } from '../../format/inbox-message.ts';
import { type Admission, type Carried, park, deliver, keptHash } from './admission.ts';
import { askedOfBuiltIn } from './asked-of-built-in.ts';

/** Admits the request for a bulk job, as the start of its instance. `sender` is the principal that SQS has recorded. */
export function admitBulk(catalogue: Catalogue, message: BulkMessage, by: Carried, sender: string | undefined): Admission {
  const { opid, tenant, id, time, job, reason } = message;
  const pid = `${tenant}#${BULK}#${id}`;
  const data = { ...job, reason, by: message.by, ...(sender !== undefined && { sender }) };
  const asked = { pid, definition: bulkDefinition, event: startType(bulkDefinition), id: opid, time, subject: id, data };
  return deliver(askedOfBuiltIn(catalogue, asked, by));
}

/** Admits the command of a bulk job, as an operation on the instance that it names. The job gets the result as the reply. */
export function admitOperate(_catalogue: Catalogue, message: CommandMessage, by: Carried): Admission {
  const { commandid, owner, data } = message;
  const issuer = (parseCommandId(commandid) as CommandKey).pid;
  if (processOf(issuer) !== BULK || tenantOfPid(issuer) !== tenantOfPid(owner))
    return park('FORBIDDEN', `${commandid} is not of a bulk job of the tenant of ${owner}.`, owner);
  if (processOf(owner).startsWith('tutti--'))
    return park('FORBIDDEN', `${owner} is an instance of the engine, which no bulk job operates.`, owner);
  const fault = operateFault(data);
  if (fault !== undefined) return park('MALFORMED', `The command ${commandid} has an invalid operation: ${fault}.`, owner);
  const { act, reason, by: principal, sender, clock, version, run } = data as unknown as OperateInput;
  return deliver({
    pid: owner,
    definition: undefined,
    inbound: {
      kind: 'operate',
      key: `o:${commandid}`,
      ...by,
      id: commandid,
      identity: actIdentity(sha256, owner, commandid),
      act,
      reason,
      by: principal,
      ...(sender !== undefined && { sender }),
      hops: 0,
      ...(clock !== undefined && { clock }),
      ...(version !== undefined && { version }),
      ...(run !== undefined && { run }),
      answers: { commandId: commandid, hash: keptHash(message.datahash) },
    },
  });
}

/** Why a value is not the input of `tutti.operate`; undefined if it is. */
function operateFault(data: Json | undefined): string | undefined {
  if (typeof data !== 'object' || data === null) return 'data must be an object';
  const { act, reason, by, sender, clock, version, run } = data as { readonly [K in keyof OperateInput]: unknown };
  if (!BULK_ACTS.includes(act as BulkAct)) return `act is ${JSON.stringify(act)}, expected ${BULK_ACTS.join(', ')}`;
  if (typeof reason !== 'string' || typeof by !== 'string') return 'reason and by must be strings';
  if (sender !== undefined && typeof sender !== 'string') return 'sender must be a string';
  if (clock !== undefined && clock !== 'stop' && clock !== 'run') return 'clock must be stop or run';
  if (run !== undefined && typeof run !== 'string') return 'run must be a string';
  return version === undefined || (Number.isSafeInteger(version) && (version as number) >= 1)
    ? undefined
    : 'version must be a whole number from 1';
}
