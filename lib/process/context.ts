import type { AnyCommand, FailureOf, InputOf, OutputOf } from '../contract/command.ts';
import type { Duration } from '../contract/duration.ts';
import type { Failure, ProcessFailed } from '../contract/errors.ts';
import type { AnyEvent, DataOf } from '../contract/event.ts';
import type { Frozen } from '../contract/frozen-type.ts';
import type { Message } from '../contract/message.ts';
import type { Retry } from '../contract/retry-policy.ts';
import type { Received, Sent } from '../contract/schema.ts';

/** What a process awaits. Made by `ctx` only, so that `race` and `undo` know what they act on. */
export interface Step<T> extends Promise<T> {
  readonly '~step': true;
}

/** The step of a command, which `ctx.undo` takes where the contract of the command declares an undo. */
export interface CommandStep<T, C extends AnyCommand> extends Step<T> {
  readonly '~undo': C['~']['undo'] extends false
    ? `${C['name']} declares no undo, so ctx.undo would do nothing: give its command an undo`
    : true;
}

/** How one call differs from the contract of its command. */
export interface CallOptions {
  /** One attempt. @default the command's */
  readonly timeout?: Duration;
  /** What is left out is the command's. */
  readonly retry?: Retry;
  /** `false`: what it does is not undone. @default it is, where its contract declares an undo */
  readonly undo?: false;
}

/** What every process can do; a helper function takes it. */
export interface AnyContext {
  readonly id: string;
  readonly run: string;
  /** The message that started this run. */
  readonly start: Message;
  /** Sends a command and waits for its answer. Rejects with `CommandFailed`, `CommandExhausted` or `Cancelled`. */
  call<C extends AnyCommand>(command: C, input: InputOf<C>, options?: CallOptions): CommandStep<OutputOf<C>, C>;
  /** As `call`, but a declared error is returned. */
  try<C extends AnyCommand>(command: C, input: InputOf<C>, options?: CallOptions): CommandStep<OutputOf<C> | FailureOf<C>, C>;
  /** Waits durably, from a second to years. */
  sleep(duration: Duration): Step<void>;
  /** Waits until an instant; one in the past is over at once. */
  until(instant: string | Date): Step<void>;
  /** The first to settle wins; the others are cancelled, and what they did is undone. A step that lost is over: it cannot be raced or awaited again. */
  race<B extends Readonly<Record<string, Step<unknown>>>>(branches: B): Step<Winner<B>>;
  /** The first to be fulfilled wins; rejects with the last failure where none is. */
  any<B extends Readonly<Record<string, Step<unknown>>>>(branches: B): Step<Winner<B>>;
  /** A named part whose steps are cancelled and undone together. Call its parameter `ctx` too. */
  scope<T>(name: string, body: (ctx: this) => Promise<T>): Step<T>;
  /** Undoes one step, race or scope, or all of this scope so far; the process goes on. A step that is open is cancelled first. */
  undo<S extends Step<unknown>>(step?: Undoable<S>): Step<void>;
  /** Sends a command whose answer nobody awaits. */
  send<C extends AnyCommand>(command: Sendable<C>, input: InputOf<C>): void;
  /** Adds tags, which `list` filters by. */
  tag(tags: Record<string, string>): void;
  /** Runs when this scope is undone: the first registered is the last that runs. */
  compensate(label: string, body: (ctx: this, failure: Failure | undefined) => Promise<unknown>): void;
  /** The point of no return: nothing of this scope so far is undone. */
  pivot(): void;
  /** Process time: that of the event that is being applied. */
  now(): Date;
  /** Equal on every replay, so it is no secret: it is computed from the id of the instance, its run and the place of the call. */
  uuid(): string;
  /** At least 0, less than 1; equal on every replay. */
  random(): number;
}

/** What a context is typed by: the options of its process. */
export interface ContextTypes {
  start: unknown;
  byId: string;
  publishes: string;
  errors: object;
  view: unknown;
}

/** What a process can do, by its options. */
export interface Context<T extends ContextTypes> extends AnyContext {
  readonly errors: {
    readonly [K in keyof T['errors'] & string]: (
      data: Frozen<Sent<T['errors'][K]>>,
      message?: string,
    ) => ProcessFailed<string, K, Frozen<Received<T['errors'][K]>>>;
  };
  /** The first unread event that matches, also one that came before the call. With a `timeout` it may give `undefined`. */
  waitFor<E extends AnyEvent, D extends Duration = never>(
    event: Declared<E, T['byId'], 'receives'>,
    options?: Wait<E, D>,
  ): Step<DataOf<E> | ([D] extends [never] ? never : undefined)>;
  /** Puts an event on the bus, with the commit of what is decided now. */
  publish<E extends AnyEvent>(event: Declared<E, T['publishes'], 'publishes'>, data: Frozen<Sent<E['~data']>>): void;
  /** Replaces what `client.query` sees. */
  view(value: [T['view']] extends [never] ? 'this process declares no view' : Frozen<Sent<T['view']>>): void;
}

type Undoable<S> = S extends { readonly '~undo': infer U extends string } ? U : S;

type Sendable<C extends AnyCommand> = C['~']['undo'] extends true
  ? `${C['name']} has an undo, so its answer must be awaited: use ctx.call`
  : C;

/** `E` where the options of the process name it, else one sentence that tsc prints. */
type Declared<E extends AnyEvent, Names extends string, Option extends string> = [E['type']] extends [Names]
  ? E
  : `${E['type']} is not declared: add it to ${Option} in the options of the process`;

/** Which event a `waitFor` takes, and how long it waits. @default any, for ever */
export interface Wait<E extends AnyEvent, D> {
  readonly match?: (data: DataOf<E>) => boolean;
  readonly timeout?: D;
}

export type Winner<B> = { [K in keyof B & string]: { readonly winner: K; readonly value: Awaited<B[K]> } }[keyof B & string];
