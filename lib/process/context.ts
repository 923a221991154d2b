import type { AnyCommand, FailureOf, InputOf, OutputOf } from '../contract/command.ts';
import type { CalendarRule } from '../contract/calendar.ts';
import type { Duration } from '../contract/duration.ts';
import type { Failure, ProcessFailed } from '../contract/errors.ts';
import type { AnswerOf, AnyEvent, DataOf, Question } from '../contract/event.ts';
import type { Frozen, Json, Received, Sent } from '../contract/schema.ts';
import type { AnyProcess, OtherFailure, ResultOf, StartOf } from '../contract/process-contract.ts';
import type { LogFields, LogLevel } from '../contract/logged.ts';
import type { Message } from '../contract/message.ts';
import type { Retry } from '../contract/retry-policy.ts';
import type { AnyService } from '../contract/service.ts';
import type { CommandOf, Verb } from '../contract/tools.ts';
import type { Deferred, StepTask } from '../contract/steps.ts';
import type { RunOptions, StepFault, StepOutput } from './run-options.ts';

/** A promise that `ctx` returns. `ctx.race`, `ctx.any` and `ctx.undo` accept only steps. */
export interface Step<T> extends Promise<T> {
  readonly '~step': true;
}

/** The step of a command. `ctx.undo` accepts it if the contract of the command declares an undo. */
export interface CommandStep<T, C extends AnyCommand> extends Step<T> {
  readonly '~undo': C['~']['undo'] extends false
    ? `${C['name']} declares no undo, so ctx.undo would do nothing: give its command an undo`
    : true;
  readonly '~detach': true;
}

/** The step of a child. `ctx.undo` refuses it. */
export interface ChildStep<T, Q extends AnyProcess> extends Step<T> {
  readonly '~undo': `a child is not undone by ctx.undo: register ctx.compensate after ${Q['name']}, and undo it there`;
  readonly '~detach': true;
}

/** Options of `ctx.scope`. */
export interface ScopeOptions {
  /**
   * A cancellation of what is around the scope waits until its body has ended; then its completed steps are undone with the others. Only a
   * race that the scope loses, and `ctx.undo` of it, cancel it earlier. @default false
   */
  readonly shielded?: boolean;
}

/** Options of `ctx.map`. */
export interface MapOptions {
  /** How many items run at a time, at most 100. @default 20 */
  readonly atOnce?: number;
  /** How many items may fail. @default none, and the results are values instead of outcomes */
  readonly tolerate?: number;
}

/** The outcome of an item of `ctx.map` with `tolerate`, discriminated by `ok`. */
export type MapOutcome<T> =
  | { readonly ok: true; readonly value: T; readonly failure?: undefined }
  | { readonly ok: false; readonly failure: Failure };

/** The results of `ctx.map`: outcomes with `tolerate`, else values. */
export type MapResults<T, O extends MapOptions> = O extends { readonly tolerate: number } ? readonly MapOutcome<T>[] : readonly T[];

/** Options of `ctx.child`. */
export interface ChildOptions {
  /**
   * The id of the child, unique within its process. @default the id that its starting event names, else `<id of this instance>.<n>`, with
   * the number of the command
   */
  readonly id?: string;
}

/** `Q` if it is a process, else one sentence that tsc prints. */
type Startable<Q extends AnyProcess> = [Q['~']['start']] extends [never]
  ? `${Q['name']} is a decider, which is no child: publish an event that it handles`
  : Q;

/** The step of a child or a command, else one sentence that tsc prints. */
type Detachable<S> = S extends { readonly '~detach': true } ? S : 'ctx.detach takes the step of a child or of a command';

/** Options of one call. They override the contract of its command. */
export interface CallOptions {
  /** The longest time of one run of the handler. @default that of the command */
  readonly timeout?: Duration;
  /** Limits and pauses of the runs. @default for each member, that of the command */
  readonly retry?: Retry;
  /** `false`: a success is never undone. @default it is undone, if the contract declares an undo */
  readonly undo?: false;
}

/** Options of `ctx.dispatch`. */
export interface DispatchOptions<K extends string> extends CallOptions {
  /** The commands that the value may name. @default every command of the service */
  readonly only?: readonly K[];
}

