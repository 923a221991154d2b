import type { LastError } from '../contract/wire/last-error.ts';
import type { KeyName } from '../contract/keys.ts';
import type { GateSpec, RetryPolicy } from '../contract/runtime-contract.ts';
import type { Json } from '../contract/schema.ts';

/** A value of the head. With `dataref` it is a payload under that SHA-256, which is written before the head. */
export interface Stored {
  readonly data: Json;
  readonly dataref?: string;
}

/** A value in the form in which it is sent. */
export interface SentValue {
  readonly data: Json;
  /** Position in the `versions()` of its schema, if it has versions. */
  readonly version?: number | undefined;
}

/** The message that caused a send. It is acknowledged only after the send. */
export interface Carrier {
  /** The event key; `r:`, `t:` and `c:` keys hold their run. */
  readonly cause: string;
  /** The message id under which the event came. */
  readonly messageId: string;
}

/** The part of a retry policy that spaces runs. */
export type Pauses = Pick<RetryPolicy, 'firstMs' | 'factor' | 'mostMs'>;

/** Why the outcome of a command is unknown. */
export interface Unknown {
  /** Process time at which the outcome became unknown. */
  readonly since: number;
  /** Runs without a reply, under all its numbers. */
  readonly attempts: number;
  readonly lastError?: LastError;
}

/** A command that was issued and has no final reply yet. The open commands are both the outbox and the deduplication of replies. */
export interface OpenCommand {
  readonly n: number;
  /** The run that issued it, if `ctx.continueAsNew` has moved it into a later run; its command id names this run. */
  readonly run?: string;
  readonly path: string;
  readonly command: string;
  readonly input: Json;
  /** Position of the input in the `versions()` of its contract, if it has versions. Absent in heads of older releases. */
  readonly version?: number | undefined;
  /** SHA-256 of the input, if it is a payload. */
  inputRef?: string | undefined;
  /** The whole hash. It is not stored, so it is absent in a decoded head. */
  readonly wireHash?: string | undefined;
  /** First 16 hex digits of the SHA-256 of the canonical input. */
  readonly hash: string;
  /** A `call` is awaited, a `send` is not. An `undo` is sent until its outcome is definite. */
  readonly mode: 'call' | 'send' | 'undo';
  /** Of an engine command (docs/protocol.md#engine-commands): the pid of the instance that owns it. Absent: a service owns it. */
  readonly owner?: string | undefined;
  /** `ctx.detach`: it stays when its scope or its process ends. */
  detached?: true | undefined;
  /** A success is never undone: the command was called with `{ undo: false }`, or its step is detached. */
  stands?: boolean | undefined;
  /** Why its outcome must become definite: it is sent again past its deadline (docs/protocol.md#commands). */
  settling?: 'within' | 'cancelled';
  /** While settling: after this instant the outcome is unknown. Older builds wrote none, and then settling has no end. */
  settleBy?: number | undefined;
  /** Its outcome is unknown. It stays open while it may lose a race, or until an operator resolves it. */
  unknown?: Unknown | undefined;
  /** Its handler deferred the reply, so attempts stop. */
  deferred?: boolean;
  /** While the command is deferred, a heartbeat must come this often. */
  readonly heartbeatMs?: number | undefined;
  /** Starts at 1; each re-send under the same `n` adds 1. A re-send is not a run, so no limit counts it. */
  attempt: number;
  /** The interval from the last send to the next. @default `timeoutMs`, as after the first send */
  intervalMs?: number | undefined;
  /** Runs of this step or undo under earlier numbers. */
  readonly retries: number;
  /** When it was first issued under any number. `within` counts from here. */
  readonly since: number;
  /** Next wake-up: the end of the attempt, of `within`, or of the heartbeat interval. `Infinity`: none. */
  due: number;
  /** End of `within`. Absent on an undo that an older build issued. */
  deadline?: number | undefined;
  readonly timeoutMs: number;
  /** Maximum of runs under all its numbers. */
  attemptsMax?: number | undefined;
  /** The pauses between runs, if those of the call differ from those of the contract. */
  readonly pauses?: Pauses | undefined;
  /** Command id of the undone command. It names an earlier run if the success came late. */
  readonly undoes?: string | undefined;
  cause: string;
  messageId: string;
  readonly hops: number;
  readonly trace?: string | undefined;
}

