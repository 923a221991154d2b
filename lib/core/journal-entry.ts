import type { Outcome } from '../contract/wire/envelope.ts';
import type { Json } from '../contract/schema.ts';
import type { PauseClock, TimerPurpose } from './image.ts';

/** A value of an entry: inline up to `VALUE_CHARACTERS_MAX`, else a payload under its SHA-256. */
interface Value {
  readonly data?: Json;
  readonly dataref?: string;
}

/** A value that was received. */
interface Received extends Value {
  /** Position in the `versions()` of its contract. @default 1 */
  readonly dataversion?: number;
}

/** The hashes of a value that was sent. */
export interface Hashed {
  /** First 16 hex digits of the SHA-256 of the canonical value as it was sent. */
  readonly hash: string;
  /** The same of the value that user code passed, before parsing, if it differs. A replay compares it. */
  readonly asked?: string;
}

/** The requester of an operation. */
interface Principal {
  /** The name that the operation contains. */
  readonly by: string;
  /** The IAM id of the sender, as the queue of operations reports it; a sender cannot choose it. Absent if the queue reports none. */
  readonly sender?: string;
}

/** The command of a reply that came to a tombstone. */
export interface Late {
  readonly run: string;
  readonly command: string;
  readonly input: Json;
  /** Position of the input in the `versions()` of its contract. Absent in journals of older releases. */
  readonly version?: number;
  /** In a journal entry: the SHA-256 of an input that is a payload. */
  readonly inputref?: string;
}

/** The run that a run continues, and what has moved from it. */
export interface Continues {
  readonly run: string;
  /** The place of the new run in the chain, from 2. */
  readonly number: number;
  /** How many of the next entries are events that no run has taken. The code begins after the last of them. @default 0 */
  readonly unread?: number;
  /** The keys to which the runs before have subscribed, as event and text. */
  readonly keys?: readonly string[];
  /** Open commands. Each keeps its id, which names the run that issued it. */
  readonly commands?: readonly MovedCommand[];
  /** Commands that are issued again when the timer `timer` fires. */
  readonly resends?: readonly (MovedCommand & { readonly timer: number })[];
  /** The time-out of the process, and the timers of `resends`. */
  readonly timers?: readonly { readonly n: number; readonly path: string; readonly due: number; readonly purpose: TimerPurpose }[];
}

/** A command that has moved, without the members of the head that no replay needs. */
export interface MovedCommand {
  readonly run: string;
  readonly n: number;
  readonly path: string;
  readonly command: string;
  readonly mode: 'call' | 'send' | 'undo';
  /** Of an engine command: the pid of its owner. */
  readonly owner?: string;
}

/** The run whose names the code of a fork sees. */
export interface Origin {
  readonly pid: string;
  readonly run: string;
}

