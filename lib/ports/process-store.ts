export type HeadStatus = 'early' | 'running' | 'completed' | 'failed' | 'cancelled' | 'terminated' | 'stuck';

/** The one item that carries an instance. Everything that a commit changes is here. */
export interface Head {
  /** `tenant#process#id`. */
  readonly pid: string;
  /** Counts commits; goes on across runs. An early buffer counts its events. */
  readonly version: number;
  /** Token of the invocation that wrote this version: tells an own write whose answer was lost. */
  readonly writer: string;
  readonly run: string;
  readonly status: HeadStatus;
  /** `name@version` of the definition that the run stays on. */
  readonly definition: string;
  /** Process time, in milliseconds; never goes back. */
  readonly clock: number;
  /** The control state as JSON: next number, outstanding commands, timers, rings, tombstones. The store never reads it. */
  readonly control: string;
  /** Journal entries as JSON, from index `tailFrom`; older ones lie in chunks. */
  readonly tail: readonly string[];
  readonly tailFrom: number;
  /** When the sweeper must wake the instance (milliseconds). Absent: nothing is far ahead. */
  readonly due?: number;
  readonly startedAt: number;
  readonly closedAt?: number;
  /** Until then (milliseconds) many events come at once: they are forwarded to the hot lane instead of being decided where they arrive. */
  readonly hotUntil?: number;
  /** How many commands have an outcome that nobody knows. Absent: none. */
  readonly unresolved?: number;
  /** One line: what it waits for, or why it is stuck. */
  readonly why?: string;
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
  /** The condition failed and nothing was written; `current` is the whole item as it stands (ALL_OLD), undefined where there is none. */
  | { readonly status: 'conflict'; readonly current: Head | undefined };

export interface EarlyEvent {
  readonly pid: string;
  readonly body: string;
  /** How many events the buffer holds at the most. */
  readonly max: number;
  /** Becomes `due` of the buffer when its first event comes: then the sweeper wakes it to be parked. */
  readonly expiresAt: number;
}

export type BufferResult =
  | { readonly status: 'buffered' }
  | { readonly status: 'full' }
  /** The instance has been started meanwhile. */
  | { readonly status: 'started'; readonly current: Head };

/** Immutable journal entries of one run, indices `from` to `from + entries.length - 1`. */
export interface JournalChunk {
  readonly pid: string;
  readonly run: string;
  readonly from: number;
  readonly entries: readonly string[];
}

/** Heads and journal chunks. Every method may fail with a passing fault (it throws); then nothing is known of the write. */
export interface ProcessStore {
  /**
   * The heads in the order of `pids`. With `consistent`, each read sees every commit acknowledged before it; without, it may
   * return an older image, so a verdict that writes nothing must never be taken from it.
   */
  load(pids: readonly string[], options: { readonly consistent: boolean }): Promise<readonly (Head | undefined)[]>;
  /** One conditional write of the whole head. Atomic; linearisable per pid. */
  commit(head: Head, expected: CommitCondition): Promise<CommitResult>;
  /** Appends to the early buffer, creating it. Atomic. Same body twice is kept twice. */
  buffer(event: EarlyEvent): Promise<BufferResult>;
  /** Writes a chunk that is never changed. A chunk that exists already is success: it holds the same bytes. */
  spill(chunk: JournalChunk): Promise<void>;
  /** All chunks of the run, by `from`; they may overlap but never disagree. Strongly consistent. */
  chunks(pid: string, run: string): Promise<readonly JournalChunk[]>;
}