/** An undo with a definite failure keeps its number until an operator resumes or skips it. */
export function hasFailed({ mode, due, unknown }: OpenCommand): boolean {
  return mode === 'undo' && due === Infinity && unknown === undefined;
}

/** The end of `within`. */
export function deadlineOf({ deadline }: OpenCommand): number {
  return deadline ?? Infinity;
}

/** The engine command that a reply answers. */
export interface Answered {
  /** Its command id, `pid/run/n`. */
  readonly commandId: string;
  /** The short hash of its input, as the head of its issuer holds it. */
  readonly hash: string;
}

/** How an owner answers an engine command. */
export type OwnerOutcome = 'completed' | 'failed' | 'cancelled';

/**
 * A message to send once: a tick or the reply to an engine command to the inbox, or an event to the bus. A later commit removes it after it
 * was sent.
 */
export interface PendingSend {
  readonly n: number;
  /** Event: the run that published it, if that is an earlier run of the chain. */
  readonly run?: string;
  readonly kind: 'tick' | 'event' | 'reply' | 'forward' | 'unsubscribe' | 'begin';
  readonly cause: string;
  readonly messageId: string;
  /** Tick: its `tickAt`. Event: the process time at which it was published. */
  readonly at: number;
  readonly event?: string;
  readonly data?: Json;
  /** Event: position of the data in the `versions()` of its contract, if it has versions. Absent in heads of older releases. */
  readonly version?: number;
  dataref?: string;
  readonly hops?: number;
  readonly trace?: string;
  /** Forward, of a key: the event `event` as it was published, and the subscriptions that it goes to. */
  readonly forwarded?: ForwardedEvent & { readonly to: readonly string[]; readonly round?: number };
  /** Unsubscribe: the subscriptions of a run that has ended. */
  readonly left?: readonly Subscription[];
  /** Begin: the pid of the instance that a waiting start begins. `data` is the start. */
  readonly begins?: string;
  /** Reply: the command that it answers, and how. */
  readonly answers?: Answered & { readonly outcome: OwnerOutcome };
}

/** A start that waits for the end of the open run (lib/core/waiting.ts). `data` is the start, as a `BegunBy`. */
export interface WaitingStart extends Stored {
  /** `identityOf` the start: the name of the run that it will begin. */
  readonly identity: string;
  /** Its id as an event. */
  readonly id: string;
  readonly source: string;
  /** Process time since which it waits. */
  readonly since: number;
  /** It has cancelled the open run. */
  readonly replaces?: true;
}

/** The members of a start from which its run begins. */
export interface BegunBy {
  readonly id: string;
  readonly event: string;
  readonly source: string;
  /** ISO instant. */
  readonly time: string;
  readonly subject?: string;
  readonly data: Json;
  /** Position of the data in the `versions()` of its contract. @default 1 */
  readonly dataversion?: number;
  readonly tags?: Readonly<Record<string, string>>;
  readonly hops: number;
  readonly trace?: string;
}

/** The state of a gate (lib/core/gating.ts). */
export interface GateState {
  readonly process: string;
  readonly key: string;
  /** The limits by which it has decided last. */
  spec: GateSpec;
  /** The instances that have a slot: the command that started each, its id, and the id of its start. */
  running: readonly { readonly n: number; readonly id: string; readonly start: string }[];
  /** How many instances it has begun. */
  begun: number;
}

/** The members of an event that a key forwards: it keeps its own id, so that a subscriber finds duplicates. */
export interface ForwardedEvent {
  readonly id: string;
  readonly source: string;
  readonly time: string;
}

/** The subscription of a run to a key. Its id is that of the command that subscribed, `pid/run/n`. */
export interface Subscription {
  /** The run that subscribed: an earlier one after `ctx.continueAsNew`. */
  readonly run: string;
  readonly n: number;
  /** The pid of the key. */
  readonly owner: string;
  readonly event: string;
  readonly key: string;
}

/** The state of a key (lib/core/keys.ts). */
export interface KeyState extends KeyName {
  /** `'first'`: only one subscriber gets an event. */
  deliver?: 'first' | undefined;
  /** The ids of the subscriptions, in the order in which they came. */
  subscribers: string[];
  /** How many of several copies of an event have come back, by identity of the event. */
  returns?: (readonly [string, number])[] | undefined;
}

export type TimerPurpose = 'sleep' | 'wait' | 'retry' | 'undo-retry' | 'process' | 'named';

export interface ArmedTimer {
  readonly n: number;
  readonly path: string;
  readonly due: number;
  readonly purpose: TimerPurpose;
}

