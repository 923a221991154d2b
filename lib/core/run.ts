import type { CalendarRule } from '../contract/calendar.ts';
import { Cancelled, type Failure } from '../contract/errors.ts';
import type { Logged } from '../contract/logged.ts';
import type { CommandContract, ProcessContract, RetryPolicy } from '../contract/runtime-contract.ts';
import type { Json, Schema } from '../contract/schema.ts';
import type { Carrier, Image, SentValue, StuckReason } from './image.ts';
import type { Decided, Origin } from './journal-entry.ts';
import type { Expected } from './replay.ts';
import type { StepBodies } from './step-bodies.ts';

/**
 * A run in memory: the control state, the tree of scopes and steps, and the decisions of the current activation. One engine worker owns it
 * exclusively, and throws it away after a conflict of its commit.
 *
 * R1 Only `applyFact` and the requests of the front end change it. Both use no I/O, no clock and no random numbers.
 * R2 Its decisions are a function of the facts so far and of the front end's requests, so a replay of the facts repeats them.
 * R3 Only `image` is stored. A replay rebuilds scopes and steps.
 */
export interface ProcessRun {
  readonly definition: ProcessContract;
  readonly environment: RunEnvironment;
  image: Image;
  readonly root: Scope;
  /** Outcomes for the front end, in order. It takes one at a time. */
  readonly outcomes: FrontEndOutcome[];
  /** Open call steps by the number of their command, wait and sleep steps by the number of their timer. */
  readonly steps: Map<number, StepState>;
  /** Received events that no wait has taken yet, in order of arrival. */
  readonly unread: Signal[];
  /** Events that waits have put back. `handOn` gives them to other waits, or to `unread`. */
  readonly putBack: Signal[];
  /** Questions that the process has read and not answered, the oldest first. */
  readonly asked: Pick<Signal, 'event' | 'id'>[];
  /** Open waits, in order of their requests. */
  readonly waits: WaitStep[];
  /** The keys to which the run has subscribed, as event and text. */
  keys: Set<string> | undefined;
  /** The answers of `ctx.patched` so far, by change. */
  changes: Map<string, boolean> | undefined;
  /** Undoings in progress. The items of each are undone one at a time. */
  readonly undoings: Set<Undoing>;
  /** Scopes that may be ready to close. */
  readonly touched: Set<Scope>;
  /** The message that causes the sends of the current decision. */
  carrier: Carrier;
  /** Of the event that is being applied. */
  hops: number;
  trace: string | undefined;
  /** Values too large for the head, by SHA-256, to be written before it. */
  readonly payloads: Map<string, string>;
  /** During a replay: the recorded decisions of the activation. */
  expected: Expected | undefined;
  /** Steps whose instant a host computes from a calendar rule, before the code continues. */
  readonly undated: Undated[];
  /** One sentence for each `ctx.send` and `ctx.view` that a replay of this run has skipped, because it is new in the code. */
  readonly skipped: string[];
  /** The lines of `ctx.log` since the last commit. The engine writes them after it, so a decision that is made again has its lines once. */
  lines: LoggedLine[] | undefined;
  /** Set if the process cannot continue without an operator. */
  stuck: StuckReason | undefined;
  /** The bug or the limit because of which this event cannot be applied. Nothing of the event is committed. */
  bug: StuckReason | undefined;
  /** The process has ended. Only undos of late successes can follow. */
  ended: boolean;
  /** Unread events of the run before that are still to be applied before the code begins. */
  arriving: number;
  /** Of a fork, in its prefix: the run that its entries are of. */
  origin: Origin | undefined;
  /** Of a fork: the id that the code sees. */
  named: string | undefined;
  /** The code has called `ctx.continueAsNew`; the run ends when nothing of it is being undone or settled. */
  continuing: Continuing | undefined;
  /** The run has ended so. The engine begins the next one, in the same commit. */
  continued: Continued | undefined;
  readonly activation: ActivationTally;
  /** Journal index of the next entry, also while replaying. */
  position: number;
}

/** A line of `ctx.log`, with its run, and the message that it was decided on. */
export interface LoggedLine extends Logged {
  readonly run: string;
  readonly messageId: string;
  readonly trace: string | undefined;
}

