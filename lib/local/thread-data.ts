import { isMainThread, workerData } from 'node:worker_threads';
import type { SharedActivation } from './running-activation.ts';

/** The `workerData` of an engine's thread. */
export interface ThreadData {
  readonly tuttiEngine: true;
  /** Counts the beats of the thread, for the watchdog. */
  readonly beats: Int32Array;
  readonly beatEveryMs: number;
  readonly activation: SharedActivation;
}

/** The data of this thread if it is an engine's. Modules that it imports must start nothing. */
export function threadData(): ThreadData | undefined {
  const data = isMainThread ? undefined : (workerData as Partial<ThreadData> | null | undefined);
  return data?.tuttiEngine === true ? (data as ThreadData) : undefined;
}
