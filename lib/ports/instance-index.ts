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
  /** Instances whose `due` is at or before `instant`, oldest first, at most `limit`. Always from the beginning of time. */
  due(instant: number, limit: number): Promise<readonly DueInstance[]>;
}
