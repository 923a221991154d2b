import { ClientError, isOrchestratorError } from '../contract/errors.ts';
import { EARLY_EVENTS_MAX } from '../core/image.ts';
import type { Head } from '../ports/process-store.ts';
import type { ClientPorts } from './connection.ts';
import { earlyEvents } from './early-events.ts';
import { nameOf } from './instance.ts';

/** @throws ClientError `EARLY_OVERFLOW` if the buffer before the start is full: the engine would park the event without notice to its sender */
export function refuseOverflow(event: string, pid: string, head: Head | undefined): void {
  const early = earlyEvents(head);
  if (early === undefined || early.count < EARLY_EVENTS_MAX) return;
  throw new ClientError(
    'EARLY_OVERFLOW',
    `${event} was sent to ${nameOf(pid)}, which has not been started and has ${early.count} waiting events: at most ${EARLY_EVENTS_MAX} are kept.`,
  );
}

/** Checks an event on the bus. A client without the right to read skips the check: then the engine parks an overflowing event. */
export async function refuseOverflows(ports: Pick<ClientPorts, 'store'>, event: string, pids: readonly string[]): Promise<void> {
  if (pids.length === 0) return;
  let heads: readonly (Head | undefined)[];
  try {
    heads = await ports.store.load(pids, { consistent: false });
  } catch (error) {
    if (isOrchestratorError(error) && error.code === 'DENIED') return;
    throw error;
  }
  for (const [i, pid] of pids.entries()) refuseOverflow(event, pid, heads[i]);
}
