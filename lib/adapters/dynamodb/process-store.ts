import { tenantOfPid } from '../../contract/wire/process-id.ts';
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
  /** Receives the units that each call consumed. @default units are not requested */
  readonly onConsumed?: OnConsumed | undefined;
  /** Milliseconds since the epoch. @default the system's time */
  readonly now?: () => number;
  /** Waits before unprocessed keys are requested again. @default the system's time */
  readonly pause?: (milliseconds: number) => Promise<void>;
}

const COMMITTED: CommitResult = { status: 'committed' };
const BUFFERED: BufferResult = { status: 'buffered' };
const FULL: BufferResult = { status: 'full' };

/** Every commit sets or removes all of them, so all commits share one map of names. */
const HEAD_NAMES: Record<string, string> = attributeNames(HEAD_ATTRIBUTES);

/** An emptied early buffer is deleted after this time, unless an event arrives. */
const EMPTY_BUFFER_DAYS = 14;
const DAY_SECONDS = 86_400;

/**
 * Heads and chunks in one table. A commit is one UpdateItem, after one PutItem if the tenant is new to this store.
 *
 * Input: heads, chunks and early events. Output: items under the conditions of conditions.ts, and the heads that a read or a failed write
 * returns. Trunk: head-item.ts and chunk-item.ts encode; get-items.ts and query-pages.ts read; tables.ts has the tables. Each other port of
 * this folder has a store of its name and codecs that end with `-item.ts`.
 */
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
    // DynamoDB refuses a request with the same key twice.
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
    // Before the head, because an instance whose tenant is not listed would never be retired, nor its lost tick found.
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

  /** The current head after a failed condition: the image in the failure, else, if it must exist, a consistent read. */
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

/** Sets the head's attributes and removes those that it lacks, so that attributes of newer code stay. Every commit removes the `ttl`. */
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

/** An emptied buffer has no due time and may have a `ttl`. The next event sets the due time and removes the `ttl`. */
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

/** DynamoDB has one error name for all invalid requests. Only the text distinguishes an item above 400 KB from a bug of ours. */
function isItemTooLarge(error: unknown): boolean {
  return error instanceof Error && error.name === 'ValidationException' && /item size/i.test(error.message);
}
