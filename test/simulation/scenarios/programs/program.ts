import type { Duration } from '../../../../lib/contract/duration.ts';

/** The behaviour of a service for one command. It is in the command's input, so that the right outcome follows from the program alone. */
export type Behaviour =
  | { readonly is: 'ok' }
  /** A declared failure. */
  | { readonly is: 'refuse' }
  /** Fails technically `times` times, before or after its effect, and then succeeds. */
  | { readonly is: 'stumble'; readonly times: number; readonly after: boolean }
  /** Slow only in its first run, which the function may not survive. A second run is quick. */
  | { readonly is: 'slow'; readonly seconds: number }
  /** Asks once to be run again later. */
  | { readonly is: 'busy'; readonly seconds: number }
  /** Defers. The answer comes `seconds` later or, with `early`, before the handler has deferred. */
  | { readonly is: 'defer'; readonly seconds: number; readonly early: boolean; readonly refuses: boolean }
  /** Defers, and no answer ever comes. */
  | { readonly is: 'forget' }
  /** States `times` times that the run had no effect, and then succeeds. */
  | { readonly is: 'not-done'; readonly times: number };

/** `stock` passes the command's id to its foreign system, `bank` commits its effect with its record, `press` is never run twice. */
export const SERVICE_NAMES = ['stock', 'bank', 'press'] as const;
export type ServiceName = (typeof SERVICE_NAMES)[number];
export const SIGNAL_NAMES = ['go', 'stop', 'nudge'] as const;
export type SignalName = (typeof SIGNAL_NAMES)[number];

export interface Call {
  readonly kind: 'call';
  /** Names this step in the whole program. */
  readonly label: string;
  readonly service: ServiceName;
  /** `act`, `ask` and `dare` have an undo, `tell` has none. `ask` defers. The process goes on if the outcome of `dare` stays unknown. */
  readonly verb: 'act' | 'ask' | 'tell' | 'dare';
  readonly does: Behaviour;
  /** How often its undo fails technically before it succeeds. */
  readonly stubborn?: number;
  /** Size of its input in bytes, roughly. */
  readonly note?: number;
  readonly undo?: false;
  readonly timeout?: Duration;
  readonly within?: Duration;
  readonly attempts?: number;
}
/** `ctx.run`. Its body behaves as a handler of a service, and shows what it has captured. */
export interface Run extends Pick<Call, 'label' | 'does' | 'stubborn' | 'undo' | 'timeout' | 'within' | 'attempts'> {
  readonly kind: 'run';
  /** The name of the step. */
  readonly name: string;
  /** Its effect class is `once`. */
  readonly once?: true;
}
/** A step that makes a command. */
export type Commanding = Call | Run;
/** `ctx.dispatch`: a value names the call. If the value does not fit, no command is sent, and the step gets the reason. */
export interface Dispatch {
  readonly kind: 'dispatch';
  readonly call: Call;
  readonly given: 'fits' | 'invalid' | 'unknown';
}
export interface WaitForSignal {
  readonly kind: 'wait';
  readonly signal: SignalName;
  readonly timeout?: Duration;
}
export interface Sleep {
  readonly kind: 'sleep';
  readonly for: Duration;
}
export interface Scope {
  readonly kind: 'scope';
  readonly name: string;
  readonly body: Program;
  /** Its body uses the `ctx` around it. */
  readonly ambient?: true;
}
/** `ctx.race` or `ctx.any`. */
export interface Race {
  readonly kind: 'race' | 'any';
  /** Names it in the whole program, and is not in its path. */
  readonly name: string;
  readonly branches: readonly Branch[];
}
/** A scope that sleeps `times` times, and swallows each rejection of its sleeps. */
export interface Beats {
  readonly kind: 'beats';
  readonly every: Duration;
  readonly times: number;
}
/** `ctx.every` in a branch of a race, which it never wins. */
export interface Every {
  readonly kind: 'every';
  readonly period: Duration;
  readonly act: Commanding | Publish;
}
/** `ctx.each`, for the first `takes` events before `until`. */
export interface Each {
  readonly kind: 'each';
  readonly signals: readonly SignalName[];
  readonly until: Duration;
  readonly takes: number;
  readonly act?: Commanding;
}
/** A step that may be a branch. It is one step of `ctx`, and its path does not depend on the other branches. */
export type Branch = Commanding | Dispatch | WaitForSignal | Sleep | Scope | Race | Beats | Every;

export type ProgramStep =
  | Branch
  /** `ctx.try`, and the steps after a refusal. */
  | { readonly kind: 'try'; readonly call: Call; readonly refused: Program }
  | { readonly kind: 'parallel'; readonly branches: readonly Branch[] }
  /** Milliseconds from now; may be negative. */
  | { readonly kind: 'until'; readonly inMs: number }
  | { readonly kind: 'catch'; readonly step: Commanding | Scope; readonly handler: Program }
  | { readonly kind: 'compensate'; readonly label: string; readonly body: readonly (Call | Publish)[] }
  /** `ctx.undo` of an earlier call, scope or race of this body, or of all of this scope so far. */
  | { readonly kind: 'undo'; readonly target?: string }
  /** Begins a call, and undoes it after a while, whether it has ended or not. */
  | { readonly kind: 'withdraw'; readonly call: Commanding; readonly after: Duration }
  /**
   * Races a timer against a call, and the same timer against another call. If the timer lost the first race, the second is a bug of the
   * process.
   */
  | { readonly kind: 'again'; readonly first: Call; readonly second: Call; readonly after: Duration }
  /** Loops without a wait, and never ends. */
  | { readonly kind: 'spin' }
  | { readonly kind: 'pivot' }
  | Publish
  /** Fire and forget. */
  | { readonly kind: 'send'; readonly call: Call }
  | { readonly kind: 'view'; readonly text: string }
  | Each
  /** Tags the instance with a random value, which later bodies of `ctx.run` show. */
  | { readonly kind: 'tag' }
  | { readonly kind: 'throw'; readonly label: string }
  /** Ends this body with a value. */
  | { readonly kind: 'return'; readonly label: string };
export interface Publish {
  readonly kind: 'publish';
  readonly label: string;
}

/** A process as data, run one step after the other. */
export type Program = readonly ProgramStep[];

export const isRace = (step: Branch): step is Race => step.kind === 'race' || step.kind === 'any';

export const undoable = (step: Commanding): boolean => (step.kind === 'run' || step.verb !== 'tell') && step.undo !== false;

/** The name of a step for `ctx.undo`: the label of a dispatch or of a call that has an undo, the name of a scope or a race. */
export const targetOf = (step: ProgramStep): string | undefined => {
  switch (step.kind) {
    case 'call':
    case 'run':
      return undoable(step) ? step.label : undefined;
    case 'dispatch':
      return step.call.label;
    case 'scope':
    case 'race':
    case 'any':
      return step.name;
    default:
      return undefined;
  }
};

export const branchName = (index: number): string => `b${index}`;
