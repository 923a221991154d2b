import type { Head, HeadStatus } from './process-store.ts';

export interface InstanceFilter {
  readonly tenant: string;
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

/** The indexes on heads: the list, its tenants and the due times. All may lag behind the store; whoever acts re-reads the head. */
export interface InstanceIndex {
  /** Of one tenant, newest start first. Early buffers are not listed. */
  list(filter: InstanceFilter): AsyncIterable<Head>;
  /** Every tenant that has an instance, in order; also tenants that have none any more, and `default` always. */
  tenants(): Promise<readonly string[]>;
  /**
   * Instances of all tenants whose `due` is at or before `instant`, oldest first and by pid where two are equal, at most `limit`. From the beginning of time, or
   * behind `after`, which a call before has returned.
   */
  due(instant: number, limit: number, after?: DueInstance): Promise<readonly DueInstance[]>;
}
