import { Cancelled, type Failure } from '../contract/errors.ts';
import type { CommandContract, ProcessContract, RetryPolicy } from '../contract/runtime-contract.ts';
import type { Json } from '../contract/schema.ts';
import type { Carrier, Image, SentValue, StuckReason } from './image.ts';
import type { Expected } from './replay.ts';

/**
 * One activation at a time of one run: the control state, the tree of scopes and steps that its journal implies, and what
 * this activation has decided so far. The engine owns it exclusively and throws it away when a commit is lost.
 *
 * R1 Only `applyFact` and the requests of the front end change it, and both do so without I/O, clock or chance.
 * R2 What it decides is a function of the facts so far and of the front end's requests; replaying the facts repeats it.
 * R3 `image` alone is stored; scopes and steps are rebuilt by replay.
 */
export interface ProcessRun {
  readonly definition: ProcessContract;
  readonly environment: RunEnvironment;
  image: Image;
  readonly root: Scope;
  /** Who is told what comes next, in order; the front end takes one at a time. */
  readonly outcomes: FrontEndOutcome[];
  /** Open call steps by the number of their command, wait and sleep steps by the number of their timer. */
  readonly steps: Map<number, StepState>;
  /** Events received and not yet read, in order of arrival. */
  readonly unread: Signal[];
  /** Open waits, in the order in which they were made. */
  readonly waits: WaitStep[];
  /** Undoings under way; the items of each run one at a time. */
  readonly undoings: Set<Undoing>;
  /** Scopes that may be ready to close. */
  readonly touched: Set<Scope>;
  /** What the current decision's sends are covered by. */
  carrier: Carrier;
  /** Of the event that is being applied. */
  hops: number;
  trace: string | undefined;
  /** Values too large for the head, by SHA-256, to be written before it. */
  readonly payloads: Map<string, string>;
  /** While facts are replayed: what the journal says was decided. */
  expected: Expected | undefined;
  /** Set when the process cannot go on without a person. */
  stuck: StuckReason | undefined;
  /** Why this event cannot be applied, a bug or a limit: nothing of it is committed. */
  bug: StuckReason | undefined;
  /** The process has ended; only what was undone late may still follow. */
  ended: boolean;
  readonly activation: ActivationTally;
  /** Journal index of the next entry, also while replaying. */
  position: number;
}

/** What one activation has made so far; `activation.ts` bounds it. */
export interface ActivationTally {
  /** A fact is being applied, or the front end still runs on it. */
  open: boolean;
  requests: number;
  outcomes: number;
  entries: number;
  /** How many of each are allowed. */
  allowed: number;
}

export interface RunEnvironment {
  /** Name of the system. */
  readonly system: string;
  readonly commands: ReadonlyMap<string, CommandContract>;
  /** In a test of one process there is no system to list commands: told of one that the process names, it takes it in. */
  readonly unlisted?: (named: CommandContract) => CommandContract;
  /** SHA-256 in hex. */
  readonly hash: (text: string) => string;
  /** RFC 8785 JSON. */
  readonly canonical: (data: Json) => string;
  /** Timers at most this far ahead are carried by a delayed tick in the inbox, later ones by the due index. */
  readonly tickThresholdMs: number;
  /** `at file:line` of the user's code that threw, or that runs now, `''` where it is not known. @default it is never known */
  readonly placeOf?: (error: Error | undefined) => string;
  /** Development and tests: misuse that production tolerates is a bug. */
  readonly checks: boolean;
  /** Learns which activation runs. @default no observer */
  readonly observer?: ActivationObserver;
}

/** Learns which activation runs, so that a watchdog can name the instance whose code does not yield. */
export interface ActivationObserver {
  begun(pid: string): void;
  /** Until here the code of the activation that was begun last has run without yielding. */
  yielded(): void;
  ended(pid: string): void;
}

export interface Signal {
  readonly event: string;
  readonly id: string;
  readonly data: Json;
}