/** The request of `ctx.continueAsNew`. */
export interface Continuing {
  /** The input of the next run, as journal.ts takes a passed value. */
  readonly passed: { readonly schema: Schema; readonly value: unknown; readonly what: string };
  /** The definition of the next run. */
  readonly definition: ProcessContract;
  /** The type of its start. */
  readonly event: string;
}

export interface Continued extends Omit<Continuing, 'passed'> {
  /** The name of the next run. */
  readonly run: string;
  readonly data: Json;
}

/** The counts of one activation; `activation.ts` bounds them. */
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
  /** The processes of the system, the newest version first. @default unknown: each process that `ctx.child` names is taken as it is */
  readonly processes?: ReadonlyMap<string, readonly ProcessContract[]>;
  /** By `name@version`: the hash of the code of a definition, which the start of a run journals. @default not known */
  readonly codes?: Readonly<Record<string, string>> | undefined;
  /** Adds a command that the process names and `commands` lacks. Tests of one process, which have no system, set it. */
  readonly unlisted?: (named: CommandContract) => CommandContract;
  /** SHA-256 in hex. */
  readonly hash: (text: string) => string;
  /** RFC 8785 JSON. */
  readonly canonical: (data: Json) => string;
  /** A delayed tick in the inbox wakes timers at most this far ahead. The due index wakes later ones. */
  readonly tickThresholdMs: number;
  /** `at file:line` of the user's code that threw the error, or that runs now; `''` if unknown. @default always unknown */
  readonly placeOf?: (error: Error | undefined) => string;
  /** True in development and tests: misuse that production tolerates is a bug. */
  readonly checks: boolean;
  /** Is notified of each activation. @default no observer */
  readonly observer?: ActivationObserver;
  /** Collects the functions of `ctx.run`, in a replay by the step runner. @default they are not kept */
  readonly steps?: StepBodies;
}

/** The member `code` of the entry that begins a run of this definition, or moves one to it. */
export function codeOf({ codes }: RunEnvironment, definition: string): { readonly code?: string } {
  const code = codes?.[definition];
  return code === undefined ? {} : { code };
}

/** Is notified of each activation, so that a watchdog can name the instance whose code does not yield. */
export interface ActivationObserver {
  begun(pid: string): void;
  /** The code of the last activation that began has yielded to the event loop. */
  yielded(): void;
  ended(pid: string): void;
  /**
   * A replay has decided `now`, for which the journal has `recorded`, if anything. `differs`: the activation has differed by now.
   * @default it is not notified
   */
  replayed?(pid: string, now: Decided, recorded: Decided | undefined, differs: boolean): void;
}

export interface Signal {
  readonly event: string;
  readonly id: string;
  readonly source: string;
  readonly time: string;
  readonly data: Json;
  /** The text of an event by key. */
  readonly key?: string | undefined;
  /** Journal index after its entry. */
  readonly order: number;
}

export interface Scope {
  /** `''` for the process, else labels and ordinals, each ending in `/`. */
  readonly path: string;
  readonly parent: Scope | undefined;
  /** The step of the parent for this scope. The outermost scope has none. */
  readonly step: ScopeStep | undefined;
  /** The scope of a running compensation, which cannot be cancelled. */
  readonly compensation: boolean;
  /** A cancellation of what is around it waits until its body has ended. */
  shielded?: true;
  state: 'open' | 'cancelled' | 'closing' | 'undoing' | 'closed';
  /** How its body ended. */
  ending: Ending | undefined;
  readonly open: Set<StepState>;
  readonly children: Set<Scope>;
  /** Undos beside the process and pending outcomes of cancelled calls that must end before the scope does. */
  cleanups: number;
  list: UndoItem[];
  cancelledBy: Failure | undefined;
  /** Steps that were rejected because the scope was cancelled before they were requested. */
  refused: number;
  /** `ctx.undo` calls that wait until `cleanups` is 0 and their target has closed. */
  readonly requested: { readonly step: UndoStep; readonly target: StepState | undefined }[];
  readonly ordinals: Map<string, number>;
}

