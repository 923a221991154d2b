export type HeadStatus = 'early' | 'running' | 'completed' | 'failed' | 'cancelled' | 'terminated' | 'stuck';

/** The item of an instance. A commit changes only this item. */
export interface Head {
  /** `tenant#process#id`. */
  readonly pid: string;
  /** The number of commits, over all runs. In an early buffer, the number of its events. */
  readonly version: number;
  /** Token of the invocation that wrote this version. A writer whose response was lost finds its own write by it. */
  readonly writer: string;
  readonly run: string;
  readonly status: HeadStatus;
  /** `name@version` of the definition of the run. */
  readonly definition: string;
  /** Process time, in milliseconds; never goes back. */
  readonly clock: number;
  /** The control state as JSON: next number, open commands, timers, rings, tombstones. The store never reads it. */
  readonly control: string;
  /** Journal entries as JSON, from index `tailFrom`. Older entries are in chunks. */
  readonly tail: readonly string[];
  readonly tailFrom: number;
  /** When the sweeper must wake the instance, in milliseconds since the epoch. Absent: no wake-up by the sweeper. */
  readonly due?: number;
  readonly startedAt: number;
  readonly closedAt?: number;
  /** Until then, in milliseconds since the epoch, the instance is hot: workers forward its events to the hot lane. */
  readonly hotUntil?: number;
  /** The number of commands with an unknown outcome. Absent: none. */
  readonly unresolved?: number;
  /** One line: the steps that it waits for, or why it is stuck. */
  readonly why?: string;
  /** JSON: the pause of the instance (`Pause`). Absent: it is not paused. */
  readonly paused?: string;
  readonly tags?: Readonly<Record<string, string>>;
  /** Inbox messages that came before the start, in order of arrival; only while `status` is `early`. */
  readonly early?: readonly string[];
}

/** The named conditions of a commit. */
export type CommitCondition =
  /** `create`: there is no head. */
  | { readonly kind: 'absent' }
  /** `advance`, `close`, `stuck`, `new run`: the head is still at this version of this run. */
  | { readonly kind: 'at'; readonly version: number; readonly run: string }
  /** `start on early`: the head is still this early buffer. */
  | { readonly kind: 'early'; readonly version: number }
  /** `resume`: the head is still stuck at this version. */
  | { readonly kind: 'stuck'; readonly version: number };

export type CommitResult =
  | { readonly status: 'committed' }
  /** The condition failed and nothing was written; `current` is the current item (ALL_OLD), undefined if there is none. */
  | { readonly status: 'conflict'; readonly current: Head | undefined };

export interface EarlyEvent {
  readonly pid: string;
  readonly body: string;
  /** Maximum of events in the buffer. */
  readonly max: number;
  /** The first event sets it as `due` of the buffer: the sweeper then wakes the buffer, and its events are parked. */
  readonly expiresAt: number;
}

export type BufferResult =
  | { readonly status: 'buffered' }
  | { readonly status: 'full' }
  /** The instance has been started in the meantime. */
  | { readonly status: 'started'; readonly current: Head };

/** Immutable journal entries of one run, indices `from` to `from + entries.length - 1`. */
export interface JournalChunk {
  readonly pid: string;
  readonly run: string;
  readonly from: number;
  readonly entries: readonly string[];
}

/** Heads and journal chunks. Every method may throw a transient error. The outcome of the write is then unknown. */
export interface ProcessStore {
  /**
   * The heads in the order of `pids`. With `consistent`, each read sees every commit that was acknowledged before it. Without, it may return
   * an older head, so no verdict that writes nothing may depend on it.
   */
  load(pids: readonly string[], options: { readonly consistent: boolean }): Promise<readonly (Head | undefined)[]>;
  /** One conditional write of the whole head. Atomic; linearisable per pid. */
  commit(head: Head, expected: CommitCondition): Promise<CommitResult>;
  /** Appends to the early buffer, and creates it if it is missing. Atomic. The same body twice is kept twice. */
  buffer(event: EarlyEvent): Promise<BufferResult>;
  /** Writes an immutable chunk. It succeeds if the chunk exists already, because that holds the same bytes. */
  spill(chunk: JournalChunk): Promise<void>;
  /** All chunks of the run, by `from`. They may overlap but never contradict each other. Strongly consistent. */
  chunks(pid: string, run: string): Promise<readonly JournalChunk[]>;
}
