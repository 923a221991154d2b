import { milliseconds, type Duration } from './duration.ts';
import type { CommandFailed } from './errors.ts';
import type { Frozen } from './frozen-type.ts';
import type { CommandContract, RetryPolicy } from './runtime-contract.ts';
import { nothing, type Data, type NothingSchema, type Received, type Schema, type Sent, type Wire } from './schema.ts';

/** How long and how often a command is tried again. */
export interface Retry {
  /** From the first send. @default 3 days */
  readonly within?: Duration;
  /** @default as many as fit into `within` */
  readonly attempts?: number;
  /** The first wait. @default 1 second */
  readonly first?: Duration;
  /** What each wait is multiplied with. @default 2 */
  readonly factor?: number;
  /** The longest wait. @default 5 minutes */
  readonly most?: Duration;
}

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
  readonly timeoutMs: number;
  readonly heartbeatMs?: number;
  readonly retry: RetryPolicy;
}

const DEFAULT_RETRY = { within: '3 days', first: '1 second', factor: 2, most: '5 minutes' } as const satisfies Retry;

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
  /** One attempt, from send to answer; then the same command is sent again. @default 15 minutes */
  readonly timeout?: Duration;
  /** How often whoever answers a deferred command must beat. @default none is expected */
  readonly heartbeat?: Duration;
  /** @default within 3 days; from 1 second, doubling to 5 minutes, full jitter */
  readonly retry?: Retry;
}): Definition<{ input: Data<I>; output: Data<O>; errors: { [K in keyof E]: Data<E[K]> }; undo: [U] extends [never] ? false : true }> {
  const { undo, heartbeat } = definition;
  const parts: DefinitionParts = {
    input: definition.input as Schema,
    output: (definition.output ?? nothing) as Schema,
    errors: Object.freeze({ ...(definition.errors as Schemas | undefined) }),
    ...(undo === undefined ? {} : { undo: undo }),
    timeoutMs: milliseconds(definition.timeout ?? '15 minutes'),
    ...(heartbeat === undefined ? {} : { heartbeatMs: milliseconds(heartbeat) }),
    retry: retryPolicy(definition.retry),
  };
  return Object.freeze({ '~': Object.freeze(parts) }) as never;
}

/** A retry with its defaults filled in; `base` stands in for what is left out, as for a single call. */
export function retryPolicy(retry: Retry = {}, base?: RetryPolicy): RetryPolicy {
  const { within, first, most } = retry;
  return Object.freeze({
    withinMs: within === undefined && base !== undefined ? base.withinMs : milliseconds(within ?? DEFAULT_RETRY.within),
    attempts: retry.attempts ?? base?.attempts ?? Number.POSITIVE_INFINITY,
    firstMs: first === undefined && base !== undefined ? base.firstMs : milliseconds(first ?? DEFAULT_RETRY.first),
    factor: retry.factor ?? base?.factor ?? DEFAULT_RETRY.factor,
    mostMs: most === undefined && base !== undefined ? base.mostMs : milliseconds(most ?? DEFAULT_RETRY.most),
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
