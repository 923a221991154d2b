import type { Schemas, Wires } from '../contract/command.ts';
import { milliseconds, type Duration } from '../contract/duration.ts';
import { ContractError, isProcessFailed, ProcessFailed } from '../contract/errors.ts';
import { correlationContract, eventContract, type AnyEvent, type Correlated } from '../contract/event.ts';
import {
  type Data,
  type Frozen,
  type Json,
  type NotJson,
  type NothingSchema,
  type Received,
  type Schema,
  type Wire,
  nothingSchema,
} from '../contract/schema.ts';
import type { Process } from '../contract/process-contract.ts';
import { gateContract, type StartLimits } from '../contract/gate.ts';
import type { CorrelationContract, GateContract, ProcessContract } from '../contract/runtime-contract.ts';
import { throwers } from '../contract/service.ts';
import type { Context } from './context.ts';

/** The options of a process: its start, its events, its failures, its view and its limits. */
export interface ProcessOptions<
  S extends Correlated,
  R extends Correlated,
  P extends AnyEvent,
  I extends Schema,
  E extends Schemas,
  V extends Schema,
> {
  /** The event that starts an instance, or several. The id is unique within the process. */
  readonly startOn?: S | readonly S[];
  /** The input of a process without `startOn`, which only clients start. @default no input */
  readonly input?: Wire<I>;
  /** Events for `ctx.waitFor`. Those of `startOn` need not be repeated. */
  readonly receives?: readonly R[];
  /** Events for `ctx.publish`. */
  readonly publishes?: readonly P[];
  /** Its declared failures, which `throw ctx.errors.Name({…})` throws. */
  readonly errors?: Wires<E>;
  /** The schema of `ctx.view`, whose latest value queries return. */
  readonly view?: Wire<V>;
  /**
   * Another start while the id is open: `'reject'` refuses it, `'attach'` ignores it, `'signal'` delivers its event to
   * `ctx.waitFor`, `'queue'` lets it wait for the end of the run, after those that wait (at most 100). `'replace'` cancels the run, which
   * undoes its steps, and the start then begins in place of all that waited. A refused start is journaled, and published as
   * `<system>.start-rejected`.
   * @default 'reject'
   */
  readonly onOpen?: 'reject' | 'attach' | 'signal' | 'queue' | 'replace';
  /**
   * A start after the end of the instance: `'restart-failed'` begins a new run unless the instance completed. A start that has waited
   * begins in any case.
   * @default 'restart' with `onOpen: 'queue'` or `'replace'`, else `'reject'`
   */
  readonly onClosed?: 'reject' | 'restart' | 'restart-failed';
  /** How long events are kept that come before the start of their instance, or before an instance waits for their key. @default '1 day' */
  readonly early?: Duration;
  /**
   * Events for an ended instance: `'park'` keeps them for 30 days, `'ignore'` drops them. Neither raises an alarm; metrics
   * count both.
   * @default 'park'
   */
  readonly late?: 'park' | 'ignore';
  /** How long after its start the instance is cancelled. @default never */
  readonly timeout?: Duration;
  /** The version of the code: a whole number from 1. A run stays on its version. @default 1 */
  readonly version?: number;
}

export type Start<S extends Correlated, I extends Schema> = [S] extends [never] ? Data<I> : S['~data'];
export type Named<R extends Correlated, By extends 'id' | 'key' = 'id' | 'key'> = R extends { readonly by: By } ? R['~event'] : never;

/** The input of an instance: all starts of a window, or its own. */
type Given<I, G> = G extends { readonly debounce: object } | { readonly batch: object } ? readonly I[] : I;

/** `unknown` if the result is JSON, else one sentence that tsc prints. */
type ResultFault<Out> = [Out] extends [Json | void] ? unknown : NotJson<Out, 'result'>;

/** An async process at run time. */
export interface AsyncDefinition extends ProcessContract {
  readonly kind: 'async';
  readonly run: (ctx: never, input: never) => Promise<unknown>;
  readonly throws: Readonly<Record<string, (data: unknown, message?: string) => ProcessFailed>>;
}

/**
 * Defines a process as an async function of its starting event. The steps that it awaits on `ctx` are journaled and replayed.
 * @example import { process } from 'tutti'; export const bookTrip = process('book-trip', { startOn: Checkout.byId(cart => cart.cartId) }, async (ctx, cart) => {…});
 */
export function process<
  const N extends string,
  S extends Correlated<string, unknown, 'id'> = never,
  R extends Correlated = never,
  P extends AnyEvent = never,
  I extends Schema = NothingSchema,
  E extends Schemas = {},
  V extends Schema = never,
  const G extends StartLimits<Frozen<Received<Start<S, I>>>> = {},
  const Out extends Json | void | object = void,
