import type { EventEnvelope } from '../contract/envelope.ts';
import { ClientError, ContractError } from '../contract/errors.ts';
import type { EventContract } from '../contract/runtime-contract.ts';
import { parse } from '../contract/schema.ts';
import { versionOf } from '../contract/versions.ts';
import { toWire } from '../contract/wire.ts';
import type { ClientPorts, Reach } from './connection.ts';
import { refuseOverflows } from './early-room.ts';
import { checkedId, newMessageId } from './message-id.ts';
import { instancesNamed } from './named-instances.ts';

export interface PublishOptions {
  /** Makes a repetition a duplicate. @default the contract's `dedupeBy`, else a new ULID */
  readonly id?: string;
}

/** Over this the bus takes no event. */
const DETAIL_BYTES_MAX = 200 * 1024;

/**
 * Puts an event on the bus; resolves with its id when it is there to stay. `processid` addresses it to one instance.
 * @throws ContractError `DATA_INVALID` where it names no instance, ClientError `EARLY_OVERFLOW` where no more events wait for its start
 */
export async function publishEvent(
  { ports, system }: Reach,
  event: EventContract,
  data: unknown,
  options: PublishOptions & { readonly processid?: string } = {},
): Promise<string> {
  const envelope = envelopeOf(ports, event, data, options);
  if (options.processid === undefined) {
    const named = instancesNamed(system, event, envelope.data ?? null);
    const receivers = named.filter(({ starts }) => !starts).map(({ pid }) => pid);
    await refuseOverflows(ports, event.type, receivers);
  }
  const detail = toWire(envelope);
  if (detail.length > DETAIL_BYTES_MAX) {
    throw new ContractError(
      'DATA_TOO_LARGE',
      `${event.type} was published with ${detail.length} bytes: at most ${DETAIL_BYTES_MAX} are allowed.`,
    );
  }
  const [result] = await ports.publisher.publish([{ source: event.owner, type: event.type, detail }]);
  if (result?.status !== 'published') {
    throw new ClientError('UNREACHABLE', `The bus did not take ${event.type}: ${result?.reason ?? 'there was no result'}.`);
  }
  await ports.durable();
  return envelope.id;
}

function envelopeOf(
  ports: ClientPorts,
  event: EventContract,
  value: unknown,
  { id, processid }: PublishOptions & { readonly processid?: string },
): EventEnvelope {
  const data = parse(event.data, value, `${event.type} was published with`);
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
    hops: 0,
    ...(processid === undefined ? {} : { processid }),
    data,
  };
}
