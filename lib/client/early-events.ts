import type { ProcessContract } from '../contract/runtime-contract.ts';
import type { Head } from '../ports/process-store.ts';

/** The events that wait for the start of an instance. */
export interface EarlyEvents {
  readonly count: number;
  /** Milliseconds since the epoch. */
  readonly keptUntil: number | undefined;
}

/** Returns the events that wait for a start. Undefined if the instance has been started, or no event waits. */
export function earlyEvents(head: Head | undefined): EarlyEvents | undefined {
  const count = head?.status === 'early' ? (head.early?.length ?? 0) : 0;
  return count === 0 ? undefined : { count, keptUntil: head?.due };
}

/** Returns the instant until which an event sent now is kept. Undefined if the instance has been started. */
export function keptUntil(head: Head | undefined, definition: ProcessContract | undefined, now: number): number | undefined {
  if (head !== undefined && head.status !== 'early') return undefined;
  return earlyEvents(head)?.keptUntil ?? now + (definition?.earlyMs ?? 0);
}
