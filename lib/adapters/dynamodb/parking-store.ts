import { createHash } from 'node:crypto';
import { PutItemCommand, UpdateItemCommand, type DynamoDBClient } from '@aws-sdk/client-dynamodb';
import type { Channel } from '../../ports/message-queue.ts';
import type { ParkedEvent, ParkingStore } from '../../ports/parking-store.ts';
import type { PayloadStore } from '../../ports/payload-store.ts';
import { conditionFailure } from './condition-failure.ts';
import { EXISTS } from './conditions.ts';
import type { Item } from './head-item.ts';
import { inParallel } from './in-parallel.ts';
import { packText, unpackText } from './packed-lines.ts';
import { queryAll } from './query-pages.ts';
import { PARKED_SHARDS, shardHash } from './shard.ts';

export interface DynamoDbParkingStoreOptions {
  readonly client: DynamoDBClient;
  readonly table: string;
  /** Holds bodies that are too large for an item. */
  readonly large: PayloadStore;
  /** Milliseconds since the epoch. @default the system's time */
  readonly now?: () => number;
}

/** A deflated body of more bytes lies elsewhere; an item may have 400 KB. */
const BODY_BYTES_MAX = 300_000;
/** A redriven event is kept so long for whoever asks what became of it. */
const REDRIVEN_DAYS = 30;
/** Longer than any queue keeps a message. */
const ATTEMPT_DAYS = 14;
const DAY_SECONDS = 86_400;
/** Among whose values the large bodies without an instance lie. */
const NO_INSTANCE = 'none';

/** Parked events beside the head of their instance, and counters of attempts. */
export class DynamoDbParkingStore implements ParkingStore {
  readonly #client: DynamoDBClient;
  readonly #table: string;
  readonly #large: PayloadStore;
  readonly #now: () => number;

  constructor({ client, table, large, now = Date.now }: DynamoDbParkingStoreOptions) {
    this.#client = client;
    this.#table = table;
    this.#large = large;
    this.#now = now;
  }

  async park(event: ParkedEvent): Promise<void> {
    const item: Item = {
      ...parkedKey(event.pid, event.id),
      reason: { S: event.reason },
      detail: { S: event.detail },
      at: { N: String(event.parkedAt) },
      ...(event.channel !== undefined && { channel: { S: event.channel } }),
      ...(event.senderId !== undefined && { sender: { S: event.senderId } }),
      ...(await this.#storedBody(event)),
    };
    if (event.expiresAt !== undefined) item['ttl'] = { N: String(Math.ceil(event.expiresAt / 1000)) };
    if (event.redrivenAt !== undefined)
      Object.assign(item, { redriven: { N: String(event.redrivenAt) }, ttl: redrivenTtl(event.redrivenAt) });
    await this.#client.send(new PutItemCommand({ TableName: this.#table, Item: item }));
  }

  async parked(pid: string): Promise<readonly ParkedEvent[]> {
    const partitions = pid === '' ? Array.from({ length: PARKED_SHARDS }, (_, shard) => shardPartition(shard)) : [pid];
    const items = (await Promise.all(partitions.map((partition) => this.#itemsOf(partition)))).flat();
    const events = await inParallel(items, (item) => this.#eventOf(pid, item));
    return events.sort((left, right) => (left.id < right.id ? -1 : left.id > right.id ? 1 : 0));
  }

  async redriven(pid: string, ids: readonly string[], at: number): Promise<void> {
    await inParallel(ids, async (id) => {
      const update = new UpdateItemCommand({
        TableName: this.#table,
        Key: parkedKey(pid, id),
        UpdateExpression: 'SET #redriven = :at, #ttl = :ttl',
        ConditionExpression: EXISTS,
        ExpressionAttributeNames: { '#redriven': 'redriven', '#ttl': 'ttl' },
        ExpressionAttributeValues: { ':at': { N: String(at) }, ':ttl': redrivenTtl(at) },
      });
      try {
        await this.#client.send(update);
      } catch (error) {
        conditionFailure(error);
      }
    });
  }

  /** One attempt too many is counted where the answer is lost and the SDK asks again: quarantine comes a little sooner then. */
  async attempt(mark: string, change: 1 | -1): Promise<number> {
    const { Attributes } = await this.#client.send(
      new UpdateItemCommand({
        TableName: this.#table,
        Key: { pk: { S: `A#${mark}` }, sk: { S: 'A' } },
        UpdateExpression: 'ADD #n :change SET #ttl = :ttl',
        ExpressionAttributeNames: { '#n': 'n', '#ttl': 'ttl' },
        ExpressionAttributeValues: {
          ':change': { N: String(change) },
          ':ttl': { N: String(Math.ceil(this.#now() / 1000) + ATTEMPT_DAYS * DAY_SECONDS) },
        },
        ReturnValues: 'UPDATED_NEW',
      }),
    );
    return Number(Attributes?.['n']?.N);
  }

  #itemsOf(partition: string): Promise<Item[]> {
    return queryAll(this.#client, {
      TableName: this.#table,
      KeyConditionExpression: 'pk = :pk AND begins_with(sk, :prefix)',
      FilterExpression: 'attribute_not_exists(#redriven)',
      ExpressionAttributeNames: { '#redriven': 'redriven' },
      ExpressionAttributeValues: { ':pk': { S: partition }, ':prefix': { S: SORT_PREFIX } },
      ConsistentRead: true,
    });
  }

  async #storedBody({ pid, body }: ParkedEvent): Promise<Item> {
    const packed = packText(body);
    if (packed.byteLength <= BODY_BYTES_MAX) return { b: { B: packed } };
    const hash = createHash('sha256').update(body).digest('hex');
    await this.#large.put(pid || NO_INSTANCE, hash, body);
    return { ref: { S: this.#large.reference(pid || NO_INSTANCE, hash) } };
  }

  async #eventOf(pid: string, item: Item): Promise<ParkedEvent> {
    const reference = item['ref']?.S;
    const packed = item['b']?.B;
    return {
      pid,
      id: item['sk']?.S?.slice(SORT_PREFIX.length) ?? '',
      reason: item['reason']?.S ?? '',
      detail: item['detail']?.S ?? '',
      body: reference !== undefined ? ((await this.#large.fetch(reference)) ?? '') : packed === undefined ? '' : unpackText(packed),
      parkedAt: Number(item['at']?.N),
      ...(item['channel']?.S !== undefined && { channel: item['channel'].S as Channel }),
      ...(item['sender']?.S !== undefined && { senderId: item['sender'].S }),
      ...(item['ttl']?.N !== undefined && { expiresAt: Number(item['ttl'].N) * 1000 }),
    };
  }
}

const SORT_PREFIX = 'X#';

function parkedKey(pid: string, id: string): Item {
  const partition = pid === '' ? shardPartition(shardHash(id) % PARKED_SHARDS) : pid;
  return { pk: { S: partition }, sk: { S: `${SORT_PREFIX}${id}` } };
}

/** No pid begins like this: it begins with a tenant, which is followed by two more parts. */
function shardPartition(shard: number): string {
  return `X#${shard}`;
}

function redrivenTtl(at: number): Item[string] {
  return { N: String(Math.ceil(at / 1000) + REDRIVEN_DAYS * DAY_SECONDS) };
}
