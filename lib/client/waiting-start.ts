import { GATES } from '../contract/gate.ts';
import { ClientError, isOrchestratorError } from '../contract/errors.ts';
import { tenantOf } from '../contract/wire/process-id.ts';
import type { GateState } from '../core/image.ts';
import { decodeHead, formatFault } from '../format/head-codec.ts';
import type { Head } from '../ports/process-store.ts';
import type { Reach } from './connection.ts';
import { pidOf, requireHead, type InstanceName } from './instance.ts';

/**
 * Reads the head of an instance. The error about one that has not begun says where its start waits, if `start` of its process limits it: only
 * then does the error cost a look at the gates.
 */
export async function requireBegun(reach: Reach, instance: InstanceName): Promise<Head> {
  try {
    return await requireHead(reach.ports, pidOf(reach, instance));
  } catch (error) {
    if (!isOrchestratorError(error) || error.code !== 'NOT_FOUND' || !reach.system.processes.get(instance.process)?.[0]?.gate) throw error;
    throw (await waitingError(reach, instance)) ?? error;
  }
}

async function waitingError(reach: Reach, { process, id }: InstanceName): Promise<ClientError | undefined> {
  for await (const head of reach.ports.index.list({ tenant: tenantOf(reach), process: GATES, statuses: ['running', 'stuck'] })) {
    if (formatFault(head) !== undefined) continue;
    const { gate, waiting = [] } = decodeHead(head);
    const place = gate?.process === process ? waiting.findIndex(({ identity }) => identity === id) : -1;
    if (!gate || place < 0) continue;
    const message = `${process} ${id} has not begun: its start waits for ${reasonOf(gate)} of the key ${JSON.stringify(gate.key)}, after ${place} others.`;
    return new ClientError('NOT_FOUND', message, { details: { gate: head.pid, position: place + 1 } });
  }
  return undefined;
}

function reasonOf({ spec, running }: GateState): string {
  return spec.kind === 'concurrency' ? `one of the ${spec.most} slots, of which ${running.length} are taken,` : 'the end of the window';
}
