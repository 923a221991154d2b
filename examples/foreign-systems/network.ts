import { setTimeout as delay } from 'node:timers/promises';
import { inMemory } from './ledger.ts';

/** Simulates the latency of a foreign system, so that a demo has something to watch and to interrupt. No latency in tests. */
export async function overTheNetwork(milliseconds: number, signal?: AbortSignal): Promise<void> {
  signal?.throwIfAborted();
  if (!inMemory()) await delay(milliseconds, undefined, signal === undefined ? {} : { signal });
}
