import type { DynamoDBClient, QueryCommandInput } from '@aws-sdk/client-dynamodb';
import type { DueInstance, InstanceFilter, InstanceIndex, ListPlace } from '../../ports/instance-index.ts';
import type { Head, HeadStatus } from '../../ports/process-store.ts';
import { listed } from '../memory/instance-index.ts';
import { OrderedHeap } from '../memory/ordered-heap.ts';
import { getItems } from './get-items.ts';
import { decodeHeadItem, duePartition, headKey, listPartitions, startedAtKey, type HeadItem } from './head-item.ts';
import { inParallel } from './in-parallel.ts';
import { queryPages } from './query-pages.ts';
import { DUE_SHARDS } from './shard.ts';
import { DUE_INDEX, LIST_INDEX } from './tables.ts';
import { TenantList } from './tenant-list.ts';

export interface DynamoDbInstanceIndexOptions {
  readonly client: DynamoDBClient;
  readonly table: string;
  /** The processes of a filter without a process. Partitions of the index are by process and cannot be listed. */
  readonly processes: readonly string[];
}

/** Every status except `early`: early buffers are not in the index. */
const LISTED_STATUSES: readonly HeadStatus[] = ['running', 'stuck', 'completed', 'failed', 'cancelled', 'terminated'];
/** Entries of a partition that are read at a time. Most readers of a list stop early. */
const PAGE = 50;
/** Sorts before every instance. */
const BEFORE_ALL: DueInstance = { pid: '', run: '', due: 0 };
/** Heads that are read at a time. */
const HEADS = 25;

/** The indexes of the table. They are eventually consistent, so heads are filtered again after they are read. */
export class DynamoDbInstanceIndex implements InstanceIndex {
  readonly #client: DynamoDBClient;
  readonly #table: string;
  readonly #processes: readonly string[];
  readonly #tenants: TenantList;

  constructor({ client, table, processes }: DynamoDbInstanceIndexOptions) {
    this.#client = client;
    this.#table = table;
    this.#processes = processes;
    this.#tenants = new TenantList({ client, table });
  }

  list(filter: InstanceFilter): AsyncIterable<Head> {
    const { after, startedBefore } = filter;
    if (after === undefined) return this.#list(filter);
    return behind(after, this.#list({ ...filter, startedBefore: Math.min(after.startedAt, startedBefore ?? after.startedAt) }));
  }

  async *#list(filter: InstanceFilter): AsyncIterable<Head> {
    const seen = new Set<string>();
    let pids: string[] = [];
    for await (const pid of this.#newestFirst(filter)) {
      // An instance whose status has just changed may be found under both statuses.
      if (seen.has(pid)) continue;
      seen.add(pid);
      pids.push(pid);
      if (pids.length < HEADS) continue;
      yield* await this.#heads(pids, filter);
      pids = [];
    }
    if (pids.length > 0) yield* await this.#heads(pids, filter);
  }

  tenants(): Promise<readonly string[]> {
    return this.#tenants.tenants();
  }