export interface Scope {
  /** `''` for the process, else labels and ordinals, each ending in `/`. */
  readonly path: string;
  readonly parent: Scope | undefined;
  /** The step of the parent that this scope is; the outermost has none. */
  readonly step: ScopeStep | undefined;
  /** A compensation's own scope: it cannot be cancelled. */
  readonly compensation: boolean;
  state: 'open' | 'cancelled' | 'closing' | 'undoing' | 'closed';
  /** How its body ended. */
  ending: Ending | undefined;
  readonly open: Set<StepState>;
  readonly children: Set<Scope>;
  /** Undoings and settlings beside it that must end before it does. */
  cleanups: number;
  list: UndoItem[];
  cancelledBy: Failure | undefined;
  /** Steps that were rejected because the scope was cancelled before they were requested. */
  refused: number;
  /** `ctx.undo` calls that wait until what is being settled is definite. */
  readonly requested: { readonly step: UndoStep; readonly target: StepState | undefined }[];
  readonly ordinals: Map<string, number>;
}

export type Ending = { readonly status: 'fulfilled'; readonly value: unknown } | { readonly status: 'failed'; readonly failure: Failure };

interface StepOf<K extends string> {
  readonly kind: K;
  readonly path: string;
  readonly scope: Scope;
  status: 'open' | 'settled' | 'cancelled';
  /** Path of the race that it lost: it is over, and may be waited for no more. */
  lost?: string;
  /** The front end's half: how the user's promise is settled. */
  resolver: unknown;
}

/** How one call is made: its contract's policy, or what the call says instead. */
export interface CallPolicy {
  readonly timeoutMs: number;
  readonly retry: RetryPolicy;
  /** Whether its completion goes on the undo list. */
  readonly undo: boolean;
  readonly returnsFailure: boolean;
}

export interface CallStep extends StepOf<'call'> {
  n: number;
  readonly command: string;
  /** What it was issued with. */
  sent: SentValue | undefined;
  readonly returnsFailure: boolean;
  readonly undoable: boolean;
  readonly policy: CallPolicy;
  detached: boolean;
  /** Between two tries. */
  retry?: { readonly retries: number; readonly since: number } | undefined;
  /** Its entry on the undo list, once completed. */
  item: UndoItem | undefined;
}
export interface WaitStep extends StepOf<'wait'> {
  readonly event: string;
  readonly match: ((data: never) => boolean) | undefined;
  /** Journal index of what was decided after it. */
  readonly order: number;
  timer: number | undefined;
}
export interface SleepStep extends StepOf<'sleep'> {
  timer: number;
}
export interface ScopeStep extends StepOf<'scope'> {
  child: Scope;
  /** What it handed to its parent when it was fulfilled. */
  items: readonly UndoItem[];
}
/** `race` and `any`: decided by the front end, which sees the branches settle in journal order. */
export interface BranchesStep extends StepOf<'branches'> {
  readonly branches: ReadonlyMap<string, StepState>;
}
export interface UndoStep extends StepOf<'undo'> {
  /** What the branches of a race did is undone too; absent where a release recorded it that did not. */
  readonly branches: boolean;
}
export type StepState = CallStep | WaitStep | SleepStep | ScopeStep | BranchesStep | UndoStep;

/** An entry of a scope's undo list. `order` is the journal index of its completion or registration; the highest runs first. */
export type UndoItem =
  | {
      readonly kind: 'command';
      readonly order: number;
      readonly undoes: string;
      /** The command that completed, what it was sent with and what it answered. */
      readonly completed: string;
      readonly sent: SentValue;
      readonly output: Json;
      readonly path: string;
    }
  | { readonly kind: 'compensation'; readonly order: number; readonly path: string; readonly scope: Scope; readonly body: unknown };

export interface Undoing {
  readonly scope: Scope;
  items: UndoItem[];
  readonly failure: Failure | undefined;
  readonly done: (() => void)[];
  current: UndoItem | undefined;
  /** Number of the undo command that is out, or of the timer before its next try. */
  n: number | undefined;
  /** The scope of the compensation that runs. */
  compensation: Scope | undefined;
  attempts: number;
}

