import { turns } from '../adapters/embedded/turns.ts';
import { headsOfAll } from '../client/list.ts';
import type { SystemContract } from '../contract/runtime-contract.ts';
import { parsePid } from '../contract/wire/process-id.ts';
import { addInstance, noInstances, openInstancesText } from '../metrics/open-instances.ts';
import { gaugeText } from '../metrics/prometheus.ts';
import type { State } from './state.ts';

/** Metrics of the state: what the open instances wait for, and how many messages each queue has. */
export async function systemMetrics(system: SystemContract, { instanceIndex, queues, clock }: State): Promise<string> {
  const open = noInstances();
  const turn = turns();
  for await (const head of headsOfAll(instanceIndex, { statuses: ['running', 'stuck'] })) {
    const definition = system.processes.get(parsePid(head.pid)?.process ?? '')?.[0];
    addInstance(open, head, definition?.kind === 'async' && definition.builtIn === undefined);
    await turn();
  }
  const depths = Array.from(queues, ([queue, { size }]) => [{ queue }, size] as const);
  return openInstancesText(open, clock.now()) + gaugeText('tutti_queue_messages', 'Messages of a queue, hidden ones too.', depths);
}
