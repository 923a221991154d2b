import type { EventEnvelope } from '../contract/wire/envelope.ts';
import { ClientError } from '../contract/errors.ts';
import { DEFAULT_TENANT } from '../contract/wire/process-id.ts';
import type { EventContract } from '../contract/runtime-contract.ts';
import { type Json, parse, versionOf } from '../contract/schema.ts';
import { toWire } from '../contract/wire/wire.ts';
import { carriedData, type CarriedData } from './carried-data.ts';
import type { Reach } from './connection.ts';
import { refuseOverflows } from './early-room.ts';
import { checkedId, newMessageId } from './message-id.ts';
import { instancesNamed } from './named-instances.ts';

export interface PublishOptions {
  /** Deduplicates the event. @default the contract's `dedupeBy`, else a new ULID */
  readonly id?: string;
}

/**
 * Publishes an event on the bus. Resolves with its id when the event is durable. `processid` addresses it to one instance.
 * @throws ContractError `DATA_INVALID` if the event names an invalid instance id, ClientError `EARLY_OVERFLOW` if the buffer before the start is full
 */
export async function publishEvent(
  reach: Reach,
  event: EventContract,
  data: unknown,
  options: PublishOptions & { readonly processid?: string } = {},
): Promise<string> {
  const { ports } = reach;
  const value = parse(event.data, data, `${event.type} was published with`);
  const envelope = envelopeOf(reach, event, value, options);
  if (options.processid === undefined) {
    const named = instancesNamed(reach, event, value);
    const receivers = named.filter(({ starts }) => !starts).map(({ pid }) => pid);
    await refuseOverflows(ports, event.type, receivers);
  }
  const wireOf = (carried: CarriedData): string => toWire({ ...envelope, ...carried });
  const detail = wireOf(
    await carriedData(ports, {
      what: `${event.type} was published with`,
      folder: event.type,
      data: value,
      lengthOf: (carried) => wireOf(carried).length,
    }),
  );
  const [result] = await ports.publisher.publish([{ source: event.owner, type: event.type, detail }]);
  if (result?.status !== 'published') {
    throw new ClientError('UNREACHABLE', `The bus did not accept ${event.type}: ${result?.reason ?? 'it returned no result'}.`);
  }
  await ports.durable();
  return envelope.id;
}

function envelopeOf(
  { ports, tenant = DEFAULT_TENANT }: Reach,
  event: EventContract,
  data: Json,
  { id, processid }: PublishOptions & { readonly processid?: string },
): Omit<EventEnvelope, 'data'> {
  const now = ports.clock.now();
  const dataversion = versionOf(event.data);
  const chosen = id ?? event.dedupeBy?.(data as never);
  return {
    specversion: '1.0',
    id: chosen === undefined ? (ports.newId?.(now) ?? newMessageId(now)) : checkedId(chosen, `${event.type} was published with`),
    source: event.owner,
    type: event.type,
    time: new Date(now).toISOString(),
    datacontenttype: 'application/json',
    ...(dataversion === 1 ? {} : { dataversion }),
    ...(tenant === DEFAULT_TENANT ? {} : { tenant }),
    hops: 0,
    ...(processid === undefined ? {} : { processid }),
  };
}
