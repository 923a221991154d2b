import { ClientError, ContractError } from '../contract/errors.ts';
import type { EventContract } from '../contract/runtime-contract.ts';
import { isClosed } from '../core/image.ts';
import type { Reach } from './connection.ts';
import { nameOf, pidOf, readHead } from './instance.ts';
import { publishEvent } from './publish.ts';

/** Sends an event to one instance, also before its start; resolves with the event's id when it cannot be lost any more. */
export async function signalInstance(reach: Reach, process: string, id: string, event: EventContract, data: unknown): Promise<string> {
  const pid = pidOf(process, id);
  checkHears(reach, process, event);
  const head = await readHead(reach.ports, pid);
  if (head !== undefined && isClosed(head.status)) {
    throw new ClientError('CLOSED', `${event.type} was sent to ${nameOf(pid)}, which has ${head.status}: expected an open instance.`);
  }
  return publishEvent(reach.ports, event, data, { processid: pid });
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