/** What the front end is told, one at a time. */
export type FrontEndOutcome =
  | { readonly kind: 'begin' }
  | { readonly kind: 'fulfil'; readonly step: StepState; readonly value: unknown }
  | { readonly kind: 'reject'; readonly step: StepState; readonly failure: Failure }
  | { readonly kind: 'compensate'; readonly scope: Scope; readonly body: unknown; readonly failure: Failure | undefined };

const newScope = (path: string, parent: Scope | undefined, step: ScopeStep | undefined, compensation: boolean): Scope => ({
  path,
  parent,
  step,
  compensation,
  state: 'open',
  ending: undefined,
  open: new Set(),
  children: new Set(),
  cleanups: 0,
  list: [],
  cancelledBy: undefined,
  refused: 0,
  requested: [],
  ordinals: new Map(),
});

export const newRun = (definition: ProcessContract, environment: RunEnvironment, image: Image): ProcessRun => ({
  definition,
  environment,
  image,
  root: newScope('', undefined, undefined, false),
  outcomes: [],
  steps: new Map(),
  unread: [],
  waits: [],
  undoings: new Set(),
  touched: new Set(),
  carrier: { cause: '', messageId: '' },
  hops: 0,
  trace: undefined,
  payloads: new Map(),
  expected: undefined,
  stuck: undefined,
  bug: undefined,
  ended: false,
  activation: { open: false, requests: 0, outcomes: 0, entries: 0, allowed: 0 },
  position: 0,
});

export const childScope = (parent: Scope, path: string, step: ScopeStep | undefined, compensation = false): Scope => {
  const scope = newScope(path, parent, step, compensation);
  parent.children.add(scope);
  return scope;
};

/** The identity of a step: scope labels, name, ordinal within the scope. Adding a step elsewhere does not rename it. */
export const nextPath = (scope: Scope, name: string): string => {
  const ordinal = ordinalOf(scope, name);
  scope.ordinals.set(name, ordinal);
  return `${scope.path}${name}:${ordinal}`;
};

/** The place of the next step of this name. */
export const ordinalOf = (scope: Scope, name: string): number => (scope.ordinals.get(name) ?? 0) + 1;

/** Its scope, or one around it, has failed or been cancelled: later steps are rejected alike (S2, S8). A compensation is in none. */
export const cancellation = (scope: Scope): Failure | undefined => {
  for (let at: Scope | undefined = scope; at; at = at.parent) {
    if (at.cancelledBy) return at.cancelledBy;
    if (at.ending?.status === 'failed') return new Cancelled({ reason: 'scope-failed' });
    if (at.compensation) return undefined;
  }
  return undefined;
};

/** Rejects a step of a scope that was cancelled before it (S2, S8); whether it did. */
export const rejectIfCancelled = (run: ProcessRun, step: CallStep | WaitStep | SleepStep): boolean => {
  const failure = cancellation(step.scope);
  if (!failure) return false;
  step.status = 'cancelled';
  if (!goesOnCancelled(run, step.scope, failure)) run.outcomes.push({ kind: 'reject', step, failure });
  return true;
};

/** A cancelled scope rejects so many later steps; what is requested after them stays pending. */
export const REFUSED_STEPS_MAX = 1_000;

/**
 * Counts a step that a cancelled scope refuses. Beyond the limit its body is a loop that catches its cancellation: the step stays pending,
 * and the scope, whose end is decided already, closes without the body.
 */
export const goesOnCancelled = (run: ProcessRun, scope: Scope, failure: Failure): boolean => {
  scope.refused += 1;
  if (scope.refused <= REFUSED_STEPS_MAX) return false;
  scope.ending ??= { status: 'failed', failure };
  touch(run, scope);
  return true;
};

/** The scope may be ready to close; `settleScopes` looks. */
export const touch = (run: ProcessRun, scope: Scope): void => {
  run.touched.add(scope);
};
