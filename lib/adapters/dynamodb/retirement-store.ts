import { QueryCommand, UpdateItemCommand, type DynamoDBClient, type QueryCommandInput } from '@aws-sdk/client-dynamodb';
import type { HeadStatus } from '../../ports/process-store.ts';
import type { ClosedInstance, RetirementStore } from '../../ports/retirement-store.ts';
import { conditionFailure } from './condition-failure.ts';
import { CLOSED_AND_LISTED, EXISTS } from './conditions.ts';
import { getItems } from './get-items.ts';
import { HEAD_SORT_KEY, headKey, listPartitions, startedAtKey, type HeadItem } from './head-item.ts';
import { inParallel } from './in-parallel.ts';
import { queryPages } from './query-pages.ts';
import { LIST_INDEX } from './tables.ts';
import type { S3PayloadStore } from '../s3/payload-store.ts';

export interface DynamoDbRetirementStoreOptions {
  readonly client: DynamoDBClient;
  readonly table: string;
  readonly processes: readonly string[];
  /** The store of values and bodies that are too large for an item. @default nothing in it expires */
  readonly large?: Pick<S3PayloadStore, 'retire'>;
}

/** DynamoDB removes items some days after their expiry, in any order, and a head is readable until then. */
const AFTER_HEAD_SECONDS = 7 * 86_400;

const CLOSED_STATUSES: readonly HeadStatus[] = ['completed', 'failed', 'cancelled', 'terminated'];

/**
 * Retires by DynamoDB's TTL. Values in the large store get a tag, by which a rule of the bucket removes them.
 *
 * The head is marked after the other items, so that a call that fails half-way is retried. An instance that is restarted meanwhile keeps
 * its head, and its items lose their marks again. Large values come after the head: one that is left behind costs a little
 * storage, one that is removed too early would be missing.
 */
export class DynamoDbRetirementStore implements RetirementStore {
  readonly #client: DynamoDBClient;
  readonly #table: string;
  readonly #processes: readonly string[];
  readonly #large: DynamoDbRetirementStoreOptions['large'];

  constructor({ client, table, processes, large }: DynamoDbRetirementStoreOptions) {
    this.#client = client;
    this.#table = table;
    this.#processes = processes;
    this.#large = large;
  }