/** The outcome of `ctx.dispatch`, discriminated by `ok`, by `command` and by `refused`. */
export type Dispatched<S extends AnyService, K extends string = Verb<S>> =
  | { [N in K]: Completed<N, CommandOf<S, N>> | Failed<N, CommandOf<S, N>> }[K]
  | {
      readonly ok: false;
      readonly command?: undefined;
      readonly failure?: undefined;
      readonly refused: 'unknown' | 'invalid';
      /** At most 500 characters. */
      readonly message: string;
    };

interface Completed<N, C extends AnyCommand> {
  readonly ok: true;
  readonly command: N;
  readonly output: OutputOf<C>;
  readonly refused?: undefined;
}

/** A command without declared errors cannot fail in this way. */
type Failed<N, C extends AnyCommand> = [FailureOf<C>] extends [never]
  ? never
  : { readonly ok: false; readonly command: N; readonly failure: FailureOf<C>; readonly refused?: undefined };

/**
 * The part of `ctx` that every process has, for the parameter of a helper function. Each `ctx` of the process acts in the innermost scope of
 * the running code.
 */
export interface AnyContext {
  /** The id of the instance, unique within tenant and process. */
  readonly id: string;
  /** The name of the run. A restart of the same id begins another run. */
  readonly runName: string;
  /** The message that started this run. */
  readonly start: Message;
  /**
   * Whether the journal of this run has 2,000 entries or more, so that each rebuilding of the instance reads and replays all of them. It is the
   * time to call `ctx.continueAsNew`. It depends on nothing else, so it is equal on every replay.
   */
  readonly suggestsContinuing: boolean;
  /**
   * Sends a command and returns its output. If the process fails or is cancelled later, the undo of the contract runs.
   *
   * Rejects with `CommandFailed` for a declared error, with `CommandExhausted` if the retries are used up, and with `Cancelled` if the scope
   * is cancelled or the step loses a race. An input that does not fit the schema stops the instance with `POISON`;
   * `dispatch` takes inputs for which no code vouches.
   */
  call<C extends AnyCommand>(command: C, input: InputOf<C>, options?: CallOptions): CommandStep<OutputOf<C>, C>;
  /** Like `call`, but returns a declared error instead of rejecting with it. */
  try<C extends AnyCommand>(command: C, input: InputOf<C>, options?: CallOptions): CommandStep<OutputOf<C> | FailureOf<C>, C>;
  /**
   * Sends the command that a value names, such as a tool call of a language model, a row of a CSV file or the body of a webhook. `name`
   * is the verb of a command of `service`; `toolsOf` gives the same names.
   *
   * Returns the output, a declared error, or a refusal: `'unknown'` if no allowed command has this name, `'invalid'` if the input does not
   * fit its schema. `message` says why, for the author of the value, and without the value. A refusal never stops the instance. Rejects
   * with `CommandExhausted` and with `Cancelled`, as `call` does; the undo of the contract runs in the same way.
   */
  dispatch<S extends AnyService, const K extends Verb<S> = Verb<S>>(
    service: S,
    call: { readonly name: string; readonly input: unknown },
    options?: DispatchOptions<K>,
  ): Step<Dispatched<S, K>>;
  /**
   * Runs `body` once outside the process, keeps its output in the journal, and returns it. Only there is I/O allowed: `fetch`, the clock, and
   * modules that `body` imports by `await import(…)`. `body` may run more than once: pass `task.commandId` to other systems as the idempotency
   * key. The output is JSON; a body without one gives null. `body` and `undo` must not use `ctx`, and see captured variables as of the time
   * at which the process waits next; a value that they assign to such a variable is lost.
   *
   * If `body` throws `task.fail(…)`, the step rejects with `CommandFailed`, for which `steps.run.failed(error)` is true. Any other error is
   * retried within `retry`, then the step rejects with `CommandExhausted`. It rejects with `Cancelled` if the scope is cancelled or the step
   * loses a race.
   */
  run<const T extends Json | void | object = void>(
    name: string & StepFault<T>,
    body: (task: StepTask) => Promise<T | Deferred>,
    options?: RunOptions<T>,
  ): Step<NoInfer<StepOutput<T>>>;
  /** Waits durably for a duration of 0 to 100 years; a longer one counts as 100 years. Rejects with `Cancelled`. */
  sleep(duration: Duration): Step<void>;
  /**
   * Waits durably until a `Date`, or an ISO 8601 instant with an offset; an instant in the past resolves at once. Of a calendar rule, such as
   * `{ monthly: 31, at: '09:00', zone: 'Europe/Paris' }`, it waits for the first instant after the process time. A rule that is not valid stops
   * the instance with `POISON`. Rejects with `Cancelled`.
   */
  until(instant: string | Date | CalendarRule): Step<void>;
  /**
   * Returns the key and value of the first branch that settles, or rejects with its failure. The other branches are cancelled and undone.
   * A step that lost must not be raced or awaited again: that stops the instance with `POISON`.
   */
  race<B extends Readonly<Record<string, Step<unknown>>>>(branches: B): Step<Winner<B>>;
  /** Like `race`, but the first branch that is fulfilled wins. Rejects with the last failure if none is. */
  any<B extends Readonly<Record<string, Step<unknown>>>>(branches: B): Step<Winner<B>>;
  /**
   * Runs a part of the process whose steps are cancelled and undone together, and returns the value of `body`. If `body` fails, its steps
   * are undone, then the scope rejects with that failure. In `body` each enclosing `ctx` acts in this scope, so `body` need not take its
   * parameter. A step of code that `body` did not await is `WRONG_SCOPE` after the scope has ended.
   */
  scope<T>(name: string, body: (ctx: this) => Promise<T>, options?: ScopeOptions): Step<T>;
  /**
   * Runs `body` for each item, at most `atOnce` at a time, and returns the results in the order of the items. Each item is a scope of its own,
   * in which each enclosing `ctx` acts. More than `tolerate` failures cancel the other items, undo what completed, and reject with the last
   * of them. Without `tolerate` the results are the values; with it, each result is `{ ok: true, value }` or `{ ok: false, failure }`.
   *
   * Each item of commands writes at least four entries of the journal, so let an item of thousands be a child, which maps over a part. Options
   * that are not valid stop the instance with `POISON`.
   */
  map<const I, T, const O extends MapOptions = {}>(
    items: readonly I[],
    body: (ctx: this, item: I, index: number) => Promise<T>,
    options?: O,
  ): Step<MapResults<T, O>>;
  /**
   * Undoes a step, race or scope; without an argument, all of this scope so far. It resolves after the undo, and the process continues. An
   * open step is cancelled first. If an undo fails, the instance is stuck with `COMPENSATION`.
   */
  undo<S extends Step<unknown>>(step?: Undoable<S>): Step<void>;
  /**
   * Creates a failure that the process need not declare: `throw ctx.fail('no driver was found')` fails the scope, or the process, and undoes
   * its steps. The process ends as `failed` with the type `'Other'`, and `data.reason` and `data.data` have what was passed. Data that is
   * not JSON stops the instance with `POISON`. For a failure that callers tell apart, declare it in `errors`.
   */
  fail(reason: string, data?: Json): ProcessFailed<string, 'Other', OtherFailure>;
  /**
   * Starts an instance of another process of the system as a child, and returns its result. The child is an instance of its own: events,
   * client and command line find it by its id. If the scope is cancelled or the step loses a race, the child is cancelled, undone, and
   * awaited. A completed child is undone only by `ctx.compensate`.
   *
   * Rejects with `ProcessFailed` if the child fails (`process.failed(error)` types it), if an operator terminates it, or if its id is taken:
   * by an instance that is open, or by an ended one of another parent that may not start again. Rejects with `Cancelled` if the child or
   * the scope is cancelled. While the child is stuck, the parent waits. A process that the system does not list, or an input that does not
   * fit, stops the instance with `POISON`. At most 100 children and commands are open at a time.
   */
  child<Q extends AnyProcess>(process: Startable<Q>, input: StartOf<Q>, options?: ChildOptions): ChildStep<ResultOf<Q>, Q>;
  /**
   * The step of a child or of a command is no longer cancelled or undone with its scope, and outlives the process. It is sent all the same.
   * Its result can still be awaited.
   */
  detach<S extends Step<unknown>>(step: Detachable<S>): void;
  /** Sends a command without waiting for its reply. Its failure does not affect the process. */
  send<C extends AnyCommand>(command: Sendable<C>, input: InputOf<C>): void;
  /** Adds tags to the instance, by which `client.list` filters. A later value replaces that of the same key. */
  tag(tags: Record<string, string>): void;
  /**
   * Registers code that runs when this scope is undone, the first registered last. `failure` is the reason, undefined with `ctx.undo`. If
   * `body` fails, the instance is stuck with `COMPENSATION`.
   */
  compensate(label: string, body: (ctx: this, failure: Failure | undefined) => Promise<unknown>): void;
  /**
   * A branch of a race that never wins: calls `act` after each `period`, with 1, 2, 3 …, until the race is decided or the scope is cancelled.
   * `act` is a scope, whose steps are cancelled and undone with the race. A turn whose instant has passed while `act` still ran, or while the
   * engine was down, is left out. A failure of `act` rejects it. A period of 0 stops the instance with `POISON`.
   */
  every(period: Duration, act: (n: number) => void | Promise<unknown>): Step<never>;
  /** The point of no return: no earlier step or compensation of this scope is undone any more. */
  pivot(): void;
  /**
   * Whether this run takes a change of the code under the same version: `if (ctx.patched('ask-for-vat')) …`. A run that comes to its first
   * call of this name after the change was deployed takes it, and journals that. A run that was past the call before never takes it: each
   * further call returns what the first one returned. Names of changes are unique in the code of a version. Delete the call, and the code of
   * the runs without the change, when `tutti versions --changes` counts no open run without it.
   */
  patched(change: string): boolean;
  /**
   * Logs a line of this run, with fields of your choice: no secrets and no personal data, because the log shows them. The line is
   * written once, after the commit of the decision: a replay repeats none, and a decision that is not committed, because of a conflict or a bug, has none.
   * A worker that dies between commit and line loses the line. At most 100 lines in one commit, of 1,000 characters and 8,000 of fields.
   */
  log(level: LogLevel, message: string, fields?: LogFields): void;
  /** Process time: the time at which the current event was applied. It is equal on every replay. */
  now(): Date;
  /**
   * A version 4 UUID, equal on every replay. It is computed from the id of the instance, its run and the place of the call, so do not use it
   * as a secret.
   */
  uuid(): string;
  /** A number of at least 0 and less than 1, equal on every replay. Do not use it for a secret. */
  random(): number;
}

