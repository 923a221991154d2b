import type { State } from '../../lib/local/state.ts';

const COUNTED = {
  processStore: ['load', 'commit', 'buffer', 'spill', 'chunks'],
  payloadStore: ['put', 'get'],
  idempotencyStore: ['read', 'write'],
  sender: ['send'],
  publisher: ['publish'],
} as const satisfies Partial<Record<keyof State, readonly string[]>>;

export type PortName = keyof typeof COUNTED;

/** The number of calls per port. */
export type CallCounts = Readonly<Record<PortName, number>>;

/**
 * Counts the calls on the ports of a running system. It replaces methods on the port objects, because the runtime has
 * passed the objects to its parts already.
 */
export function countCalls(state: State): CallCounts {
  const counts: Record<PortName, number> = { processStore: 0, payloadStore: 0, idempotencyStore: 0, sender: 0, publisher: 0 };
  for (const [port, methods] of Object.entries(COUNTED) as [PortName, readonly string[]][]) {
    const target = state[port] as unknown as Record<string, (...parts: unknown[]) => unknown>;
    for (const method of methods) {
      const original = target[method]?.bind(target);
      if (original === undefined) continue;
      target[method] = (...parts) => {
        counts[port] += 1;
        return original(...parts);
      };
    }
  }
  return counts;
}
