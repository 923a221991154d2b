import { createHash } from 'node:crypto';
import { PutItemCommand, UpdateItemCommand, type DynamoDBClient } from '@aws-sdk/client-dynamodb';
import type { ParkedFilter, ParkedList, ParkedPage } from '../../ports/parked-list.ts';
import type { Discarded, ParkedCopy, ParkedEvent, ParkingStore } from '../../ports/parking-store.ts';
import type { PayloadStore } from '../../ports/payload-store.ts';
import { conditionFailure } from './condition-failure.ts';
import { SAME_PARKING } from './conditions.ts';
import { getItems } from './get-items.ts';
import type { HeadItem } from './head-item.ts';
import { inParallel } from './in-parallel.ts';
import { packText, unpackText } from './packed-lines.ts';
import { apartPartition, byId, PARKED_SORT_PREFIX, parkedKey, summaryItem, summaryOf } from './parked-item.ts';
import { queryAll } from './query-pages.ts';
import { PARKED_SHARDS } from './shard.ts';

export interface DynamoDbParkingStoreOptions {
  readonly client: DynamoDBClient;
  readonly table: string;
  /** The store of bodies that are too large for an item. */
  readonly large: PayloadStore;
  /** Milliseconds since the epoch. @default the system's time */
  readonly now?: () => number;
}

/** A deflated body of more bytes lies in the large store, because an item may have 400 KB. */
const BODY_BYTES_MAX = 300_000;
/** A redriven or discarded event is kept this long, so that an operator can look it up. */
const REDRIVEN_DAYS = 30;
/** Longer than any queue keeps a message. */
const ATTEMPT_DAYS = 14;
const DAY_SECONDS = 86_400;
/** The key in the large store of bodies without an instance. */
const NO_INSTANCE = 'none';

/** Parked events beside the head of their instance, and counters of attempts. */
export class DynamoDbParkingStore implements ParkingStore, ParkedList {
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
    const item: HeadItem = { ...summaryItem(event), ...(await this.#storedBody(event)) };
    if (event.redrivenAt !== undefined) {
      delete item['lsh'];
      Object.assign(item, { redriven: { N: String(event.redrivenAt) }, ttl: redrivenTtl(event.redrivenAt) });
    }
    await this.#client.send(new PutItemCommand({ TableName: this.#table, Item: item }));
  }

  async parked(pid: string, ids?: readonly string[]): Promise<readonly ParkedEvent[]> {
    const items = ids === undefined ? await this.#allOf(pid) : await this.#these(pid, ids);
    const events = await inParallel(items, (item) => this.#eventOf(item));
    return events.sort(byId);
  }

  /** The engine lists nothing, so that it does not load the code of the query. */
  async list(filter: ParkedFilter, max: number, after?: string): Promise<ParkedPage> {
    const { parkedList } = await import('./parked-query.ts');
    return parkedList(this.#client, this.#table, filter, { max, after });
  }

  redriven(pid: string, events: readonly ParkedCopy[], at: number): Promise<void> {
    return this.#mark(pid, events, { at });
  }

  discarded(pid: string, events: readonly ParkedCopy[], discarded: Discarded): Promise<void> {
    return this.#mark(pid, events, discarded);
  }

  /** A discarded event leaves the lists as a redriven one does; `discarded` holds the principal and the reason. */
  async #mark(
    pid: string,
    events: readonly ParkedCopy[],
    { at, ...discarded }: { readonly at: number } & Partial<Discarded>,
  ): Promise<void> {
    const isDiscard = discarded.by !== undefined;
    await inParallel(events, async ({ id, parkedAt }) => {
      const update = new UpdateItemCommand({
        TableName: this.#table,
        Key: parkedKey(pid, id),
        UpdateExpression: `SET #redriven = :now, #ttl = :ttl${isDiscard ? ', #discarded = :discarded' : ''} REMOVE #lsh`,
        ConditionExpression: SAME_PARKING,
        ExpressionAttributeNames: {
          '#redriven': 'redriven',
          '#ttl': 'ttl',
          '#lsh': 'lsh',
          '#at': 'at',
          ...(isDiscard && { '#discarded': 'discarded' }),
        },
        ExpressionAttributeValues: {
          ':now': { N: String(at) },
          ':ttl': redrivenTtl(at),
          ':at0': { N: String(parkedAt) },
          ...(isDiscard && { ':discarded': { S: JSON.stringify(discarded) } }),
        },
      });
      try {
        await this.#client.send(update);
      } catch (error) {
        conditionFailure(error);
      }
    });
  }

  /** If a response is lost and the SDK retries, one attempt too many is counted, so the quarantine comes a little sooner. */
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

  async #allOf(pid: string): Promise<HeadItem[]> {
    const partitions = pid === '' ? Array.from({ length: PARKED_SHARDS }, (_, shard) => apartPartition(shard)) : [pid];
    return (await Promise.all(partitions.map((partition) => this.#itemsOf(partition)))).flat();
  }

  async #these(pid: string, ids: readonly string[]): Promise<HeadItem[]> {
    const keys = [...new Set(ids)].map((id) => parkedKey(pid, id));
    const items = await getItems(keys, { client: this.#client, table: this.#table, consistent: true });
    return items.filter((item) => item['redriven'] === undefined);
  }

  #itemsOf(partition: string): Promise<HeadItem[]> {
    return queryAll(this.#client, {
      TableName: this.#table,
      KeyConditionExpression: 'pk = :pk AND begins_with(sk, :prefix)',
      FilterExpression: 'attribute_not_exists(#redriven)',
      ExpressionAttributeNames: { '#redriven': 'redriven' },
      ExpressionAttributeValues: { ':pk': { S: partition }, ':prefix': { S: PARKED_SORT_PREFIX } },
      ConsistentRead: true,
    });
  }

  async #storedBody({ pid, body }: ParkedEvent): Promise<HeadItem> {
    const packed = packText(body);
    if (packed.byteLength <= BODY_BYTES_MAX) return { b: { B: packed } };
    const hash = createHash('sha256').update(body).digest('hex');
    await this.#large.put(pid || NO_INSTANCE, hash, body);
    return { ref: { S: this.#large.reference(pid || NO_INSTANCE, hash) } };
  }

  async #eventOf(item: HeadItem): Promise<ParkedEvent> {
    const reference = item['ref']?.S;
    const packed = item['b']?.B;
    const body = reference !== undefined ? ((await this.#large.fetch(reference)) ?? '') : packed === undefined ? '' : unpackText(packed);
    return { ...summaryOf(item), body };
  }
}

function redrivenTtl(at: number): HeadItem[string] {
  return { N: String(Math.ceil(at / 1000) + REDRIVEN_DAYS * DAY_SECONDS) };
}
