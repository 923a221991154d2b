import { gateDefinition, gatePid } from '../../contract/gate.ts';
import { definitionName } from '../../contract/catalogue.ts';
import { keyFault } from '../../contract/keys.ts';
import type { GateContract, ProcessContract } from '../../contract/runtime-contract.ts';
import { versionOf, type Json } from '../../contract/schema.ts';
import { parsePid, type InstanceKey } from '../../contract/wire/process-id.ts';
import { startSchema } from '../../core/children.ts';
import type { GatedStart } from '../../core/gating.ts';
import { identityOf } from '../../core/identity.ts';
import type { StartInbound } from '../../core/inbound.ts';
import { sha256 } from '../../format/inbox-message.ts';
import type { Target } from './admission.ts';

/**
 * A start of a process with limits goes to the gate of its key, which begins the instance (docs/protocol.md#gates). Input: the target that the start
 * has without limits. Output: the target at the gate, or the sentence about a value that cannot be a key.
 */
export function toGate(
  target: Target & { readonly inbound: StartInbound },
  definition: ProcessContract,
  { key: keyOf }: GateContract,
): Target | { readonly fault: string } {
  const { inbound, byClient } = target;
  const { tenant, process, id: instance } = parsePid(target.pid) as InstanceKey;
  const key: unknown = keyOf(inbound.data as never);
  const fault = keyFault(key);
  if (fault !== undefined) return { fault: `A start of ${process} has a key in start that is not valid: ${fault}.` };
  const pid = gatePid((of) => identityOf(sha256, of), tenant, { process, key: key as string });
  const { tags, subject, data, onOpen: _onOpen, ...rest } = inbound;
  const identity = identityOf(sha256, { pid, event: inbound.event, id: inbound.id });
  const dataversion = versionOf(startSchema({ ...definition, gate: undefined }));
  const gated: GatedStart = {
    process,
    key: key as string,
    instance,
    ...(subject !== undefined && { subject }),
    data,
    ...(dataversion > 1 && { dataversion }),
    ...(tags && { tags }),
  };
  return {
    pid,
    definition: gateDefinition,
    inbound: { ...rest, key: `s:${identity}`, identity, definition: definitionName(gateDefinition), data: gated as unknown as Json },
    ...(byClient && { byClient }),
  };
}
