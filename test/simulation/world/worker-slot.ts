import type { SimulatedQueue } from './simulated-queue.ts';
import type { Worker } from './worker.ts';

/** One place at which messages of a queue are worked off: an environment of a function, or a program that polls. Workers die there and are followed by others. */
export interface WorkerSlot {
  readonly name: string;
  readonly queue: SimulatedQueue;
  worker: Worker;
  /** Takes what its queue holds, to its end. */
  handle: () => Promise<void>;
  busy: boolean;
  /** Until then nobody works here. */
  downUntil: number;
  /** A newer build is deployed: after this invocation another worker takes its place. */
  outdated: boolean;
}

/** Runs one batch; resolves when it is done, or when its worker has died. */
export const runSlot = async (slot: WorkerSlot, failed: (error: unknown) => void): Promise<void> => {
  const { worker } = slot;
  slot.busy = true;
  worker.thaw();
  // What a function throws, Lambda survives: its messages come again.
  await Promise.race([slot.handle().catch(failed), worker.died]);
  worker.freeze();
  slot.busy = false;
};
