import { commandContract, type AnyCommand, type FailureOf, type OutputOf } from '../contract/command.ts';
import { milliseconds } from '../contract/duration.ts';
import { ContractError, type CommandExhausted } from '../contract/errors.ts';
import { correlationContract, eventContract, type AnyEvent, type Correlated } from '../contract/event.ts';
import type { Data, Frozen, Json, Received, Schema, Sent, Wire } from '../contract/schema.ts';
import type { AnyProcess } from '../contract/process-contract.ts';
import type { CorrelationContract, ProcessContract } from '../contract/runtime-contract.ts';
import type { Action, Timer } from './action.ts';

/** A state, and a pure handler for each message. `M`: the types of its events. */
export interface Decider<N extends string, D, P extends string, M extends string = never> extends AnyProcess {
  readonly name: N;
  readonly '~': { start: never; result: Json; errors: {}; view: D; events: M };
  /**
   * Returns a new decider that also handles `message`: an event by id, the reply to a command, or a timer. The handler is pure and returns
   * the next state, or an array of the next state and actions.
   */
  on<T extends Correlated<string, unknown, 'id'> | AnyCommand | Timer>(
    message: T,
    handler: (state: Frozen<Received<D>>, input: HandlerArgument<T>, at: { readonly id: string; readonly now: Date }) => Next<D, P>,
  ): Decider<N, D, P, M | EventIn<T>>;
}

type EventIn<T> = T extends Correlated ? T['~event'] : never;
type HandlerArgument<T> = T extends Correlated
  ? Frozen<Received<T['~data']>>
  : T extends AnyCommand
    ? OutputOf<T> | FailureOf<T> | CommandExhausted
    : undefined;
type Next<D, P extends string> = Frozen<Sent<D>> | readonly [Frozen<Sent<D>>, ...(Action<P> | false | undefined)[]];

export type DeciderHandler = (state: Json, input: unknown, at: { readonly id: string; readonly now: Date }) => unknown;

/** A decider at run time. */
export interface DeciderDefinition extends ProcessContract {
  readonly kind: 'decider';
  readonly state: Schema;
  readonly initial: (id: string) => unknown;
  /** By `event`, `command` or `timer`, a space, and the name. */
  readonly handlers: ReadonlyMap<string, DeciderHandler>;
}

/**
 * Defines a long-lived process as a state with a pure handler per message. The first event for an id creates the instance.
 * @example import { decider } from 'tutti'; const counter = decider('counter', { state: Count, initial: () => ({ n: 0 }) }).on(Ping.byId(ping => ping.id), state => ({ n: state.n + 1 }));
 */
// oxlint-disable-next-line typescript/no-unnecessary-type-parameters -- as a const parameter it keeps literals
export function decider<const N extends string, S extends Schema, const I extends Frozen<Sent<Data<S>>>, P extends AnyEvent = never>(
  name: N,
  options: {
    readonly state: Wire<S>;
    readonly initial: (id: string) => I;
    readonly publishes?: readonly P[];
    /** Events for an ended instance: `'park'` keeps them for 30 days, `'ignore'` drops them. @default 'park' */
    readonly late?: 'park' | 'ignore';
    readonly version?: number;
  },
): Decider<N, Data<S>, P['type']> {
  const definition: DeciderDefinition = {
    name,
    version: options.version ?? 1,
    kind: 'decider',
    startOn: [],
    receives: [],
    publishes: new Map((options.publishes ?? []).map((event) => [event.type, eventContract(event)])),
    errors: {},
    view: options.state as Schema,
    onOpen: 'signal',
    onClosed: 'reject',
    earlyMs: milliseconds('1 day'),
    late: options.late ?? 'park',
    state: options.state as Schema,
    initial: options.initial,
    handlers: new Map(),
  };
  return deciderOf(definition) as never;
}

function deciderOf(definition: DeciderDefinition): AnyProcess {
  return Object.freeze({
    name: definition.name,
    '~': Object.freeze(definition),
    on: (message: Correlated | AnyCommand | Timer, handler: DeciderHandler) => deciderOf(withHandler(definition, message, handler)),
  }) as never;
}

function withHandler(definition: DeciderDefinition, message: Correlated | AnyCommand | Timer, handler: DeciderHandler): DeciderDefinition {
  const correlation = '~event' in message ? correlationContract(message) : undefined;
  if (correlation?.by === 'key')
    throw new ContractError(
      'CONTRACT_INVALID',
      `${definition.name} receives ${correlation.event.type} by key: a decider is found by its id, so use ${correlation.event.type}.byId.`,
    );
  const key = handlerKey(message, correlation);
  if (definition.handlers.has(key))
    throw new ContractError('CONTRACT_INVALID', `${definition.name} has two handlers for ${key}: expected one.`);
  return {
    ...definition,
    startOn: correlation ? [...definition.startOn, correlation] : definition.startOn,
    handlers: new Map([...definition.handlers, [key, handler]]),
  };
}

function handlerKey(message: Correlated | AnyCommand | Timer, correlation: CorrelationContract | undefined): string {
  if (correlation) return `event ${correlation.event.type}`;
  return '~timer' in message ? `timer ${message['~timer']}` : `command ${commandContract(message as AnyCommand).name}`;
}