  async closed(tenant: string, instant: number, limit: number): Promise<readonly ClosedInstance[]> {
    const pids = new Set<string>();
    await inParallel(listPartitions(tenant, this.#processes, CLOSED_STATUSES), async (partition) => {
      if (pids.size >= limit) return;
      for await (const page of queryPages(this.#client, this.#closedQuery(partition, instant))) {
        for (const item of page) pids.add(item['pk']?.S ?? '');
        if (pids.size >= limit) return;
      }
    });
    const keys = [...pids].slice(0, limit).map(headKey);
    if (keys.length === 0) return [];
    const heads = await getItems(keys, { client: this.#client, table: this.#table, consistent: false, projection: 'pk, v' });
    return heads.map((item) => ({ pid: item['pk']?.S ?? '', version: Number(item['v']?.N) }));
  }

  async retire(pid: string, version: number, expiresAt: number): Promise<boolean> {
    const headExpiry = Math.ceil(expiresAt / 1000);
    const ttl = String(headExpiry + AFTER_HEAD_SECONDS);
    const marked: HeadItem[] = [];
    const references: string[] = [];
    let headSeen = false;
    for await (const page of queryPages(this.#client, this.#itemsQuery(pid))) {
      // The head sorts before all other items.
      if (!headSeen && !isRetirable(page[0], version)) return false;
      headSeen = true;
      const unmarked = page.filter((item) => item['sk']?.S !== HEAD_SORT_KEY && item['ttl']?.N !== ttl);
      await inParallel(unmarked, (item) => this.#mark(keyOf(item), ttl));
      marked.push(...page.filter((item) => item['sk']?.S !== HEAD_SORT_KEY).map(keyOf));
      references.push(...page.flatMap((item) => item['ref']?.S ?? []));
    }
    const outcome = await this.#markHead(pid, version, String(headExpiry));
    if (outcome === 'live') await inParallel(marked, (key) => this.#unmark(key));
    else await this.#retireLarge(pid, version, references);
    return outcome === 'retired';
  }

  /** A restart may have happened between the head and its large values, and may use one of them again. */
  async #retireLarge(pid: string, version: number, references: readonly string[]): Promise<void> {
    const large = this.#large;
    if (!large || references.length === 0) return;
    await inParallel(references, (reference) => large.retire(reference, true));
    const standing = await this.#standing(pid);
    if (standing?.['v']?.N !== String(version)) await inParallel(references, (reference) => large.retire(reference, false));
  }

  async #standing(pid: string): Promise<HeadItem | undefined> {
    const { Items: [standing] = [] } = await this.#client.send(new QueryCommand({ ...this.#itemsQuery(pid), Limit: 1 }));
    return standing;
  }

  #closedQuery(partition: string, instant: number): QueryCommandInput {
    return {
      TableName: this.#table,
      IndexName: LIST_INDEX.name,
      KeyConditionExpression: '#lsh = :partition AND #lsk <= :instantKey',
      FilterExpression: '#closed <= :instant',
      ProjectionExpression: 'pk',
      ExpressionAttributeNames: { '#lsh': LIST_INDEX.partition.name, '#lsk': LIST_INDEX.sort.name, '#closed': 'closed' },
      ExpressionAttributeValues: {
        ':partition': { S: partition },
        ':instantKey': { S: startedAtKey(instant) },
        ':instant': { N: String(instant) },
      },
    };
  }

  #itemsQuery(pid: string): QueryCommandInput {
    return {
      TableName: this.#table,
      KeyConditionExpression: 'pk = :pk',
      ProjectionExpression: 'pk, sk, #v, #st, #lsh, #ttl, #ref',
      ExpressionAttributeNames: { '#v': 'v', '#st': 'st', '#lsh': 'lsh', '#ttl': 'ttl', '#ref': 'ref' },
      ExpressionAttributeValues: { ':pk': { S: pid } },
      ConsistentRead: true,
    };
  }

  async #markHead(pid: string, version: number, ttl: string): Promise<'retired' | 'retired before' | 'live'> {
    const update = new UpdateItemCommand({
      TableName: this.#table,
      Key: headKey(pid),
      UpdateExpression: 'SET #ttl = :ttl REMOVE #lsh',
      ConditionExpression: CLOSED_AND_LISTED,
      ExpressionAttributeNames: { '#ttl': 'ttl', '#lsh': 'lsh', '#v': 'v', '#st': 'st' },
      ExpressionAttributeValues: {
        ':ttl': { N: ttl },
        ':v0': { N: String(version) },
        ...Object.fromEntries(CLOSED_STATUSES.map((status) => [`:${status}`, { S: status }])),
      },
    });
    try {
      await this.#client.send(update);
      return 'retired';
    } catch (error) {
      conditionFailure(error);
      // A separate read, because the old image has attributes that the retiring role may not read.
      const standing = await this.#standing(pid);
      if (standing?.['v']?.N !== String(version) || standing['lsh'] !== undefined) return 'live';
      // Already retired at the same version: by this call, if its response was lost and the SDK retried, or by another.
      return standing['ttl']?.N === ttl ? 'retired' : 'retired before';
    }
  }

  async #mark(key: HeadItem, ttl: string): Promise<void> {
    await this.#updateExisting(key, 'SET #ttl = :ttl', { ':ttl': { N: ttl } });
  }

  async #unmark(key: HeadItem): Promise<void> {
    await this.#updateExisting(key, 'REMOVE #ttl');
  }

  async #updateExisting(key: HeadItem, expression: string, values?: HeadItem): Promise<void> {
    const update = new UpdateItemCommand({
      TableName: this.#table,
      Key: key,
      UpdateExpression: expression,
      ConditionExpression: EXISTS,
      ExpressionAttributeNames: { '#ttl': 'ttl' },
      ...(values !== undefined && { ExpressionAttributeValues: values }),
    });
    try {
      await this.#client.send(update);
    } catch (error) {
      conditionFailure(error);
    }
  }
}

function isRetirable(head: HeadItem | undefined, version: number): boolean {
  return (
    head !== undefined &&
    head['sk']?.S === HEAD_SORT_KEY &&
    head['v']?.N === String(version) &&
    head['lsh'] !== undefined &&
    (CLOSED_STATUSES as readonly (string | undefined)[]).includes(head['st']?.S)
  );
}

function keyOf(item: HeadItem): HeadItem {
  return { pk: item['pk'] as HeadItem[string], sk: item['sk'] as HeadItem[string] };
}