/** The types of a context, from the options of its process. */
export interface ContextTypes {
  start: unknown;
  byId: string;
  /** @default none */
  byKey?: string;
  publishes: string;
  errors: object;
  view: unknown;
}

/** The `ctx` of a process, typed by its options. */
export interface Context<T extends ContextTypes> extends AnyContext {
  /** The declared failures. `throw ctx.errors.Name(data)` fails the process and undoes its steps. */
  readonly errors: {
    readonly [K in keyof T['errors'] & string]: (
      data: Frozen<Sent<T['errors'][K]>>,
      message?: string,
    ) => ProcessFailed<string, K, Frozen<Received<T['errors'][K]>>>;
  };
  /**
   * Takes the first unread event of this type that matches, or waits for one; events that came before the call count too. Resolves with
   * `undefined` when `timeout` has passed. Rejects with `Cancelled`.
   *
   * Of an event by key, `key` is the text to wait for. The first wait for a key subscribes the run to it until it ends: it gets the events
   * that come from then on, and the first subscriber also those that came before. A key has at most 100 subscribers; one more is stuck with
   * `KEY_TOO_WIDE`.
   */
  waitFor<E extends AnyEvent, D extends Duration = never>(
    event: Declared<E, T['byId'] | ByKey<T>, 'receives'>,
    ...options: WaitArguments<E, ByKey<T>, D>
  ): Step<DataOf<E> | ([D] extends [never] ? never : undefined)>;
  /**
   * Yields each event of these types, as a message, in order of arrival; events that came before the loop count too. At `until` the loop
   * ends, after the events that came before that instant. `break`, `return` and an error end it at once, and later events stay unread.
   * Rejects with `Cancelled`.
   */
  each<E extends AnyEvent>(events: readonly Looped<E, T['byId'], ByKey<T>>[], options?: Each): AsyncIterable<MessageOf<E>>;
  /** Publishes an event on the bus, after the commit of the current decisions. */
  publish<E extends AnyEvent>(event: Declared<E, T['publishes'], 'publishes'>, data: Frozen<Sent<E['~data']>>): void;
  /**
   * Ends this run and begins the next one of the same instance with `input`, in one commit: `return ctx.continueAsNew(state)`. Its journal
   * starts empty. Events that no step has taken move along in order, and so do commands that nothing awaits, tags, the view, and the end of
   * `timeout`. Earlier steps are final: nothing before is undone any more, as after `ctx.pivot`. `client.result` waits for the last run.
   *
   * Call it in the process itself, not in a scope. An open step is `UNAWAITED_STEP`, as at the end of a process. Code that goes on after it
   * stops the instance with `POISON`, and so does an input that names another id. The step never settles, but rejects with `Cancelled` if the
   * process is cancelled.
   */
  continueAsNew(input: Frozen<Sent<T['start']>>, options?: ContinueOptions): Step<never>;
  /**
   * Answers the oldest event of this type that this process has read and not answered. `client.ask` gets the value after it is journaled. To
   * answer an event that was not read is a bug: the instance gets stuck.
   */
  answer<E extends AnyEvent>(event: Declared<E, T['byId'], 'receives'> & Question<E>, value: Frozen<Sent<AnswerOf<E>>>): void;
  /** Replaces the view that `client.query` returns. */
  view(value: [T['view']] extends [never] ? 'this process declares no view' : Frozen<Sent<T['view']>>): void;
}

