import type { Head, HeadStatus } from './process-store.ts';

export interface InstanceFilter {
  readonly tenant: string;
  /** Process name. */
  readonly process?: string;
  readonly statuses?: readonly HeadStatus[];
  readonly tags?: Readonly<Record<string, string>>;
  /** Only instances with a command whose outcome is unknown. */
  readonly unresolved?: true;
  readonly paused?: true;
  /** Milliseconds since the epoch, inclusive. */
  readonly startedAfter?: number;
  readonly startedBefore?: number;
  /** An instance of an earlier list by the same filter: this list continues behind it. */
  readonly after?: ListPlace;
}

/** The place of an instance in a list: by start, newest first, and then by pid. */
export type ListPlace = Pick<Head, 'startedAt' | 'pid'>;

export interface DueInstance {
  readonly pid: string;
  readonly run: string;
  readonly due: number;
}

/**
 * The indexes on heads: the list, its tenants and the due times. All may lag behind the store, so a caller reads the head before it acts.
 */
export interface InstanceIndex {
  /** Of one tenant, newest start first. Early buffers are not listed. */
  list(filter: InstanceFilter): AsyncIterable<Head>;
  /** Every tenant that has or had an instance, in order. `default` is always one of them. */
  tenants(): Promise<readonly string[]>;
  /**
   * Instances of all tenants whose `due` is at or before `instant`, by `due` and then by pid, at most `limit`. With `after`, an instance of
   * an earlier call, the list continues behind it.
   */
  due(instant: number, limit: number, after?: DueInstance): Promise<readonly DueInstance[]>;
}