/** The facts: the inputs of an instance. Each begins an activation; `at` is process time. A replay applies them one at a time, in order. */
export type RecordedFact =
  | ({
      readonly type: 'ProcessStarted';
      readonly at: number;
      readonly definition: string;
      /** The hash of the code of the definition (lib/flow/code-hash.ts). Absent if the build does not know it. */
      readonly code?: string;
      readonly event: string;
      readonly id: string;
      readonly source: string;
      readonly time: string;
      readonly subject?: string;
      /** Of a child: the id of the command of its parent. */
      readonly parent?: string;
      /** The run was begun by `ctx.continueAsNew` of an earlier run, in the same commit as the end of that run. */
      readonly continues?: Continues;
      /** Of a fork: the entries from here to the next `Forked` are those of this run. */
      readonly origin?: Origin;
      /** Of a fork, and of the runs that continue it: the id that the code sees, that of its first original. */
      readonly named?: string;
    } & Received)
  | ({
      readonly type: 'EventReceived';
      readonly at: number;
      readonly event: string;
      readonly id: string;
      readonly source: string;
      readonly time: string;
      /** An earlier run of the chain received it, and did not take it. */
      readonly moved?: true;
      /** The text of an event by key. */
      readonly key?: string;
      /** The original of the fork received it, after the prefix. */
      readonly forked?: true;
    } & Received)
  | ({
      readonly type: 'CommandAnswered';
      readonly at: number;
      readonly n: number;
      readonly outcome: Outcome;
      readonly retryable?: boolean;
      /** Runs that ended without a reply so far, as its service counts them. */
      readonly attempts?: number;
      readonly late?: Late;
      /** With `late`: a success that was counted, and that an operator has undone with the fork of this operation. */
      readonly fork?: string;
      /** Of a fork: the command of its original whose reply it adopts. */
      readonly adopted?: string;
      /** An operator resolved the outcome: id, principal and reason of that operation. */
      readonly resolved?: { readonly id: string; readonly reason: string } & Principal;
    } & Received)
  /** `reason`: why it does not wait; absent if its instance is open, and starts do not wait. */
  | {
      readonly type: 'StartRejected';
      readonly at: number;
      readonly id: string;
      readonly source: string;
      readonly parent?: string;
      readonly reason?: NotWaiting;
    }
  /** A start that waits for the end of this run. `replaces`: it cancels the run. */
  | {
      readonly type: 'StartQueued';
      readonly at: number;
      readonly id: string;
      readonly event: string;
      readonly source: string;
      readonly time: string;
      readonly replaces?: true;
    }
  | { readonly type: 'AttemptTimedOut'; readonly at: number; readonly n: number }
  | { readonly type: 'TimerFired'; readonly at: number; readonly n: number }
  | ({ readonly type: 'CancelRequested'; readonly at: number; readonly id: string; readonly reason: string } & Principal)
  | ({ readonly type: 'TerminateRequested'; readonly at: number; readonly id: string; readonly reason: string } & Principal)
  /** An operator forks the instance. `to`: the pid of the fork. `data` is the input of its command (lib/core/forking.ts). */
  | ({
      readonly type: 'ForkRequested';
      readonly at: number;
      readonly id: string;
      readonly reason: string;
      readonly to: string;
      /** The instance was open, and ends without undoing its steps. */
      readonly supersedes?: true;
    } & Principal &
      Received)
  /** The prefix ends here, and the fork goes on. `id`: the command of the original. `data`: the edited input. */
  | ({
      readonly type: 'Forked';
      readonly at: number;
      readonly id: string;
      readonly reason: string;
      /** Timers and limits move by the time that has passed since the end of the prefix, in milliseconds. */
      readonly pausedMs?: number;
      /** Number of the call whose input is edited. */
      readonly edited?: number;
      /** In the prefix of a fork of this fork: the next entries are those of this run. */
      readonly origin?: Origin;
      /** The version of its process on which the fork goes on, if that is another one, and its code. */
      readonly definition?: string;
      readonly code?: string;
    } & Principal &
      Received)
  | ({
      readonly type: 'Paused';
      readonly at: number;
      readonly id: string;
      readonly reason: string;
      readonly clock: PauseClock;
      /** The scope of the hold that has paused it, and since when the clock stands if that was earlier. */
      readonly hold?: string;
      readonly since?: number;
    } & Principal)
  /** The run goes on with another version of its process, on which its journal was replayed. */
  | ({
      readonly type: 'Moved';
      readonly at: number;
      readonly id: string;
      readonly reason: string;
      readonly definition: string;
      readonly code?: string;
    } & Principal)
  | ({
      readonly type: 'Resumed';
      readonly at: number;
      readonly id: string;
      /** Why it was stuck; `PAUSED` if a pause ends here. */
      readonly code: string;
      readonly reason?: string;
      /** With `PAUSED`: timers and limits move by this time, in milliseconds. Absent if the clock ran. */
      readonly pausedMs?: number;
      readonly n?: number;
      readonly definite?: boolean;
      readonly compensation?: string;
      /** Path of a step whose undo an operator skipped. */
      readonly skip?: string;
      /** The version of its process on which a stuck run goes on, if the operator named one. */
      readonly definition?: string;
    } & Principal);

