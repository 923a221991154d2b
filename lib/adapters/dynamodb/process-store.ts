import {
  GetItemCommand,
  PutItemCommand,
  UpdateItemCommand,
  type DynamoDBClient,
  type UpdateItemCommandInput,
} from '@aws-sdk/client-dynamodb';
import type {
  BufferResult,
  CommitResult,
  EarlyEvent,
  CommitCondition,
  Head,
  JournalChunk,
  ProcessStore,
} from '../../ports/process-store.ts';
import { chunkPrefix, decodeChunk, encodeChunk } from './chunk-item.ts';
import { tenantOfPid } from '../memory/instance-index.ts';
import { conditionFailure, type ConditionFailure } from './condition-failure.ts';
import { BUFFER_HAS_ROOM, NO_CHUNK, NO_HEAD, SAME_EARLY_BUFFER, SAME_VERSION_OF_RUN, STILL_STUCK } from './conditions.ts';
import { capacityParameter, tellConsumed, type OnConsumed } from './consumed-units.ts';
import { getItems } from './get-items.ts';
import { decodeHeadItem, duePartition, encodeHeadItem, HEAD_ATTRIBUTES, headKey, type HeadItem } from './head-item.ts';
import { queryAll } from './query-pages.ts';
import { attributeNames, setOrRemove } from './set-or-remove.ts';
import { DUE_SHARDS, shardHash } from './shard.ts';
import { TenantList } from './tenant-list.ts';

export interface DynamoDbProcessStoreOptions {
  readonly client: DynamoDBClient;
  readonly table: string;
  /** Told what each call consumed. @default nobody asks, and the service does not say */
  readonly onConsumed?: OnConsumed | undefined;
  /** Milliseconds since the epoch. @default the system's time */
  readonly now?: () => number;
  /** Waits before keys that were left unprocessed are asked for again. @default the system's time */
  readonly pause?: (milliseconds: number) => Promise<void>;
}

const COMMITTED: CommitResult = { status: 'committed' };
const BUFFERED: BufferResult = { status: 'buffered' };
const FULL: BufferResult = { status: 'full' };

/** All of them are set or removed by every commit, so one map of names does for each. */
const HEAD_NAMES: Record<string, string> = attributeNames(HEAD_ATTRIBUTES);

/** An early buffer that was emptied is deleted after this time, unless an event comes. */
const EMPTY_BUFFER_DAYS = 14;
const DAY_SECONDS = 86_400;

/** Heads and chunks in one table. A commit is one UpdateItem, behind one PutItem where this store meets a tenant for the first time; what it must hold against is in conditions.ts. */
export class DynamoDbProcessStore implements ProcessStore {
  readonly #client: DynamoDBClient;
  readonly #table: string;
  readonly #onConsumed: OnConsumed | undefined;
  readonly #now: () => number;
  readonly #tenants: TenantList;
  readonly #pause: ((milliseconds: number) => Promise<void>) | undefined;

  constructor({ client, table, onConsumed, now = Date.now, pause }: DynamoDbProcessStoreOptions) {
    this.#client = client;
    this.#table = table;
    this.#onConsumed = onConsumed;
    this.#tenants = new TenantList({ client, table, onConsumed });
    this.#now = now;
    this.#pause = pause;
  }

