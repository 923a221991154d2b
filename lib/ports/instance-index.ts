import type { Head, HeadStatus } from './process-store.ts';

export interface InstanceFilter {
  /** Process name. */
  readonly process?: string;
  readonly statuses?: readonly HeadStatus[];
  readonly tags?: Readonly<Record<string, string>>;
  /** Only instances with a command whose outcome nobody knows. */
  readonly unresolved?: true;
  /** Milliseconds since the epoch, inclusive. */
  readonly startedAfter?: number;
  readonly startedBefore?: number;
}

export interface DueInstance {
  readonly pid: string;
  readonly run: string;
  readonly due: number;
}

/** The two indexes on heads: the list and the due times. Both may lag behind the store; whoever acts re-reads the head. */
export interface InstanceIndex {
  /** Newest start first. Early buffers are not listed. */
  list(filter: InstanceFilter): AsyncIterable<Head>;
  /**
   * Instances whose `due` is at or before `instant`, oldest first and by pid where two are equal, at most `limit`. From the beginning of time, or
   * behind `after`, which a call before has returned.
   */
  due(instant: number, limit: number, after?: DueInstance): Promise<readonly DueInstance[]>;
}
