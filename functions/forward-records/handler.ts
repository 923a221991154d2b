import type { MSKEvent, MSKRecord, SelfManagedKafkaEvent } from 'aws-lambda';
import { carriedData, type CarriedData } from '../../lib/client/carried-data.ts';
import type { ClientPorts } from '../../lib/client/connection.ts';
import { ClientError } from '../../lib/contract/errors.ts';
import { JsonFault, plainJson, type Json } from '../../lib/contract/wire/json.ts';
import { asciiOf, BODY_BYTES_MAX, toWire } from '../../lib/contract/wire/wire.ts';
import type { EventPublisher, OutgoingEvent } from '../../lib/ports/event-publisher.ts';
import type { Log } from '../log-line.ts';

export interface ForwardedEvent {
  readonly owner: string;
  readonly type: string;
  /** The contract has `dedupeBy`, which the engine applies to an event without an envelope. */
  readonly dedupes: boolean;
}

export interface ForwardPorts {
  readonly publisher: EventPublisher;
  readonly storeLarge: ClientPorts['storeLarge'];
  readonly event: ForwardedEvent;
  readonly log: Log;
  readonly now: () => number;
}

type Handler = (batch: MSKEvent | SelfManagedKafkaEvent) => Promise<void>;

/** PutEvents accepts 10 entries. */
const ENTRIES_MAX = 10;
/** The last instant that an envelope can have: 9999-12-31T23:59:59.999Z. A producer of Kafka may write any number. */
const INSTANT_MAX = 253_402_300_799_999;

/**
 * Publishes each record of a Kafka batch as an event, with its value as the data: as JSON, or as text if it is no JSON that Tutti can carry. A
 * value that the contract refuses is published too, so that the engine parks it. A record without a value deletes a key in Kafka; it is no
 * event and is only counted. The id of an event names the topic, partition, offset and time of its record, so the events of a batch that is
 * delivered again are duplicates.
 * @throws ClientError `UNREACHABLE` if the bus did not accept each event: Lambda delivers the batch again, and its partition waits
 */
export function makeHandler(ports: () => ForwardPorts): Handler {
  return async (batch) => {
    const { publisher, event, log, ...making } = ports();
    const records = Object.values(batch.records).flat();
    const valued = records.filter(({ value }) => typeof value === 'string');
    if (valued.length < records.length)
      log({ event: 'ignored', reason: 'NO_VALUE', type: event.type, count: records.length - valued.length });
    for (let from = 0; from < valued.length; from += ENTRIES_MAX) {
      const some = await Promise.all(valued.slice(from, from + ENTRIES_MAX).map((record) => outgoing(record, event, making)));
      const refused = (await publisher.publish(some)).flatMap((result) => (result.status === 'failed' ? [result.reason] : []));
      if (refused.length > 0)
        throw new ClientError('UNREACHABLE', `The bus did not accept ${refused.length} of ${some.length} events: ${refused[0]}`);
    }
  };
}

async function outgoing(
  { topic, partition, offset, timestamp, value }: MSKRecord,
  { owner: source, type, dedupes }: ForwardedEvent,
  { storeLarge, now }: Pick<ForwardPorts, 'storeLarge' | 'now'>,
): Promise<OutgoingEvent> {
  const data = dataOf(Buffer.from(value, 'base64').toString('utf8'));
  if (dedupes && isObject(data) && !('specversion' in data)) {
    const detail = asciiOf(JSON.stringify(data));
    if (detail.length <= BODY_BYTES_MAX) return { source, type, detail };
  }
  const envelope = {
    specversion: '1.0',
    id: [topic, partition, offset, timestamp].join('/'),
    source,
    type,
    time: new Date(timestamp >= 0 && timestamp <= INSTANT_MAX ? timestamp : now()).toISOString(),
    datacontenttype: 'application/json',
    hops: 0,
  } as const;
  const wireOf = (carried: CarriedData): string => toWire({ ...envelope, ...carried });
  const lengthOf = (carried: CarriedData): number => wireOf(carried).length;
  return { source, type, detail: wireOf(await carriedData({ storeLarge }, { what: `${type} has`, folder: type, data, lengthOf })) };
}

function dataOf(text: string): Json {
  try {
    const data = plainJson(JSON.parse(text));
    return data instanceof JsonFault ? text : data;
  } catch {
    return text;
  }
}

function isObject(data: Json): data is { readonly [key: string]: Json | undefined } {
  return typeof data === 'object' && data !== null && !Array.isArray(data);
}
