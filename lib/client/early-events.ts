import type { ProcessContract } from '../contract/runtime-contract.ts';
import type { Head } from '../ports/process-store.ts';

/** What waits for the start of an instance, and until when. */
export interface EarlyEvents {
  readonly count: number;
  /** Milliseconds since the epoch. */
  readonly keptUntil: number | undefined;
}

/** What a head says of events that wait for a start; undefined where the instance has been started, or nothing waits. */
export function earlyEvents(head: Head | undefined): EarlyEvents | undefined {
  const count = head?.status === 'early' ? (head.early?.length ?? 0) : 0;
  return count === 0 ? undefined : { count, keptUntil: head?.due };
}

/** Until when an event that is sent now is kept; undefined where the instance has been started. */
export function keptUntil(head: Head | undefined, definition: ProcessContract | undefined, now: number): number | undefined {
  if (head !== undefined && head.status !== 'early') return undefined;
  return earlyEvents(head)?.keptUntil ?? now + (definition?.earlyMs ?? 0);
}