  async due(instant: number, limit: number, after: DueInstance = BEFORE_ALL): Promise<readonly DueInstance[]> {
    const shards = Array.from({ length: DUE_SHARDS }, (_, shard) => shard);
    const found = await inParallel(shards, (shard) => this.#dueOfShard(shard, instant, limit, after));
    return found.flat().sort(sooner).slice(0, limit);
  }

  async #dueOfShard(shard: number, instant: number, limit: number, after: DueInstance): Promise<readonly DueInstance[]> {
    const input: QueryCommandInput = {
      TableName: this.#table,
      IndexName: DUE_INDEX.name,
      KeyConditionExpression: '#dsh = :shard AND #due BETWEEN :after AND :instant',
      ExpressionAttributeNames: { '#dsh': DUE_INDEX.partition.name, '#due': DUE_INDEX.sort.name },
      ExpressionAttributeValues: {
        ':shard': { S: duePartition(shard) },
        ':after': { N: String(after.due) },
        ':instant': { N: String(instant) },
      },
      Limit: limit,
    };
    const found: DueInstance[] = [];
    for await (const page of queryPages(this.#client, input)) {
      for (const item of page) {
        const instance = { pid: item['pk']?.S ?? '', run: item['run']?.S ?? '', due: Number(item['due']?.N) };
        // Instances that are due at the same instant have no order, so the query begins at that instant again.
        if (sooner(after, instance) < 0) found.push(instance);
      }
      // All instances that are due at the last instant are read before the limit applies, so that it cuts in their order.
      if (found.length >= limit && (found.at(-1)?.due ?? 0) > (found[limit - 1]?.due ?? 0)) break;
    }
    return found;
  }

  /** The pids of all partitions of the filter, merged. A partition is read on when its page is used up. */
  async *#newestFirst(filter: InstanceFilter): AsyncIterable<string> {
    const cursors = await inParallel(this.#partitions(filter), async (partition) => {
      const cursor = new Cursor(queryPages(this.#client, this.#partitionQuery(partition, filter)));
      await cursor.next();
      return cursor;
    });
    const heap = new OrderedHeap<Cursor>(newerFirst);
    for (const cursor of cursors) if (cursor.current !== undefined) heap.push(cursor);
    for (let cursor = heap.pop(); cursor !== undefined; cursor = heap.pop()) {
      yield (cursor.current as Entry).pid;
      await cursor.next();
      if (cursor.current !== undefined) heap.push(cursor);
    }
  }

  #partitions({ tenant, process, statuses = LISTED_STATUSES }: InstanceFilter): readonly string[] {
    return listPartitions(tenant, process === undefined ? this.#processes : [process], statuses);
  }

  #partitionQuery(partition: string, { startedAfter = 0, startedBefore = 999_999_999_999_999 }: InstanceFilter): QueryCommandInput {
    return {
      TableName: this.#table,
      IndexName: LIST_INDEX.name,
      KeyConditionExpression: '#lsh = :partition AND #lsk BETWEEN :after AND :before',
      ProjectionExpression: 'pk, #lsk',
      ExpressionAttributeNames: { '#lsh': LIST_INDEX.partition.name, '#lsk': LIST_INDEX.sort.name },
      ExpressionAttributeValues: {
        ':partition': { S: partition },
        ':after': { S: startedAtKey(startedAfter) },
        ':before': { S: startedAtKey(startedBefore) },
      },
      ScanIndexForward: false,
      Limit: PAGE,
    };
  }

  /** The heads in the order of the pids, without those that no longer match the filter. */
  async #heads(pids: readonly string[], filter: InstanceFilter): Promise<readonly Head[]> {
    const items = await getItems(pids.map(headKey), { client: this.#client, table: this.#table, consistent: false });
    const byPid = new Map(items.map((item) => [item['pk']?.S, item]));
    return pids
      .map((pid) => byPid.get(pid))
      .filter((item) => item !== undefined)
      .map(decodeHeadItem)
      .filter((head) => listed(head, filter));
  }
}

/** The instances of one start instant are listed in an order of their partitions, so those of `place` are left out up to and with its own. */
async function* behind(place: ListPlace, heads: AsyncIterable<Head>): AsyncIterable<Head> {
  let isBefore = true;
  for await (const head of heads) {
    if (isBefore && head.startedAt === place.startedAt) {
      isBefore = head.pid !== place.pid;
      continue;
    }
    isBefore = false;
    yield head;
  }
}

interface Entry {
  readonly pid: string;
  readonly key: string;
}

/** A place in one partition of the list index. */
class Cursor {
  current: Entry | undefined;
  readonly #pages: AsyncGenerator<readonly HeadItem[]>;
  #page: readonly HeadItem[] = [];
  #at = 0;

  constructor(pages: AsyncGenerator<readonly HeadItem[]>) {
    this.#pages = pages;
  }

  async next(): Promise<void> {
    while (this.#at >= this.#page.length) {
      const { done, value } = await this.#pages.next();
      if (done === true) {
        this.current = undefined;
        return;
      }
      this.#page = value;
      this.#at = 0;
    }
    const item = this.#page[this.#at] as HeadItem;
    this.#at += 1;
    this.current = { pid: item['pk']?.S ?? '', key: item['lsk']?.S ?? '' };
  }
}

function newerFirst({ current: left }: Cursor, { current: right }: Cursor): number {
  const [a, b] = [left as Entry, right as Entry];
  if (a.key !== b.key) return a.key > b.key ? -1 : 1;
  return a.pid < b.pid ? -1 : a.pid > b.pid ? 1 : 0;
}

function sooner(left: DueInstance, right: DueInstance): number {
  return left.due - right.due || (left.pid < right.pid ? -1 : left.pid > right.pid ? 1 : 0);
}
