import type { LastError } from '../contract/wire/last-error.ts';
import type { RetryPolicy } from '../contract/runtime-contract.ts';
import type { Json } from '../contract/schema.ts';

/** A value of the head. With `dataref` it is stored apart, under that SHA-256, and written before the head. */
export interface Stored {
  readonly data: Json;
  readonly dataref?: string;
}

/** A value as it is sent. */
export interface SentValue {
  readonly data: Json;
  /** Position in the `versions()` of its schema, where it has such. */
  readonly version?: number | undefined;
}

/** Which message's acknowledgement covers a send. */
export interface Carrier {
  /** The event key; `r:`, `t:` and `c:` keys hold their run. */
  readonly cause: string;
  /** The message id under which the event came. */
  readonly messageId: string;
}

/** The part of a retry policy that spaces runs. */
export type Pauses = Pick<RetryPolicy, 'firstMs' | 'factor' | 'mostMs'>;

/** Why nobody knows whether a command happened. */
export interface Unknown {
  /** Process time from which on its service could not tell. */
  readonly since: number;
  /** Runs without an answer, under all its numbers. */
  readonly attempts: number;
  readonly lastError?: LastError;
}

/** A command that has been decided and has no final answer yet: the outbox and the dedupe window in one. */
export interface OpenCommand {
  readonly n: number;
  readonly path: string;
  readonly command: string;
  readonly input: Json;
  /** Position of the input in the `versions()` of its contract, where it has such. Absent in heads of older releases. */
  readonly version?: number | undefined;
  /** SHA-256 name of the input where it is stored apart. */
  inputRef?: string | undefined;
  /** The whole hash, while it is at hand; it is not stored. */
  readonly wireHash?: string;
  /** First 16 hex digits of the SHA-256 of the canonical input. */
  readonly hash: string;
  /** `call` is awaited, `send` is not; `undo` is sent until it is answered. */
  readonly mode: 'call' | 'send' | 'undo';
  /** A success stands, whenever it comes: it was called with `{ undo: false }`, or nobody awaits it any more. */
  stands?: boolean | undefined;
  /** Its outcome must become definite: it is sent again past its deadline (docs/protocol.md#commands). */
  settling?: 'within' | 'cancelled';
  /** Until then a definite answer is waited for; after it the outcome is unknown. Absent while settling, as older builds wrote it: without an end. */
  settleBy?: number | undefined;
  /** Its service could not tell the outcome. It stays open for a race that it may lose, or for a person. */
  unknown?: Unknown | undefined;
  /** Somebody else will answer; attempts stop. */
  deferred?: boolean;
  /** Whoever answers a deferred command must beat this often. */
  readonly heartbeatMs?: number | undefined;
  /** Starts at 1; each re-send counts one more under the same n. A re-send is no run, so no limit counts it. */
  attempt: number;
  /** How long after the last send it is sent again. Absent: `timeoutMs`, as after the first. */
  intervalMs?: number | undefined;
  /** Runs of this step or undo that were used up before under other numbers. */
  readonly retries: number;
  /** When it was first decided under any number: `within` counts from here. */
  readonly since: number;
  /** Next wake-up: the attempt's time-out, or the end of `within`. */
  due: number;
  /** End of `within`. Absent on an undo of an older build. */
  deadline?: number | undefined;
  readonly timeoutMs: number;
  /** Runs that are allowed under all its numbers. */
  attemptsMax?: number | undefined;
  /** The pauses between runs, where the call says others than the contract. */
  readonly pauses?: Pauses | undefined;
  /** Command id of what it undoes; another run's where that came late. */
  readonly undoes?: string | undefined;
  cause: string;
  messageId: string;
  readonly hops: number;
  readonly trace?: string | undefined;
}

/** An undo that failed for certain keeps its number until a person resumes or skips it: its outcome is known. */
export const hasFailed = ({ mode, due, unknown }: OpenCommand): boolean => mode === 'undo' && due === Infinity && unknown === undefined;

/** The end of `within`. */
export const deadlineOf = ({ deadline }: OpenCommand): number => deadline ?? Infinity;

/** Something to send once: a tick to the inbox, or an event to the bus. Kept until a later commit finds it sent. */
export interface PendingSend {
  readonly n: number;
  readonly kind: 'tick' | 'event';
  readonly cause: string;
  readonly messageId: string;
  /** Tick: the `tickAt` it is sent for. Event: when it was decided. */
  readonly at: number;
  readonly event?: string;
  readonly data?: Json;
  /** Event: position of the data in the `versions()` of its contract, where it has such. Absent in heads of older releases. */
  readonly version?: number;
  dataref?: string;
  readonly hops?: number;
  readonly trace?: string;
}

export type TimerPurpose = 'sleep' | 'wait' | 'retry' | 'undo-retry' | 'process' | 'named';

export interface ArmedTimer {
  readonly n: number;
  readonly path: string;
  readonly due: number;
  readonly purpose: TimerPurpose;
}

