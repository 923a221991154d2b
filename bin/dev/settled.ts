import type { State } from '../../lib/local/state.ts';
import { INBOX } from '../../lib/local/state.ts';
import { decodeHead } from '../../lib/engine/head-codec.ts';
import type { Head } from '../../lib/ports/process-store.ts';

/** A timer that is farther ahead than this is not waited for: nobody watches a demonstration for a day. */
const NEAR_MS = 60_000;

/**
 * Whether nothing moves any more: no message waits or is being worked on, and no open instance wakes up soon. Messages of
 * services that do not run here are not counted, since nobody takes them.
 */
export async function isSettled({ queues, instanceIndex, clock }: State, served: readonly string[]): Promise<boolean> {
  for (const name of [INBOX, `${INBOX}-dead-letter`, ...served]) if ((queues.get(name)?.size ?? 0) > 0) return false;
  for await (const head of instanceIndex.list({ statuses: ['running'] })) if (wakesBefore(head, clock.now() + NEAR_MS)) return false;
  return true;
}

function wakesBefore(head: Head, instant: number): boolean {
  const { timers, commands } = decodeHead(head);
  return [...timers.values(), ...commands.values()].some(({ due }) => due <= instant);
}
