import { setTimeout as delay } from 'node:timers/promises';
import { inMemory } from './ledger.ts';

/** The way to a foreign system: takes its time, so that there is something to watch and to interrupt. None in tests. */
export async function overTheNetwork(milliseconds: number, signal?: AbortSignal): Promise<void> {
  signal?.throwIfAborted();
  if (!inMemory()) await delay(milliseconds, undefined, signal === undefined ? {} : { signal });
}
