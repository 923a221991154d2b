import { ClientError, ContractError } from '../contract/errors.ts';
import type { EventContract } from '../contract/runtime-contract.ts';
import { isClosed } from '../core/image.ts';
import type { Reach } from './connection.ts';
import { keptUntil } from './early-events.ts';
import { refuseOverflow } from './early-room.ts';
import { nameOf, pidOf } from './instance.ts';
import { publishEvent } from './publish.ts';

/** An event that was sent to one instance. */
export interface Signalled {
  /** Of the event. */
  readonly id: string;
  /** The instance has not been started: until then the event waits for its start. */
  readonly keptUntil?: Date;
}

/** Sends an event to one instance, also before its start; resolves when the event cannot be lost any more. */
export async function signalInstance(reach: Reach, process: string, id: string, event: EventContract, data: unknown): Promise<Signalled> {
  const pid = pidOf(reach, process, id);
  checkHears(reach, process, event);
  const [head] = await reach.ports.store.load([pid], { consistent: true });
  if (head !== undefined && isClosed(head.status)) {
    throw new ClientError('CLOSED', `${event.type} was sent to ${nameOf(pid)}, which has ${head.status}: expected an open instance.`);
  }
  refuseOverflow(event.type, pid, head);
  const sent = await publishEvent(reach, event, data, { processid: pid });
  const until = keptUntil(head, reach.system.processes.get(process)?.[0], reach.ports.clock.now());
  return { id: sent, ...(until !== undefined && { keptUntil: new Date(until) }) };
}

/** An event that nobody hears would only be parked, and its sender would not learn of it. */
function checkHears({ system }: Reach, process: string, event: EventContract): void {
  const heard = new Set(
    (system.processes.get(process) ?? []).flatMap(({ startOn, receives }) => [...startOn, ...receives].map((each) => each.event.type)),
  );
  if (heard.has(event.type)) return;
  throw new ContractError(
    'DATA_INVALID',
    `${process} was sent ${event.type}, which it does not hear: expected one of ${[...heard].join(', ') || 'none'}.`,
  );
}
