import { ClientError, ContractError } from '../contract/errors.ts';
import type { EventContract } from '../contract/runtime-contract.ts';
import { isClosed } from '../core/image.ts';
import type { Reach } from './connection.ts';
import { keptUntil } from './early-events.ts';
import { refuseOverflow } from './early-room.ts';
import { nameOf, pidOf, type InstanceName } from './instance.ts';
import { publishEvent } from './publish.ts';

/** An event that was sent to one instance. */
export interface Signalled {
  /** Id of the event. */
  readonly id: string;
  /** Set if the instance has not been started: the event waits for the start until this instant. */
  readonly keptUntil?: Date;
}

/** Sends an event to one instance, also before its start. Resolves when the event is durable. */
export async function signalInstance(
  reach: Reach,
  instance: InstanceName & { readonly eventId?: string | undefined },
  event: EventContract,
  data: unknown,
): Promise<Signalled> {
  const { process, eventId } = instance;
  const pid = pidOf(reach, instance);
  checkReceives(reach, process, event);
  const [head] = await reach.ports.store.load([pid], { consistent: true });
  if (head !== undefined && isClosed(head.status)) {
    throw new ClientError('CLOSED', `${event.type} was sent to ${nameOf(pid)}, which has ${head.status}: expected an open instance.`);
  }
  refuseOverflow(event.type, pid, head);
  const sent = await publishEvent(reach, event, data, { processid: pid, ...(eventId !== undefined && { id: eventId }) });
  const until = keptUntil(head, reach.system.processes.get(process)?.[0], reach.ports.clock.now());
  return { id: sent, ...(until !== undefined && { keptUntil: new Date(until) }) };
}

/** The engine would park an event that the process does not receive, without notice to its sender. */
function checkReceives({ system }: Reach, process: string, event: EventContract): void {
  const received = new Set(
    (system.processes.get(process) ?? []).flatMap(({ startOn, receives }) => [...startOn, ...receives].map((each) => each.event.type)),
  );
  if (received.has(event.type)) return;
  throw new ContractError(
    'DATA_INVALID',
    `${process} was sent ${event.type}, which it does not receive: expected one of ${[...received].join(', ') || 'none'}.`,
  );
}