export type Ending = { readonly status: 'fulfilled'; readonly value: unknown } | { readonly status: 'failed'; readonly failure: Failure };

interface StepOf<K extends string> {
  readonly kind: K;
  readonly path: string;
  readonly scope: Scope;
  status: 'open' | 'settled' | 'cancelled';
  /** Path of the race that it lost. It must not be awaited again. */
  lost?: string;
  /** Set by the front end: it settles the user's promise. */
  resolver: unknown;
}

/** The policy of one call: that of its contract, with the options of the call. */
export interface CallPolicy {
  readonly timeoutMs: number;
  readonly retry: RetryPolicy;
  /** Whether its completion goes on the undo list. */
  readonly undo: boolean;
  readonly returnsFailure: boolean;
  /** The command was chosen by a value. Code that undoes the step does not know whether it has an undo. */
  readonly dispatched?: true;
}

export interface CallStep extends StepOf<'call'> {
  n: number;
  readonly command: string;
  /** The input that its command was sent with. */
  sent: SentValue | undefined;
  readonly returnsFailure: boolean;
  readonly undoable: boolean;
  readonly policy: CallPolicy;
  detached: boolean;
  /** Set during the pause between two runs. */
  retry?: { readonly retries: number; readonly since: number } | undefined;
  /** Its entry on the undo list, after it completed. */
  item: UndoItem | undefined;
}
/**
 * A `ctx.dispatch` that issued no command: it was refused, or its scope was cancelled before. A `ctx.continueAsNew` whose scope was cancelled
 * before is one too.
 */
export interface DispatchStep extends StepOf<'dispatch'> {}
export interface WaitStep extends StepOf<'wait'> {
  /** The types of the events that it takes. */
  readonly events: readonly string[];
  /** Of a wait for an event by key: the text. */
  readonly key?: string | undefined;
  readonly match: ((data: never) => boolean) | undefined;
  /** Journal index at the request. */
  readonly order: number;
  timer: number | undefined;
  /** The event that it has taken. */
  taken: Signal | undefined;
  /** A turn of `ctx.each`: it resolves with the whole message, or with undefined at the end of the loop. */
  readonly loop?: EachLoop;
}
/** A loop of `ctx.each`. All its turns share one timer. */
export interface EachLoop {
  readonly events: readonly string[];
  /** The end of the loop, or undefined if it has none. */
  readonly end: SleepStep | undefined;
}
/** A timer that is not set yet: its instant is that of a rule. */
export interface Undated {
  readonly step: SleepStep;
  readonly path: string;
  readonly purpose: 'sleep' | 'wait';
  readonly rule: CalendarRule;
}
export interface SleepStep extends StepOf<'sleep'> {
  timer: number;
  /** Journal index after the entry of its timer, once it has fired. */
  firedAt?: number;
}
export interface ScopeStep extends StepOf<'scope'> {
  child: Scope;
  /** The undo items that it handed to its parent when it was fulfilled. */
  items: readonly UndoItem[];
}
/** `race` or `any`. The front end decides it, because it settles the branches in journal order. */
export interface BranchesStep extends StepOf<'branches'> {
  readonly branches: ReadonlyMap<string, StepState>;
}
export interface UndoStep extends StepOf<'undo'> {
  /** True if the completed branches of a race are undone too. Earlier releases did not undo them. */
  readonly branches: boolean;
}
export type StepState = CallStep | DispatchStep | WaitStep | SleepStep | ScopeStep | BranchesStep | UndoStep;

/** An entry of a scope's undo list. `order` is the journal index of its completion or registration; the highest runs first. */
export type UndoItem =
  | {
      readonly kind: 'command';
      readonly order: number;
      readonly undoes: string;
      /** The completed command, its input and its output. */
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
  /** Number of the open undo command, or of the timer before its next run. */
  n: number | undefined;
  /** The scope of the running compensation. */
  compensation: Scope | undefined;
}

/** An outcome for the front end. */
export type FrontEndOutcome =
  | { readonly kind: 'begin' }
  | { readonly kind: 'fulfil'; readonly step: StepState; readonly value: unknown }
  | { readonly kind: 'reject'; readonly step: StepState; readonly failure: Failure }
  | { readonly kind: 'compensate'; readonly scope: Scope; readonly body: unknown; readonly failure: Failure | undefined };

