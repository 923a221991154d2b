import type { SimulatedQueue } from './simulated-queue.ts';
import type { Worker } from './worker.ts';

/**
 * One place at which messages of a queue are handled: an environment of a function, or a program that polls. A worker that dies there is
 * followed by another.
 */
export interface WorkerSlot {
  readonly name: string;
  readonly queue: SimulatedQueue;
  worker: Worker;
  /** Handles the messages that it takes from its queue, to the end. */
  handle: () => Promise<void>;
  busy: boolean;
  /** No worker runs here until then. */
  downUntil: number;
  /** A newer build is deployed: after this invocation another worker takes its place. */
  outdated: boolean;
}

/** Runs one batch; resolves when it is done, or when its worker has died. */
export const runSlot = async (slot: WorkerSlot, failed: (error: unknown) => void): Promise<void> => {
  const { worker } = slot;
  slot.busy = true;
  worker.thaw();
  // Lambda survives an error of a function, and the messages are redelivered.
  await Promise.race([slot.handle().catch(failed), worker.died]);
  worker.freeze();
  slot.busy = false;
};