/**
 * What is left of an undoable command that nobody waits for any more: its late success is undone (S3). A run leaves at most
 * `OPEN_MAX`; none is ever dropped, since only it holds the input that its undo is made from.
 */
export interface Tombstone {
  readonly run: string;
  readonly n: number;
  readonly command: string;
  /** As of its command: an answer to anything else is none. Absent where an older build has buried it. */
  readonly hash?: string;
  readonly input: Json;
  /** Position of the input in the `versions()` of its contract. Absent in heads of older releases. */
  readonly version?: number;
  readonly inputRef?: string;
  /** Path of its step. Absent where an older build has written it. */
  readonly path?: string;
  /** The process went on because nobody could tell the outcome. Each definite answer ends that, not only a success. */
  readonly unresolved?: Unknown;
}

export interface StuckReason {
  readonly code: string;
  readonly message: string;
  /** The command whose outcome or undo is the reason. */
  readonly n?: number;
  /** That command had a definite failure: `resume` tries again under a new number. */
  readonly definite?: boolean;
  /** Path of the compensation whose body failed: `resume` runs it again. */
  readonly compensation?: string;
  /** The status before, which `resume` restores. */
  readonly was?: InstanceStatus;
  /** Id of the operator's act that could not be applied, and for which this is the reason. */
  readonly refused?: string;
}

export type OpenStatus = 'running';
export type ClosedStatus = 'completed' | 'failed' | 'cancelled' | 'terminated';
export type InstanceStatus = 'early' | OpenStatus | ClosedStatus | 'stuck';

export const isClosed = (status: InstanceStatus): status is ClosedStatus =>
  status !== 'early' && status !== 'running' && status !== 'stuck';

/** One remembered event. */
export interface RingEntry {
  /** Its identity (`identityOf`). */
  readonly id: string;
  /** The event's own time, equal in all its duplicates. */
  readonly time: number;
}

/** The control state of an instance: what a head says, decoded. Mutable: the engine decides on a throw-away copy. */
export interface Image {
  readonly pid: string;
  run: string;
  version: number;
  writer: string;
  status: InstanceStatus;
  definition: string;
  /** Process time in milliseconds; monotone. */
  clock: number;
  /** The next number of a command, timer or event of this run. */
  seq: number;
  startedAt: number;
  closedAt?: number;
  /** Until then many events come at once (`Head.hotUntil`); nothing is decided by it. */
  hotUntil?: number;
  /** While stuck. */
  stuck?: StuckReason;
  commands: Map<number, OpenCommand>;
  /** Commands nobody awaits that are tried again when the timer of that number fires. */
  resends: Map<number, OpenCommand>;
  pendingSends: PendingSend[];
  timers: Map<number, ArmedTimer>;
  /** The instant of the tick in flight. */
  tickAt?: number;
  /** The instant in the due index. */
  due?: number;
  signals: RingEntry[];
  /** Signals at or before this instant may have left the ring: the journal decides. */
  signalsFloor?: number;
  /** Identities of starts and of operators' acts. */
  starts: string[];
  tombstones: Tombstone[];
  /** Paths of open waits without a time-out, as they were at the last commit: so that `why` can tell of them. Replay does not read them. */
  waits?: readonly string[] | undefined;
  /** The latest view; of a decider: its state. */
  view?: Stored;
  tags?: Readonly<Record<string, string>>;
  /** The start's data, where a client asks what an instance was started with, and the trace of the start. */
  trace?: string;
  /** Entries as JSON, from index `tailFrom`. */
  tail: string[];
  tailFrom: number;
}

export const SIGNALS_MAX = 64;
export const STARTS_MAX = 16;
/** Events that are kept for an instance before it is started. */
export const EARLY_EVENTS_MAX = 64;
/** More open commands and timers than this is a design for child processes. */
export const OPEN_MAX = 100;
export const CONTROL_BYTES_MAX = 256 * 1024;
export const JOURNAL_ENTRIES_MAX = 50_000;
/** From here on an instance says that its journal will be full. */
export const JOURNAL_ENTRIES_WARNED = 0.8 * JOURNAL_ENTRIES_MAX;
/** What a run may write beyond that while it is cancelled, undone and ended. */
export const JOURNAL_ENTRIES_TO_END = JOURNAL_ENTRIES_MAX;

export const newImage = (pid: string, run: string, definition: string, at: number): Image => ({
  pid,
  run,
  version: 0,
  writer: '',
  status: 'running',
  definition,
  clock: at,
  seq: 1,
  startedAt: at,
  commands: new Map(),
  resends: new Map(),
  pendingSends: [],
  timers: new Map(),
  signals: [],
  starts: [],
  tombstones: [],
  tail: [],
  tailFrom: 0,
});

/** How many entries the journal of this run has. */
export const journalLength = (image: Image): number => image.tailFrom + image.tail.length;