function newScope(path: string, parent: Scope | undefined, step: ScopeStep | undefined, compensation: boolean): Scope {
  return {
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
  };
}

export function newRun(definition: ProcessContract, environment: RunEnvironment, image: Image): ProcessRun {
  return {
    definition,
    environment,
    image,
    root: newScope('', undefined, undefined, false),
    outcomes: [],
    steps: new Map(),
    unread: [],
    putBack: [],
    asked: [],
    waits: [],
    keys: undefined,
    changes: undefined,
    undoings: new Set(),
    touched: new Set(),
    carrier: { cause: '', messageId: '' },
    hops: 0,
    trace: undefined,
    payloads: new Map(),
    expected: undefined,
    undated: [],
    skipped: [],
    lines: undefined,
    stuck: undefined,
    bug: undefined,
    ended: false,
    arriving: 0,
    origin: undefined,
    named: undefined,
    continuing: undefined,
    continued: undefined,
    activation: { open: false, requests: 0, outcomes: 0, entries: 0, allowed: 0 },
    position: 0,
  };
}

/** The names that ids, random values and default ids of children are made from: in the prefix of a fork those of its original. */
export function originOf({ origin, image }: Pick<ProcessRun, 'origin' | 'image'>): Origin {
  return origin ?? image;
}

/** The id of the instance, as its code sees it. */
export function idSeenBy({ named, image: { pid } }: Pick<ProcessRun, 'named' | 'image'>): string {
  return named ?? pid.slice(pid.lastIndexOf('#') + 1);
}

export function childScope(parent: Scope, path: string, step: ScopeStep | undefined, compensation = false): Scope {
  const scope = newScope(path, parent, step, compensation);
  parent.children.add(scope);
  return scope;
}

/** The path of a new step: scope labels, name, ordinal within the scope. A step that is added in another scope does not change it. */
export function nextPath(scope: Scope, name: string): string {
  const ordinal = ordinalOf(scope, name);
  scope.ordinals.set(name, ordinal);
  return `${scope.path}${name}:${ordinal}`;
}

/** The ordinal of the next step of this name. */
export function ordinalOf(scope: Scope, name: string): number {
  return (scope.ordinals.get(name) ?? 0) + 1;
}

/**
 * The failure that rejects new steps: the scope or one around it has failed or been cancelled (S2, S8). A compensation and a shielded scope
 * shield their steps.
 */
export function cancellation(scope: Scope): Failure | undefined {
  for (let at: Scope | undefined = scope; at; at = at.parent) {
    if (at.cancelledBy) return at.cancelledBy;
    if (at.ending?.status === 'failed') return new Cancelled({ reason: 'scope-failed' });
    if (at.compensation || at.shielded) return undefined;
  }
  return undefined;
}

/** Rejects a step that is requested in a cancelled scope (S2, S8). Returns whether it did. */
export function rejectIfCancelled(run: ProcessRun, step: CallStep | DispatchStep | WaitStep | SleepStep): boolean {
  const failure = cancellation(step.scope);
  if (!failure) return false;
  step.status = 'cancelled';
  if (!goesOnCancelled(run, step.scope, failure)) run.outcomes.push({ kind: 'reject', step, failure });
  return true;
}

/** A cancelled scope rejects this many later steps. Steps after them stay pending. */
export const REFUSED_STEPS_MAX = 1_000;

/**
 * Counts a step that a cancelled scope refuses. Beyond the limit, the body is taken for a loop that catches its cancellation: the step
 * stays pending, and the scope, whose end is already decided, closes without the body. Returns whether the limit is exceeded.
 */
export function goesOnCancelled(run: ProcessRun, scope: Scope, failure: Failure): boolean {
  scope.refused += 1;
  if (scope.refused <= REFUSED_STEPS_MAX) return false;
  scope.ending ??= { status: 'failed', failure };
  touch(run, scope);
  return true;
}

/** Marks a scope that may be ready to close; `closeScopes` closes it. */
export function touch(run: ProcessRun, scope: Scope): void {
  run.touched.add(scope);
}
