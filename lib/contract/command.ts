import { milliseconds, type Duration } from './duration.ts';
import { ContractError, type CommandExhausted, type CommandFailed } from './errors.ts';
import type { Frozen } from './frozen-type.ts';
import { retryPolicy, runTimeoutMs, type Retry } from './retry-policy.ts';
import type { CommandContract, OnUnknown, RetryPolicy } from './runtime-contract.ts';
import { nothingSchema, type Data, type NothingSchema, type Received, type Schema, type Sent, type Wire } from './schema.ts';

/** What a command is typed by. */
export interface CommandTypes {
  input: unknown;
  output: unknown;
  errors: object;
  undo: boolean;
}

/** A command before its service gives it a name. */
export interface Definition<T extends CommandTypes = CommandTypes> {
  readonly '~': T;
  readonly name?: never;
}

/** Schemas by name, as of declared errors. */
export type Schemas = Readonly<Record<string, Schema>>;
/** Each schema where it can travel, else the sentence that tsc prints. */
export type Wires<E extends Schemas> = { readonly [K in keyof E]: Wire<E[K]> };

/** A command of any input, output and errors. */
export interface AnyCommand {
  /** Of what is no command: the sentence that tsc prints where it is called. */
  readonly '~uncallable'?: undefined;
  readonly name: string;
  readonly '~': CommandTypes;
}

/** A request to exactly one service. */
export interface Command<N extends string, T extends CommandTypes> extends AnyCommand {
  readonly name: N;
  readonly '~': T;
  /** Makes the declared errors: `throw payments.charge.errors.CardDeclined({ reason })`. */
  readonly errors: Throws<N, T['errors']>;
  /** Whether `value` is a declared error of this command. */
  failed(value: unknown): value is Failures<N, T['errors']>;
  /** Whether `value` says that this command was not completed within its retry limits. */
  exhausted(value: unknown): value is CommandExhausted;
}

/** What its caller gives. */
export type InputOf<C extends AnyCommand> = Frozen<Sent<C['~']['input']>>;
/** What its caller gets. */
export type OutputOf<C extends AnyCommand> = Frozen<Received<C['~']['output']>>;
type Failures<N extends string, E> = { [T in keyof E & string]: CommandFailed<N, T, Frozen<Received<E[T]>>> }[keyof E & string];
/** Makers of declared errors, by name. */
export type Throws<N extends string, E> = {
  readonly [T in keyof E & string]: (data: Frozen<Sent<E[T]>>, message?: string) => CommandFailed<N, T, Frozen<Received<E[T]>>>;
};
/** Its declared errors, discriminated on `type`. */
export type FailureOf<C extends AnyCommand> = Failures<C['name'], C['~']['errors']>;

/** What a definition holds at run time, until `service()` makes a `CommandContract` of it. */
export interface DefinitionParts {
  readonly input: Schema;
  readonly output: Schema;
  readonly errors: Schemas;
  readonly undo?: { readonly command: Definition; readonly input: (input: never, output: never) => unknown };
  readonly onUnknown: OnUnknown;
  readonly timeoutMs: number;
  readonly heartbeatMs?: number;
  readonly retry: RetryPolicy;
}

/**
 * Defines a command: what it takes, what it answers, how it fails and what undoes it.
 * @example import { command } from 'tutti'; const refund = command({ input: z.object({ paymentId: z.string() }) });
 */
export function command<
  I extends Schema,
  O extends Schema = NothingSchema,
  E extends Schemas = {},
  U extends Definition = never,
  // oxlint-disable-next-line typescript/no-unnecessary-type-parameters -- as a const parameter it keeps literals
  const R extends Frozen<Sent<U['~']['input']>> = Frozen<Sent<U['~']['input']>>,
>(definition: {
  readonly input: Wire<I>;
  /** A schema, or an event: then the answer is that event on the bus. @default null */
  readonly output?: Wire<O>;
  /** Business errors: definite, never retried, nothing has happened. @default none */
  readonly errors?: Wires<E>;
  /** The command of the same service that undoes this one, and its input. @default nothing is undone */
  readonly undo?: { readonly command: U; readonly input: (input: Frozen<Received<Data<I>>>, output: Frozen<Received<Data<O>>>) => R };
  /**
   * What happens where the limits of `retry` are used up and the service cannot tell whether the effect happened. `'stuck'`: the
   * instance waits for a person. `'continue'`: the step rejects with `CommandExhausted`, and a late success is undone. @default 'stuck'
   */
  readonly onUnknown?: OnUnknown;
  /** How long one run of the handler may take. A command without an answer is also sent again after it. @default 15 minutes */
  readonly timeout?: Duration;
  /** How often whoever answers a deferred command must beat. @default none is expected */
  readonly heartbeat?: Duration;
  /** How the handler is run again when it ends without an answer. @default within 3 days; from 1 second, doubling to 5 minutes, full jitter */
  readonly retry?: Retry;
}): Definition<{ input: Data<I>; output: Data<O>; errors: { [K in keyof E]: Data<E[K]> }; undo: [U] extends [never] ? false : true }> {
  const { undo, heartbeat, onUnknown } = definition;
  const parts: DefinitionParts = {
    input: definition.input as Schema,
    output: (definition.output ?? nothingSchema) as Schema,
    errors: Object.freeze({ ...(definition.errors as Schemas | undefined) }),
    ...(undo === undefined ? {} : { undo: undo }),
    onUnknown: onUnknown === undefined ? 'stuck' : checkedOnUnknown(onUnknown, undo !== undefined),
    timeoutMs: runTimeoutMs(definition.timeout),
    ...(heartbeat === undefined ? {} : { heartbeatMs: milliseconds(heartbeat) }),
    retry: retryPolicy(definition.retry),
  };
  return Object.freeze({ '~': Object.freeze(parts) }) as never;
}

const ON_UNKNOWN: readonly unknown[] = ['stuck', 'continue'] satisfies readonly OnUnknown[];

function checkedOnUnknown(onUnknown: OnUnknown, undoable: boolean): OnUnknown {
  if (!ON_UNKNOWN.includes(onUnknown)) {
    const got = typeof onUnknown === 'string' ? `'${onUnknown}'` : `a ${typeof onUnknown}`;
    throw new ContractError('CONTRACT_INVALID', `onUnknown was ${got}: expected 'stuck' or 'continue'.`);
  }
  if (undoable) return onUnknown;
  throw new ContractError('CONTRACT_INVALID', `onUnknown was '${onUnknown}' on a command without undo: expected it beside an undo only.`, {
    remedy: 'Leave onUnknown out: without an undo, the step rejects with CommandExhausted.',
  });
}

/** What a definition holds at run time. */
export function definitionParts(definition: Definition): DefinitionParts {
  return definition['~'] as unknown as DefinitionParts;
}

/** What a command holds at run time. */
export function commandContract(command: AnyCommand): CommandContract {
  return command['~'] as unknown as CommandContract;
}