/**
 * The rest of an undoable command that no step awaits any more: its late success is undone (S3). A run leaves at most `OPEN_MAX`. None is
 * ever dropped, because only the tombstone holds the input from which the undo is made.
 */
export interface Tombstone {
  readonly run: string;
  readonly n: number;
  readonly command: string;
  /** Hash of its command's input: a reply with another hash is refused. Absent in tombstones of older builds. */
  readonly hash?: string;
  readonly input: Json;
  /** Position of the input in the `versions()` of its contract. Absent in heads of older releases. */
  readonly version?: number;
  readonly inputRef?: string;
  /** Path of its step. Absent in tombstones of older builds. */
  readonly path?: string;
  /** The process continued because the outcome was unknown. Each definite reply removes the tombstone, not only a success. */
  readonly unresolved?: Unknown;
}

export interface StuckReason {
  readonly code: string;
  readonly message: string;
  /** The command whose outcome or undo is the reason. */
  readonly n?: number;
  /** The failure of that command is definite: `resume` issues it again under a new number. */
  readonly definite?: boolean;
  /** Path of the compensation whose body failed: `resume` runs it again. */
  readonly compensation?: string;
  /** The status before the instance got stuck, which `resume` restores. */
  readonly was?: InstanceStatus;
  /** Id of the operation that could not be applied for this reason. */
  readonly refused?: string;
  /** The run has taken a change for which this code does not ask: a newer build may run. It is not stored. */
  readonly newer?: true;
}

/** A pause of an instance: nothing is decided, and events are kept beside it. */
export interface Pause {
  /** Process time at which it began. */
  readonly at: number;
  /** The principal, as the operation names it, and as the queue of operations reports it. */
  readonly by: string;
  readonly sender?: string;
  readonly reason: string;
  /** `stop`: timers and limits keep their remaining time. `run`: those that pass meanwhile are due at the resume. */
  readonly clock: PauseClock;
  /** The scope of the hold that has paused it, such as `process:book-trip`. Absent: an operator has paused this instance alone. */
  readonly hold?: string;
}

export type PauseClock = 'stop' | 'run';

export type OpenStatus = 'running';
export type ClosedStatus = 'completed' | 'failed' | 'cancelled' | 'terminated';
export type InstanceStatus = 'early' | OpenStatus | ClosedStatus | 'stuck';

export function isClosed(status: InstanceStatus): status is ClosedStatus {
  return status !== 'early' && status !== 'running' && status !== 'stuck';
}

/** The runs of an instance that `ctx.continueAsNew` has joined. */
export interface Chain {
  /** The first run, which the start of the instance names. */
  readonly first: string;
  /** The place of the current run, from 2. */
  readonly number: number;
}

/**
 * The last entries of an earlier run of the chain. They were decided together with the next run, so they were not committed when the chunks
 * of that commit were written: the head keeps them until the next commit writes them as a chunk.
 */
export interface PastTail {
  readonly run: string;
  readonly from: number;
  readonly entries: readonly string[];
}

/** The original of a fork. */
export interface ForkOf {
  readonly pid: string;
  readonly run: string;
  /** The number of entries of the prefix. */
  readonly entries: number;
  /** The id of the operation that asked for the fork. */
  readonly operation: string;
  /** The id that the code sees. */
  readonly named: string;
}

/** One remembered event. */
export interface RingEntry {
  /** Its identity (`identityOf`). */
  readonly id: string;
  /** The event's own time, equal in all its duplicates. */
  readonly time: number;
}