/** The decisions of an activation. `path` names a step by scope labels, name and ordinal. */
export type Decided =
  | ({
      readonly type: 'CommandIssued';
      readonly n: number;
      readonly path: string;
      readonly command: string;
      readonly undoes?: string;
      readonly mode?: 'send';
      /** The pid of the instance that owns an engine command. */
      readonly owner?: string;
    } & Hashed)
  | { readonly type: 'EventTaken'; readonly path: string; readonly id: string }
  /** The wait that took the event does not use it, so it is unread again. Earlier releases lost it, and did not write this. */
  | { readonly type: 'EventPutBack'; readonly path: string; readonly id: string }
  /** `rule`: a calendar rule, whose instant the host has computed. */
  | { readonly type: 'TimerSet'; readonly n: number; readonly path: string; readonly due: number; readonly rule?: string }
  | { readonly type: 'TimerCleared'; readonly n: number; readonly path: string }
  /** `branches`: completed branches of a losing race are undone too. Earlier releases did not undo them, and did not write it. */
  | { readonly type: 'BranchWon'; readonly path: string; readonly winner: string; readonly branches?: boolean }
  /** `shielded`: it is finished before what is around it is cancelled. */
  | { readonly type: 'ScopeOpened'; readonly path: string; readonly shielded?: true }
  | ({ readonly type: 'ScopeClosed'; readonly path: string; readonly status: 'fulfilled' | 'failed' | 'cancelled' } & Value)
  | { readonly type: 'UndoRequested'; readonly path: string; readonly branches?: boolean }
  | { readonly type: 'CompensationRegistered'; readonly path: string }
  | { readonly type: 'CompensationStarted'; readonly path: string }
  /** The outcome is unknown, and the instance continues. `unresolved`: a late success will be undone. */
  | { readonly type: 'CommandGivenUp'; readonly n: number; readonly path: string; readonly unresolved?: true }
  | { readonly type: 'CommandAbandoned'; readonly n: number; readonly path: string }
  | { readonly type: 'Pivoted'; readonly path: string }
  | { readonly type: 'StepDetached'; readonly path: string }
  /** `ctx.dispatch` was given a value that names no command, or that does not fit its schema. `message`: the text that the code got. */
  | {
      readonly type: 'DispatchRefused';
      readonly path: string;
      readonly refused: 'unknown' | 'invalid';
      readonly message: string;
      /** First 16 hex digits of the SHA-256 of the canonical `{ name, input }`. Absent if they are not JSON. */
      readonly hash?: string;
    }
  | ({ readonly type: 'EventPublished'; readonly n: number; readonly path: string; readonly event: string } & Hashed)
  | ({ readonly type: 'ViewChanged'; readonly path: string } & Hashed)
  /** A gate has begun an instance, `path`, from all starts of a window. */
  | { readonly type: 'WindowClosed'; readonly path: string; readonly ids: readonly string[] }
  /** A schedule has decided about a time, or about `count` of them from `path` to `until` (lib/core/scheduling.ts). */
  | ({ readonly type: 'TimeDecided'; readonly path: string } & Omit<TimeDecision, 'local'>)
  /** The code of the system lists a schedule with other times. */
  | { readonly type: 'ScheduleChanged'; readonly path: string; readonly hash: string; readonly rule: string }
  /** `ctx.patched` has returned true for the first time. `path`: the name of the change. */
  | { readonly type: 'ChangeTaken'; readonly path: string }
  | { readonly type: 'Tagged'; readonly path: string; readonly tags: Readonly<Record<string, string>> }
  /** `ctx.answer`: the answer to the event with this id. */
  | ({ readonly type: 'EventAnswered'; readonly path: string; readonly event: string; readonly id: string } & Value & Hashed)
  | { readonly type: 'EventsUnread'; readonly path: string; readonly ids: readonly string[] }
  /** The last entry of a run that continues as new. `run`: the next run. `hash` is that of its input. */
  | ({ readonly type: 'RunContinued'; readonly path: string; readonly run: string; readonly definition: string } & Hashed)
  | ({ readonly type: 'ProcessCompleted'; readonly path: string } & Value)
  | ({ readonly type: 'ProcessFailed'; readonly path: string } & Value)
  /** `message`: the principal that asked for it, and why. */
  | { readonly type: 'ProcessCancelled'; readonly path: string; readonly reason: string; readonly message?: string }
  | { readonly type: 'ProcessTerminated'; readonly path: string; readonly reason: string }
  /**
   * The only entry of an erased instance: the request of an operator (lib/core/erasing.ts). `abandoned`: ids of the commands whose late success
   * is not undone any more.
   */
  | ({
      readonly type: 'Erased';
      readonly path: string;
      readonly at: number;
      readonly id: string;
      readonly reason: string;
      readonly abandoned?: readonly string[];
    } & Principal);

/**
 * replaced  a later start with `onOpen: 'replace'` took its place
 * full      as many starts as may wait were waiting
 */
export type NotWaiting = 'replaced' | 'full';

/** The decision of a schedule about a time. */
export type Result = 'started' | 'waiting' | 'skipped' | 'missed';

/** A decision about one time, or about `count` times from `path` to `until`. It is journaled (docs/protocol.md#schedules). */
export interface TimeDecision {
  readonly local: string;
  readonly at: number;
  readonly result: Result;
  readonly reason?: Reason;
  /** The instance that it waits for, or that was still running. */
  readonly behind?: string;
  readonly until?: string;
  readonly count?: number;
  /** There were more than `count`. */
  readonly more?: true;
}

/**
 * overlap    the instance of an earlier time was running
 * full       as many times as may wait were waiting
 * replaced   a later time took its place in the queue
 * late       it was later than `within`, or than 15 minutes with `catchUp: 'none'`
 * later      a later time was started in its place, with `catchUp: 'latest'`
 * paused     the schedule was paused
 * ended      the schedule ended while the time waited
 * gap        the clocks skipped it, and `gap` is `'skip'`
 */
export type Reason = 'overlap' | 'full' | 'replaced' | 'late' | 'later' | 'paused' | 'ended' | 'gap';

export type JournalEntry = RecordedFact | Decided;
