import { randomBytes } from 'node:crypto';
import { GetItemCommand, UpdateItemCommand, type DynamoDBClient } from '@aws-sdk/client-dynamodb';
import type { CommandRecord, IdempotencyStore, RecordWrite } from '../../ports/idempotency-store.ts';
import { conditionFailure } from './condition-failure.ts';
import { NO_RECORD, SAME_REVISION } from './conditions.ts';
import type { Item } from './head-item.ts';

export interface DynamoDbIdempotencyStoreOptions {
  readonly client: DynamoDBClient;
  /** A table of this service alone: `COMMAND_TABLE`. */
  readonly table: string;
  /** Milliseconds since the epoch. @default the system's time */
  readonly now?: () => number;
}

const WRITTEN: RecordWrite = { status: 'written' };

/** What has ended is kept so long: longer than any copy of its command can come late. */
const ENDED_DAYS = 90;
const DAY_SECONDS = 86_400;

const ATTRIBUTES = ['state', 'hash', 'token', 'leaseUntil', 'reply', 'early', 'command', 'once', 'beatAt', 'revision', 'ttl', 'w'] as const;
const NAMES: Record<string, string> = Object.fromEntries(ATTRIBUTES.map((name) => [`#${name}`, name]));

/** Command records in a table. A write is durable when it resolves; whoever needs an order between two awaits the first. */
export class DynamoDbIdempotencyStore implements IdempotencyStore {
  readonly #client: DynamoDBClient;
  readonly #table: string;
  readonly #now: () => number;
  /** Names every write of this store, so that an own write whose answer was lost is known when the SDK has tried it again. */
  readonly #writer = randomBytes(6).toString('base64url');
  #writes = 0;

  constructor({ client, table, now = Date.now }: DynamoDbIdempotencyStoreOptions) {
    this.#client = client;
    this.#table = table;
    this.#now = now;
  }

  async read(commandId: string): Promise<CommandRecord | undefined> {
    const { Item } = await this.#client.send(
      new GetItemCommand({ TableName: this.#table, Key: { id: { S: commandId } }, ConsistentRead: true }),
    );
    return Item === undefined ? undefined : decodeRecord(Item);
  }

  async write(commandId: string, record: Omit<CommandRecord, 'revision'>, expected: number | 'absent'): Promise<RecordWrite> {
    const write = `${this.#writer}${(this.#writes += 1).toString(36)}`;
    try {
      await this.#update(commandId, this.#itemOf(record, expected, write), expected);
      return WRITTEN;
    } catch (error) {
      const standing = conditionFailure(error).Item;
      if (standing === undefined) return { status: 'conflict', current: expected === 'absent' ? await this.read(commandId) : undefined };
      return standing['w']?.S === write ? WRITTEN : { status: 'conflict', current: decodeRecord(standing) };
    }
  }

  async durable(): Promise<void> {}

  async #update(commandId: string, item: Item, expected: number | 'absent'): Promise<void> {
    const set: string[] = [];
    const remove: string[] = [];
    const values: Item = expected === 'absent' ? {} : { ':revision0': { N: String(expected) } };
    for (const name of ATTRIBUTES) {
      const value = item[name];
      if (value === undefined) remove.push(`#${name}`);
      else {
        set.push(`#${name} = :${name}`);
        values[`:${name}`] = value;
      }
    }
    await this.#client.send(
      new UpdateItemCommand({
        TableName: this.#table,
        Key: { id: { S: commandId } },
        UpdateExpression: `SET ${set.join(', ')}${remove.length > 0 ? ` REMOVE ${remove.join(', ')}` : ''}`,
        ConditionExpression: expected === 'absent' ? NO_RECORD : SAME_REVISION,
        ExpressionAttributeNames: NAMES,
        ExpressionAttributeValues: values,
        ReturnValuesOnConditionCheckFailure: 'ALL_OLD',
      }),
    );
  }

  #itemOf(record: Omit<CommandRecord, 'revision'>, expected: number | 'absent', write: string): Item {
    const item: Item = {
      state: { S: record.state },
      hash: { S: record.hash },
      revision: { N: String(expected === 'absent' ? 1 : expected + 1) },
      w: { S: write },
    };
    if (record.token !== undefined) item['token'] = { S: record.token };
    if (record.leaseUntil !== undefined) item['leaseUntil'] = { N: String(record.leaseUntil) };
    if (record.reply !== undefined) item['reply'] = { S: record.reply };
    if (record.early !== undefined) item['early'] = { S: record.early };
    if (record.command !== undefined) item['command'] = { S: record.command };
    if (record.once !== undefined) item['once'] = { BOOL: true };
    if (record.beatAt !== undefined) item['beatAt'] = { N: String(record.beatAt) };
    if (record.state === 'DONE' || record.state === 'FAILED' || record.state === 'TOMB')
      item['ttl'] = { N: String(Math.ceil(this.#now() / 1000) + ENDED_DAYS * DAY_SECONDS) };
    return item;
  }
}

function decodeRecord(item: Item): CommandRecord {
  const record: { -readonly [K in keyof CommandRecord]: CommandRecord[K] } = {
    state: item['state']?.S as CommandRecord['state'],
    hash: item['hash']?.S ?? '',
    revision: Number(item['revision']?.N),
  };
  if (item['token']?.S !== undefined) record.token = item['token'].S;
  if (item['leaseUntil']?.N !== undefined) record.leaseUntil = Number(item['leaseUntil'].N);
  if (item['reply']?.S !== undefined) record.reply = item['reply'].S;
  if (item['early']?.S !== undefined) record.early = item['early'].S;
  if (item['command']?.S !== undefined) record.command = item['command'].S;
  if (item['once']?.BOOL === true) record.once = true;
  if (item['beatAt']?.N !== undefined) record.beatAt = Number(item['beatAt'].N);
  return record;
}
