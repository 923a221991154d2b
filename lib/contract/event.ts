import type { StandardSchemaV1 } from '@standard-schema/spec';
import { type Data, type Frozen, type Received, type Schema, type Sent, type Wire, stepsOf } from './schema.ts';
import type { Message } from './message.ts';
import type { CorrelationContract, EventContract } from './runtime-contract.ts';

/** An event with any data. */
export interface AnyEvent<N extends string = string> {
  readonly type: N;
  readonly '~data': unknown;
}

/** An event type: a name and the schema of its data. An `Event` is itself a schema of its data. */
export interface Event<N extends string, D, A = never> extends AnyEvent<N>, StandardSchemaV1<Sent<D>, Received<D>> {
  readonly '~data': D;
  /** The type of its answers. It has no value at run time. */
  readonly '~answer'?: { readonly of: A };
  /** Correlates by instance id: `id` computes the id from the data. */
  byId(id: (data: Frozen<Received<D>>) => string): Correlated<N, D, 'id'>;
  /**
   * Correlates by business key: the event goes to the instances that wait for this text, of at most 1,024 bytes. `deliver`: `'all'` gives it to
   * each of them, `'first'` to the one that has waited longest for the key. @default 'all'
   */
  byKey(key: (data: Frozen<Received<D>>) => string, options?: { readonly deliver?: 'all' | 'first' }): Correlated<N, D, 'key'>;
  /** Whether a message is this event; narrows the type of its data. */
  is(message: Message): message is Message<N, Frozen<Received<D>>>;
}

/** An event together with the function that computes the id or key of an instance from its data: for `startOn`, `receives` and `.on`. */
export interface Correlated<N extends string = string, D = unknown, By extends 'id' | 'key' = 'id' | 'key'> {
  readonly '~event': N;
  readonly '~data': D;
  readonly by: By;
}

/** The answers of an event, as a process gives them. */
export type AnswerOf<E extends AnyEvent> = E extends { readonly '~answer'?: { readonly of: infer A } } ? A : never;
/** `E` if it declares an answer, else one sentence that tsc prints. */
export type Question<E extends AnyEvent> = [AnswerOf<E>] extends [never]
  ? `${E['type']} declares no answer: add { answer: schema } to its event()`
  : E;

/** The data that a reader of the event gets. */
export type DataOf<E extends AnyEvent> = Frozen<Received<E['~data']>>;

/**
 * Defines an event. The text before the dot is its owner, which is the `source` of each published event of this type. With `answer` it is a
 * question: `client.ask` sends it to an instance and waits for the value that the process gives to `ctx.answer`.
 * @example import { event } from 'tutti'; const OrderPlaced = event('orders.order-placed', z.object({ orderId: z.string() }));
 */
export function event<const N extends `${string}.${string}`, S extends Schema, A extends Schema = never>(
  type: N,
  data: Wire<S>,
  options?: { readonly dedupeBy?: (data: Frozen<Received<Data<S>>>) => string; readonly answer?: Wire<A> },
): Event<N, Data<S>, [A] extends [never] ? never : Data<A>> {
  const schema = data as Schema;
  const dedupeBy = options?.dedupeBy;
  const contract: EventContract = Object.freeze({
    type,
    owner: ownerOf(type),
    data: schema,
    ...(dedupeBy === undefined ? {} : { dedupeBy }),
    ...(options?.answer === undefined ? {} : { answer: options.answer as Schema }),
  });
  return Object.freeze({
    type,
    '~data': contract,
    '~standard': schema['~standard'],
    '~versions': stepsOf(schema),
    byId: (of: (data: never) => string) => correlated(contract, 'id', of),
    byKey: (of: (data: never) => string, options?: { readonly deliver?: 'all' | 'first' }) =>
      correlated(contract, 'key', of, options?.deliver),
    is: (message: Message) => message.type === type,
  }) as never;
}

function ownerOf(type: string): string {
  const dot = type.indexOf('.');
  return dot < 0 ? type : type.slice(0, dot);
}

function correlated(event: EventContract, by: 'id' | 'key', of: (data: never) => string, deliver?: 'all' | 'first'): Correlated {
  const contract: CorrelationContract = Object.freeze({ event, by, of, ...(deliver === 'first' && { deliver }) });
  return Object.freeze({ '~event': event.type, '~data': contract, by });
}

/** The run-time contract behind `'~data'` of an event. */
export function eventContract(event: AnyEvent): EventContract {
  return event['~data'] as EventContract;
}

/** The run-time contract behind `'~data'` of a correlated event. */
export function correlationContract(correlated: Correlated): CorrelationContract {
  return correlated['~data'] as CorrelationContract;
}

/** Whether a schema is an event. The reply of a command whose output is an event is published as that event. */
export function isEvent(schema: Schema): schema is Schema & AnyEvent {
  const candidate = schema as { readonly type?: unknown; readonly '~data'?: unknown };
  return typeof candidate.type === 'string' && candidate['~data'] !== undefined;
}