>(
  name: N,
  options: ProcessOptions<S, R, P, I, E, V> & {
    /**
     * Limits of the starts by clients and events, for each key: `{ concurrency: { key, most } }`, `{ debounce: { key, quiet, atMost } }` or
     * `{ batch: { key, size, within } }`. With the last two an instance gets a list of starts. Needs `onOpen: 'reject'`.
     * @default each start begins at once
     */
    readonly start?: G;
  },
  run: (
    ctx: Context<{
      start: Start<S, I>;
      byId: Named<S | R, 'id'>;
      byKey: Named<R, 'key'>;
      publishes: P['type'];
      errors: { [K in keyof E]: Data<E[K]> };
      view: Data<V>;
    }>,
    input: Given<Frozen<Received<Start<S, I>>>, G>,
  ) => Promise<Out & ResultFault<Out>>,
): Process<N, { start: Start<S, I>; result: Out; errors: { [K in keyof E]: Data<E[K]> }; view: Data<V>; events: Named<S | R> }> {
  const contract: ProcessContract = contractOf(name, options as never);
  const throws = throwers(
    contract.errors,
    (type, data, message) => new ProcessFailed({ process: name, type, data, ...(message !== undefined && { message }) }),
    name,
  );
  const definition: AsyncDefinition = { ...contract, kind: 'async', run: run, throws };
  return Object.freeze({
    name,
    '~': Object.freeze(definition),
    failed: (error: unknown) => isProcessFailed(error) && error.process === name,
  }) as never;
}

function gateOf(name: string, { start = {}, onOpen = 'reject' }: Pick<LooseOptions, 'start' | 'onOpen'>): GateContract {
  if (onOpen === 'reject') return gateContract(name, start);
  throw new ContractError(
    'CONTRACT_INVALID',
    `${name} has start and onOpen: '${onOpen}': expected onOpen: 'reject', because starts wait in a gate.`,
  );
}

/** A key is no instance of the process, so no event by key starts one. Each event of a process is correlated in one way. */
function refuseMixed(name: string, startOn: readonly CorrelationContract[], receives: readonly CorrelationContract[]): void {
  const started = startOn.find(({ by }) => by === 'key');
  if (started)
    throw new ContractError(
      'CONTRACT_INVALID',
      `${name} starts on ${started.event.type} by key: an event starts the instance of an id, so use ${started.event.type}.byId.`,
    );
  const all = [...startOn, ...receives];
  const mixed = receives.find(({ event, by }) => by === 'key' && all.filter((each) => each.event.type === event.type).length > 1);
  if (mixed)
    throw new ContractError('CONTRACT_INVALID', `${name} lists ${mixed.event.type} by key and once more: list it once, by key or by id.`);
}

interface LooseOptions {
  readonly startOn?: Correlated | readonly Correlated[];
  readonly input?: Schema;
  readonly receives?: readonly Correlated[];
  readonly publishes?: readonly AnyEvent[];
  readonly errors?: Schemas;
  readonly view?: Schema;
  readonly onOpen?: ProcessContract['onOpen'];
  readonly start?: StartLimits<never>;
  readonly onClosed?: ProcessContract['onClosed'];
  readonly early?: Duration;
  readonly late?: ProcessContract['late'];
  readonly timeout?: Duration;
  readonly version?: number;
}

function contractOf(name: string, options: LooseOptions): ProcessContract {
  const startOn = [options.startOn ?? []].flat().map((start) => correlationContract(start));
  const receives = (options.receives ?? []).map(correlationContract);
  refuseMixed(name, startOn, receives);
  const version = options.version ?? 1;
  if (!Number.isInteger(version) || version < 1)
    throw new ContractError('CONTRACT_INVALID', `${name} has version ${version}: expected a whole number from 1.`);
  return {
    name,
    version,
    kind: 'async',
    startOn,
    receives,
    publishes: new Map((options.publishes ?? []).map((event) => [event.type, eventContract(event)])),
    ...(startOn.length === 0 && { input: options.input ?? nothingSchema }),
    errors: options.errors ?? {},
    ...(options.view && { view: options.view }),
    onOpen: options.onOpen ?? 'reject',
    onClosed: options.onClosed ?? (options.onOpen === 'queue' || options.onOpen === 'replace' ? 'restart' : 'reject'),
    earlyMs: milliseconds(options.early ?? '1 day'),
    late: options.late ?? 'park',
    ...(options.timeout !== undefined && { timeoutMs: milliseconds(options.timeout) }),
    ...(options.start && { gate: gateOf(name, options) }),
  };
}