type Undoable<S> = S extends { readonly '~undo': infer U extends string } ? U : S;

type Sendable<C extends AnyCommand> = C['~']['undo'] extends true
  ? `${C['name']} has an undo, so its answer must be awaited: use ctx.call`
  : C;

/** `E` if the options of the process name it, else one sentence that tsc prints. */
type Declared<E extends AnyEvent, Names extends string, Option extends string> = [E['type']] extends [Names]
  ? E
  : `${E['type']} is not declared: add it to ${Option} in the options of the process`;

/** Options of `continueAsNew`. */
export interface ContinueOptions {
  /**
   * `'newest'`: the next run has the newest listed version of the process. The input must fit the schema of that version too.
   * @default the version of this run
   */
  readonly version?: 'newest';
}

/** The types of the events that the process receives by key. */
type ByKey<T extends ContextTypes> = T extends { readonly byKey: infer K extends string } ? K : never;

/** An event by id, of which `each` yields every one. */
type Looped<E extends AnyEvent, ById extends string, ByKey extends string> = [E['type']] extends [ByKey]
  ? `${E['type']} is received by key: use ctx.waitFor with its key`
  : Declared<E, ById, 'receives'>;

/** The options of a wait: those of an event by key have its key. */
export type WaitArguments<E extends AnyEvent, ByKey extends string, D> = [E['type']] extends [ByKey]
  ? [E] extends [never]
    ? [options?: Wait<E, D>]
    : [options: { readonly key: string } & Wait<E, D>]
  : [options?: { readonly key?: `${E['type']} is received by id, so it has no key: leave it out` } & Wait<E, D>];

/** Options of `waitFor`. */
export interface Wait<E extends AnyEvent, D> {
  /** Whether to take an event. It must be pure, and runs again in each replay. @default every event */
  readonly match?: (data: DataOf<E>) => boolean;
  /** How long to wait. @default without a limit */
  readonly timeout?: D;
}

/** Options of `each`. */
export interface Each {
  /**
   * The end of the loop: a duration from its begin, a `Date`, an ISO 8601 instant with an offset, or the first instant of a calendar rule.
   * @default no end
   */
  readonly until?: Duration | (string & {}) | Date | CalendarRule;
}

/** A message of one of several events. */
export type MessageOf<E extends AnyEvent> = E extends AnyEvent ? Message<E['type'], DataOf<E>> : never;

/** The key of the branch that won, and its value. */
export type Winner<B> = { [K in keyof B & string]: { readonly winner: K; readonly value: Awaited<B[K]> } }[keyof B & string];
