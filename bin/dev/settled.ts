import type { State } from '../../lib/local/state.ts';
import { INBOX_QUEUE } from '../../lib/local/state.ts';
import { headsOfAll } from '../../lib/client/list.ts';
import { decodeHead } from '../../lib/format/head-codec.ts';
import type { Head } from '../../lib/ports/process-store.ts';

/** `--once` does not wait for a timer that is due later than this: a demonstration must end. */
const NEAR_MS = 60_000;

/**
 * Whether all work is done: no message is queued or in flight, and no open instance wakes up soon. Commands to a service that
 * does not run here are not counted, because no worker receives them.
 */
export async function isSettled({ queues, instanceIndex, clock }: State, served: readonly string[]): Promise<boolean> {
  for (const name of [INBOX_QUEUE, `${INBOX_QUEUE}-dead-letter`, ...served]) if ((queues.get(name)?.size ?? 0) > 0) return false;
  for await (const head of headsOfAll(instanceIndex, { statuses: ['running'] }))
    if (wakesBefore(head, clock.now() + NEAR_MS, served)) return false;
  return true;
}

function wakesBefore(head: Head, instant: number, served: readonly string[]): boolean {
  const { timers, commands } = decodeHead(head);
  const asked = [...commands.values()].filter(({ command }) => served.includes(serviceOf(command)));
  return [...timers.values(), ...asked].some(({ due }) => due <= instant);
}

/** The service in the name of a command, `payments.charge`. */
function serviceOf(command: string): string {
  return command.slice(0, command.indexOf('.'));
}

/** The number of queued commands for each service that does not run here. */
export function unservedCommands(
  { queues }: State,
  missing: readonly string[],
): readonly { readonly service: string; readonly count: number }[] {
  return missing.map((service) => ({ service, count: queues.get(service)?.size ?? 0 })).filter(({ count }) => count > 0);
}
