import type { StandardSchemaV1 } from '@standard-schema/spec';
import type { Correlated } from './correlated.ts';
import type { Frozen } from './frozen-type.ts';
import type { Message } from './message.ts';
import type { CorrelationContract, EventContract } from './runtime-contract.ts';
import type { Data, Received, Schema, Sent, Wire } from './schema.ts';
import { stepsOf } from './versions.ts';

/** An event of any data. */
export interface AnyEvent<N extends string = string> {
  readonly type: N;
  readonly '~data': unknown;
}

/** A fact or a wish on the bus, under one name and one schema. It is itself a schema of its data. */
export interface Event<N extends string, D> extends AnyEvent<N>, StandardSchemaV1<Sent<D>, Received<D>> {
  readonly '~data': D;
  /** The event names the instance by its process id. */
  byId(id: (data: Frozen<Received<D>>) => string): Correlated<N, D, 'id'>;
  /** The event knows only a business key, for which instances wait. */
  byKey(key: (data: Frozen<Received<D>>) => string): Correlated<N, D, 'key'>;
  /** Whether a message is this event, which also types its data. */
  is(message: Message): message is Message<N, Frozen<Received<D>>>;
}

/** The data that a reader of the event gets. */
export type DataOf<E extends AnyEvent> = Frozen<Received<E['~data']>>;

/**
 * Defines an event. The text before the dot owns it: whoever publishes it has this as its `source`.
 * @example import { event } from 'tutti'; const OrderPlaced = event('orders.order-placed', z.object({ orderId: z.string() }));
 */
export function event<const N extends `${string}.${string}`, S extends Schema>(
  type: N,
  data: Wire<S>,
  options?: { readonly dedupeBy?: (data: Frozen<Received<Data<S>>>) => string },
): Event<N, Data<S>> {
  const schema = data as Schema;
  const dedupeBy = options?.dedupeBy;
  const contract: EventContract = Object.freeze({
    type,
    owner: ownerOf(type),
    data: schema,
    ...(dedupeBy === undefined ? {} : { dedupeBy: dedupeBy }),
  });
  return Object.freeze({
    type,
    '~data': contract,
    '~standard': schema['~standard'],
    '~versions': stepsOf(schema),
    byId: (of: (data: never) => string) => correlated(contract, 'id', of),
    byKey: (of: (data: never) => string) => correlated(contract, 'key', of),
    is: (message: Message) => message.type === type,
  }) as unknown as Event<N, Data<S>>;
}

function ownerOf(type: string): string {
  const dot = type.indexOf('.');
  return dot < 0 ? type : type.slice(0, dot);
}

function correlated(event: EventContract, by: 'id' | 'key', of: (data: never) => string): Correlated {
  const contract: CorrelationContract = Object.freeze({ event, by, of });
  return Object.freeze({ '~event': event.type, '~data': contract, by });
}

/** What an event holds at run time. */
export function eventContract(event: AnyEvent): EventContract {
  return event['~data'] as EventContract;
}

/** Whether a schema is an event, so that a command's answer is a fact on the bus. */
export function isEvent(schema: Schema): schema is Schema & AnyEvent {
  const candidate = schema as { readonly type?: unknown; readonly '~data'?: unknown };
  return typeof candidate.type === 'string' && candidate['~data'] !== undefined;
}
