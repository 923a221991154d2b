import type { InstanceIndex } from '../../../lib/ports/instance-index.ts';
import type { ParkingStore } from '../../../lib/ports/parking-store.ts';
import type { PayloadStore } from '../../../lib/ports/payload-store.ts';
import type { ProcessStore } from '../../../lib/ports/process-store.ts';
import type { Effect } from '../scenarios/scenario.ts';

/** What production has when nothing moves any more. The ports are those of the deployment, in a simulation the true ones under all faults. */
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
