import { milliseconds, type Duration } from './duration.ts';
import { ContractError, type CommandExhausted, type CommandFailed } from './errors.ts';
import { type Data, type Frozen, type NothingSchema, type Received, type Schema, type Sent, type Wire, nothingSchema } from './schema.ts';
import type { CommandLimits } from './limits.ts';
import { retryPolicy, runTimeoutMs, type Retry } from './retry-policy.ts';
import type { CommandContract, OnUnknown, RetryPolicy } from './runtime-contract.ts';

/** The types of a command. */
export interface CommandTypes {
  input: unknown;
  output: unknown;
  errors: object;
  undo: boolean;
}

/** A command that has no name yet; `service()` gives it one. */
export interface Definition<T extends CommandTypes = CommandTypes> {
  readonly '~': T;
  readonly name?: never;
}

/** Schemas by name: the declared errors of a command or a process. */
export type Schemas = Readonly<Record<string, Schema>>;
/** Each schema whose values are JSON; in place of any other, the sentence that tsc prints. */
export type Wires<E extends Schemas> = { readonly [K in keyof E]: Wire<E[K]> };

/** A command of any input, output and errors. */
export interface AnyCommand {
  /** Set on types that are not commands: the sentence that tsc prints when such a value is passed as a command. */
  readonly '~uncallable'?: undefined;
  readonly name: string;
  readonly '~': CommandTypes;
}

/** A request to exactly one service. */
export interface Command<N extends string, T extends CommandTypes> extends AnyCommand {
  readonly name: N;
  readonly '~': T;
  /** Creates the declared errors: `throw payments.charge.errors.CardDeclined({ reason })`. */
  readonly errors: Throws<N, T['errors']>;
  /** Whether `value` is a declared error of this command. */
  failed(value: unknown): value is Failures<N, T['errors']>;
  /** Whether `value` is the error of this command for used-up retry limits. */
  exhausted(value: unknown): value is CommandExhausted;
}

/** The input that a caller passes. */
export type InputOf<C extends AnyCommand> = Frozen<Sent<C['~']['input']>>;
/** The output that a caller gets. */
export type OutputOf<C extends AnyCommand> = Frozen<Received<C['~']['output']>>;
type Failures<N extends string, E> = { [T in keyof E & string]: CommandFailed<N, T, Frozen<Received<E[T]>>> }[keyof E & string];
/** Functions that create the declared errors, by name. */
export type Throws<N extends string, E> = {
  readonly [T in keyof E & string]: (data: Frozen<Sent<E[T]>>, message?: string) => CommandFailed<N, T, Frozen<Received<E[T]>>>;
};
/** The declared errors of a command, discriminated on `type`. */
export type FailureOf<C extends AnyCommand> = Failures<C['name'], C['~']['errors']>;

/** The run-time members of a `Definition`. `service()` turns them into a `CommandContract`. */
export interface DefinitionParts {
  readonly about?: string;
  readonly input: Schema;
  readonly output: Schema;
  readonly errors: Schemas;
  readonly undo?: { readonly command: Definition; readonly input: (input: never, output: never) => unknown };
  readonly onUnknown: OnUnknown;
  readonly timeoutMs: number;
  readonly heartbeatMs?: number;
  readonly retry: RetryPolicy;
  readonly limits?: CommandLimits<never>;
}

/**
 * Defines a command: its input, output, declared errors and undo.
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
  /** The purpose of the command in plain words, for tools of a language model, exported contracts and forms. @default no description */
  readonly about?: string;
  readonly input: Wire<I>;
  /** A schema, or an event. With an event, the reply is that event on the bus. @default null */
  readonly output?: Wire<O>;
  /** Business errors: the outcome is definite, the command had no effect and is never retried. @default none */
  readonly errors?: Wires<E>;
  /** The command of the same service that undoes this one, and a function that computes its input. @default nothing is undone */
  readonly undo?: { readonly command: U; readonly input: (input: Frozen<Received<Data<I>>>, output: Frozen<Received<Data<O>>>) => R };
  /**
   * The reaction when the limits of `retry` are used up and the service does not know whether the command had its effect. `'stuck'`: the
   * instance waits for an operator. `'continue'`: the step rejects with `CommandExhausted`, and a late success is undone. @default 'stuck'
   */
  readonly onUnknown?: OnUnknown;
  /** The time limit of one run of the handler. A command without a reply is also sent again after it. @default 15 minutes */
  readonly timeout?: Duration;
  /** The longest time between two calls of `client.heartbeat` for a deferred command. @default no heartbeat is expected */
  readonly heartbeat?: Duration;
  /** The retries of a handler that ends without a reply. @default within 3 days; from 1 second, doubling to 5 minutes, full jitter */
  readonly retry?: Retry;
  /** The rate and the concurrency of the runs that the called system allows. A command waits for them. @default no limit */
  readonly limits?: CommandLimits<Data<I>>;
}): Definition<{ input: Data<I>; output: Data<O>; errors: { [K in keyof E]: Data<E[K]> }; undo: [U] extends [never] ? false : true }> {
  const { about, undo, heartbeat, onUnknown, limits } = definition;
  const parts: DefinitionParts = {
    ...(about === undefined ? {} : { about: checkedAbout(about) }),
    input: definition.input as Schema,
    output: (definition.output ?? nothingSchema) as Schema,
    errors: Object.freeze({ ...(definition.errors as Schemas | undefined) }),
    ...(undo === undefined ? {} : { undo }),
    onUnknown: onUnknown === undefined ? 'stuck' : checkedOnUnknown(onUnknown, undo !== undefined),
    timeoutMs: runTimeoutMs(definition.timeout),
    ...(heartbeat === undefined ? {} : { heartbeatMs: milliseconds(heartbeat) }),
    retry: retryPolicy(definition.retry),
    ...(limits === undefined ? {} : { limits: limits as unknown as CommandLimits<never> }),
  };
  return Object.freeze({ '~': Object.freeze(parts) }) as never;
}

function checkedAbout(about: unknown): string {
  if (typeof about === 'string' && about.trim() !== '') return about;
  throw new ContractError('CONTRACT_INVALID', `about was ${JSON.stringify(about)}: expected a text, or no about.`);
}

const ON_UNKNOWN: readonly unknown[] = ['stuck', 'continue'] satisfies readonly OnUnknown[];

function checkedOnUnknown(onUnknown: OnUnknown, undoable: boolean): OnUnknown {
  if (!ON_UNKNOWN.includes(onUnknown)) {
    const got = typeof onUnknown === 'string' ? `'${onUnknown}'` : `a ${typeof onUnknown}`;
    throw new ContractError('CONTRACT_INVALID', `onUnknown was ${got}: expected 'stuck' or 'continue'.`);
  }
  if (undoable) return onUnknown;
  throw new ContractError(
    'CONTRACT_INVALID',
    `onUnknown was '${onUnknown}' on a command without undo: expected onUnknown only with undo.`,
    {
      remedy: 'Remove onUnknown: without an undo, the step rejects with CommandExhausted.',
    },
  );
}

/** The run-time members behind `'~'` of a definition. */
export function definitionParts(definition: Definition): DefinitionParts {
  return definition['~'] as unknown as DefinitionParts;
}

/** The run-time contract behind `'~'` of a command. */
export function commandContract(command: AnyCommand): CommandContract {
  return command['~'] as unknown as CommandContract;
}