/** The decoded control state of a head. It is mutable, because the engine decides on a copy that it throws away after a conflict. */
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
  /** Until then the instance is hot (`Head.hotUntil`). No decision depends on it. */
  hotUntil?: number;
  /** While stuck. */
  stuck?: StuckReason;
  /** While paused. It is beside the status: a paused instance may also be stuck. */
  paused?: Pause;
  commands: Map<number, OpenCommand>;
  /** Commands that no step awaits and that are issued again when the timer of that number fires. */
  resends: Map<number, OpenCommand>;
  pendingSends: PendingSend[];
  timers: Map<number, ArmedTimer>;
  /** The instant of the tick in flight. */
  tickAt?: number;
  /** The instant in the due index. */
  due?: number;
  signals: RingEntry[];
  /** Signals at or before this instant may have left the ring, so the engine looks them up in the journal. */
  signalsFloor?: number;
  /** Identities of starts and of operations. */
  starts: string[];
  tombstones: Tombstone[];
  /** Paths of open waits without a time-out at the last commit, for `why`. A replay does not read them. */
  waits?: readonly string[] | undefined;
  /** Of open waits by key: the path, and the index of the subscription. For `why` too. */
  keyed?: readonly (readonly [path: string, subscription: number])[] | undefined;
  /** The subscriptions of this run to keys, until it ends. */
  subscriptions?: Subscription[];
  /** Starts that wait for the end of this run, in order. */
  waiting?: readonly WaitingStart[] | undefined;
  /** Of a key: its state. */
  key?: KeyState;
  /** Of a gate: its state. */
  gate?: GateState;
  /** Of a key at rest: the messages that wait for its next subscriber. Of every other instance the store alone appends to them. */
  early?: readonly string[];
  /** The latest view; of a decider: its state. */
  view?: Stored;
  tags?: Readonly<Record<string, string>>;
  /** The `traceparent` of the start. */
  trace?: string;
  /** Of a child: the command of its parent, which the end of the run answers. */
  parent?: Answered & { readonly depth: number };
  /** Present from the second run of a chain on. */
  chain?: Chain | undefined;
  past?: readonly PastTail[] | undefined;
  /** Of a fork: its original. */
  fork?: ForkOf;
  /** Pids of the last forks that this instance was asked for, but those whose id was taken. */
  forks?: readonly string[] | undefined;
  /** When the data of the instance was erased (lib/core/erasing.ts). */
  erased?: number;
  /** Entries as JSON, from index `tailFrom`. */
  tail: string[];
  tailFrom: number;
}

export const SIGNALS_MAX = 64;
export const STARTS_MAX = 16;
/** Events that the early buffer holds for an instance before its start. */
export const EARLY_EVENTS_MAX = 64;
/** Starts that wait for one open instance. */
export const WAITING_MAX = 100;
/** Maximum of open commands. A process that needs more should be split into several processes. */
export const OPEN_MAX = 100;
export const CONTROL_BYTES_MAX = 256 * 1024;
export const JOURNAL_ENTRIES_MAX = 50_000;
/**
 * From this length on, `ctx.suggestsContinuing` is true. Code decides by it, so a release that changes this number would change the decisions
 * of open runs: it stays as it is.
 */
export const JOURNAL_ENTRIES_SUGGESTED = 2_000;
/** From this length on, `why` warns that the journal will be full. */
export const JOURNAL_ENTRIES_WARNED = 0.8 * JOURNAL_ENTRIES_MAX;
/** Entries beyond `JOURNAL_ENTRIES_MAX` that a run may write while it is cancelled, undone and ended. */
export const JOURNAL_ENTRIES_TO_END = JOURNAL_ENTRIES_MAX;

export function newImage(pid: string, run: string, definition: string, at: number): Image {
  return {
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
  };
}

/** The id of an open command. A command that has moved keeps the id of the run that issued it. */
export function commandIdOf({ pid, run }: Pick<Image, 'pid' | 'run'>, command: Pick<OpenCommand, 'n' | 'run'>): string {
  return `${pid}/${command.run ?? run}/${command.n}`;
}

/** The run that has begun the chain. It names the instance from its start to its end, through every `ctx.continueAsNew`. */
export function firstRun({ run, chain }: Pick<Image, 'run' | 'chain'>): string {
  return chain?.first ?? run;
}

/** Whether the start of this identity has begun the run, or the first run of its chain. */
export function isBegunBy({ run, chain }: Pick<Image, 'run' | 'chain'>, identity: string): boolean {
  return run === identity || chain?.first === identity;
}

/** The open command of a run and a number. */
export function openCommand(image: Pick<Image, 'run' | 'commands'>, run: string, n: number): OpenCommand | undefined {
  const command = image.commands.get(n);
  return command && (command.run ?? image.run) === run ? command : undefined;
}

/** How many entries the journal of this run has. */
export function journalLength(image: Image): number {
  return image.tailFrom + image.tail.length;
}

/** The number of commands with an unknown outcome: open commands and tombstones, without undos. */
export function unresolvedCount({ commands, tombstones }: Image): number {
  let count = 0;
  for (const { unknown, mode } of commands.values()) if (unknown && mode !== 'undo') count += 1;
  for (const { unresolved } of tombstones) if (unresolved) count += 1;
  return count;
}
