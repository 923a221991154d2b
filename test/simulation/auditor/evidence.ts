import type { InstanceIndex } from '../../../lib/ports/instance-index.ts';
import type { ParkingStore } from '../../../lib/ports/parking-store.ts';
import type { PayloadStore } from '../../../lib/ports/payload-store.ts';
import type { ProcessStore } from '../../../lib/ports/process-store.ts';
import type { Effect } from '../scenarios/scenario.ts';

/** The state of a deployment at rest. In a simulation, its ports are the true ones, below all faults. */
export interface Evidence {
  readonly store: Pick<ProcessStore, 'load' | 'chunks'>;
  readonly index: InstanceIndex;
  readonly parking: Pick<ParkingStore, 'parked'>;
  readonly payloads: Pick<PayloadStore, 'get'>;
  /** How many messages are left, by queue. */
  readonly left: ReadonlyMap<string, number>;
  readonly effects: readonly Effect[];
  /** Milliseconds since the epoch. */
  readonly now: number;
}