  async load(pids: readonly string[], { consistent }: { readonly consistent: boolean }): Promise<readonly (Head | undefined)[]> {
    if (pids.length === 0) return [];
    if (pids.length === 1) return [await this.#get(pids[0] as string, consistent)];
    // One key twice in a request is refused.
    const keys = [...new Set(pids)].map(headKey);
    const items = await getItems(keys, {
      client: this.#client,
      table: this.#table,
      consistent,
      onConsumed: this.#onConsumed,
      pause: this.#pause,
    });
    const heads = new Map(items.map((item) => [item['pk']?.S, decodeHeadItem(item)]));
    return pids.map((pid) => heads.get(pid));
  }

  async commit(head: Head, expected: CommitCondition): Promise<CommitResult> {
    // Before the head: what is in no list of tenants would never be retired, nor its lost tick found.
    await this.#tenants.record(tenantOfPid(head.pid));
    try {
      await this.#update(commitInput(this.#table, this.#itemOf(head), expected));
      return COMMITTED;
    } catch (error) {
      return { status: 'conflict', current: await this.#standing(conditionFailure(error), head.pid, expected.kind === 'absent') };
    }
  }

  async buffer(event: EarlyEvent): Promise<BufferResult> {
    try {
      await this.#update(bufferInput(this.#table, event));
      return BUFFERED;
    } catch (error) {
      if (isItemTooLarge(error)) return FULL;
      const current = await this.#standing(conditionFailure(error), event.pid, true);
      return current === undefined || current.status === 'early' ? FULL : { status: 'started', current };
    }
  }

  async spill(chunk: JournalChunk): Promise<void> {
    try {
      const { ConsumedCapacity } = await this.#client.send(
        new PutItemCommand({
          TableName: this.#table,
          Item: encodeChunk(chunk),
          ConditionExpression: NO_CHUNK,
          ...capacityParameter(this.#onConsumed),
        }),
      );
      tellConsumed(this.#onConsumed, 'write', ConsumedCapacity);
    } catch (error) {
      conditionFailure(error);
    }
  }

  async chunks(pid: string, run: string): Promise<readonly JournalChunk[]> {
    const items = await queryAll(
      this.#client,
      {
        TableName: this.#table,
        KeyConditionExpression: 'pk = :pk AND begins_with(sk, :run)',
        ExpressionAttributeValues: { ':pk': { S: pid }, ':run': { S: chunkPrefix(run) } },
        ConsistentRead: true,
      },
      this.#onConsumed,
    );
    return items.map((item) => decodeChunk(item, run));
  }

  async #get(pid: string, consistent: boolean): Promise<Head | undefined> {
    const { Item, ConsumedCapacity } = await this.#client.send(
      new GetItemCommand({
        TableName: this.#table,
        Key: headKey(pid),
        ConsistentRead: consistent,
        ...capacityParameter(this.#onConsumed),
      }),
    );
    tellConsumed(this.#onConsumed, 'read', ConsumedCapacity);
    return Item === undefined ? undefined : decodeHeadItem(Item);
  }

  async #update(input: UpdateItemCommandInput): Promise<void> {
    const { ConsumedCapacity } = await this.#client.send(new UpdateItemCommand({ ...input, ...capacityParameter(this.#onConsumed) }));
    tellConsumed(this.#onConsumed, 'write', ConsumedCapacity);
  }

  /** What stands where a condition failed: the old image that came with the failure; read where it did not come though there must be one. */
  async #standing(failure: ConditionFailure, pid: string, mustExist: boolean): Promise<Head | undefined> {
    if (failure.Item !== undefined) return decodeHeadItem(failure.Item);
    return mustExist ? this.#get(pid, true) : undefined;
  }

  #itemOf(head: Head): HeadItem {
    const item = encodeHeadItem(head);
    if (head.status === 'early' && head.early?.length === 0)
      item['ttl'] = { N: String(Math.ceil(this.#now() / 1000) + EMPTY_BUFFER_DAYS * DAY_SECONDS) };
    return item;
  }
}

/** Sets what the head has and removes what it has not, so that attributes of newer code stay. A `ttl` goes with any commit. */
function commitInput(table: string, item: HeadItem, expected: CommitCondition): UpdateItemCommandInput {
  const [condition, values] = conditionOf(expected);
  return {
    TableName: table,
    Key: { pk: item['pk'] as HeadItem[string], sk: item['sk'] as HeadItem[string] },
    UpdateExpression: setOrRemove(HEAD_ATTRIBUTES, item, values),
    ConditionExpression: condition,
    ExpressionAttributeNames: HEAD_NAMES,
    ExpressionAttributeValues: values,
    ReturnValuesOnConditionCheckFailure: 'ALL_OLD',
  };
}

function conditionOf(expected: CommitCondition): [condition: string, values: HeadItem] {
  switch (expected.kind) {
    case 'absent':
      return [NO_HEAD, {}];
    case 'at':
      return [SAME_VERSION_OF_RUN, { ':v0': { N: String(expected.version) }, ':run0': { S: expected.run } }];
    case 'early':
      return [SAME_EARLY_BUFFER, { ':v0': { N: String(expected.version) }, ':early0': { S: 'early' } }];
    case 'stuck':
      return [STILL_STUCK, { ':v0': { N: String(expected.version) }, ':stuck0': { S: 'stuck' } }];
  }
}

/** An emptied buffer has no due time and may have a `ttl`: the next event gives it the first and takes away the second. */
function bufferInput(table: string, { pid, body, max, expiresAt }: EarlyEvent): UpdateItemCommandInput {
  return {
    TableName: table,
    Key: headKey(pid),
    UpdateExpression:
      'SET #v = if_not_exists(#v, :zero) + :one, #st = if_not_exists(#st, :early), #early = list_append(if_not_exists(#early, :empty), :event), ' +
      '#due = if_not_exists(#due, :due), #dsh = if_not_exists(#dsh, :dsh) REMOVE #ttl',
    ConditionExpression: BUFFER_HAS_ROOM,
    ExpressionAttributeNames: { '#v': 'v', '#st': 'st', '#early': 'early', '#due': 'due', '#dsh': 'dsh', '#ttl': 'ttl' },
    ExpressionAttributeValues: {
      ':zero': { N: '0' },
      ':one': { N: '1' },
      ':early': { S: 'early' },
      ':empty': { L: [] },
      ':event': { L: [{ S: body }] },
      ':due': { N: String(expiresAt) },
      ':dsh': { S: duePartition(shardHash(pid) % DUE_SHARDS) },
      ':max': { N: String(max) },
    },
    ReturnValuesOnConditionCheckFailure: 'ALL_OLD',
  };
}

/** The service has one name for all faults of a request; only its text tells this one, of an item beyond 400 KB, from a fault of ours. */
function isItemTooLarge(error: unknown): boolean {
  return error instanceof Error && error.name === 'ValidationException' && /item size/i.test(error.message);
}
