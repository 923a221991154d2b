import { isMainThread, workerData } from 'node:worker_threads';
import type { SharedActivation } from './running-activation.ts';

/** What an engine's thread is given to begin with. */
export interface ThreadData {
  readonly tuttiEngine: true;
  /** Counts the beats of the thread, for the watchdog. */
  readonly beats: Int32Array;
  readonly beatEveryMs: number;
  readonly activation: SharedActivation;
}

/** The data of this thread where it is an engine's: what it imports must start nothing. */
export function threadData(): ThreadData | undefined {
  const data = isMainThread ? undefined : (workerData as Partial<ThreadData> | null | undefined);
  return data?.tuttiEngine === true ? (data as ThreadData) : undefined;
}
