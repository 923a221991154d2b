import { GetItemCommand, UpdateItemCommand, type DynamoDBClient } from '@aws-sdk/client-dynamodb';
import type { ReplyKey, ReplyKeys } from '../../ports/reply-keys.ts';
import { conditionFailure } from './condition-failure.ts';
import { NO_KEY, SAME_LAST_KEY } from './conditions.ts';
import type { HeadItem } from './head-item.ts';
import { REPLY_KEYS_PARTITION } from './tables.ts';

export interface DynamoDbReplyKeysOptions {
  readonly client: DynamoDBClient;
  readonly table: string;
}

const KEY: HeadItem = { pk: { S: REPLY_KEYS_PARTITION }, sk: { S: 'K' } };

/** All keys of a deployment in one item of its main table. */
export class DynamoDbReplyKeys implements ReplyKeys {
  readonly #client: DynamoDBClient;
  readonly #table: string;

  constructor({ client, table }: DynamoDbReplyKeysOptions) {
    this.#client = client;
    this.#table = table;
  }

  async keys(): Promise<readonly ReplyKey[]> {
    const { Item } = await this.#client.send(new GetItemCommand({ TableName: this.#table, Key: KEY, ConsistentRead: true }));
    return (Item?.['keys']?.L ?? []).map(({ M = {} }) => ({
      id: M['id']?.S ?? '',
      secret: M['secret']?.S ?? '',
      since: Number(M['since']?.N),
    }));
  }

  /** If a response is lost, the retry of the SDK fails its condition, and the key is read like that of another writer. */
  async add({ id, secret, since }: ReplyKey, last: string | undefined): Promise<boolean> {
    const update = new UpdateItemCommand({
      TableName: this.#table,
      Key: KEY,
      UpdateExpression: 'SET #keys = list_append(if_not_exists(#keys, :none), :key), #last = :id',
      ConditionExpression: last === undefined ? NO_KEY : SAME_LAST_KEY,
      ExpressionAttributeNames: { '#keys': 'keys', '#last': 'last' },
      ExpressionAttributeValues: {
        ':none': { L: [] },
        ':key': { L: [{ M: { id: { S: id }, secret: { S: secret }, since: { N: String(since) } } }] },
        ':id': { S: id },
        ...(last !== undefined && { ':last0': { S: last } }),
      },
    });
    try {
      await this.#client.send(update);
      return true;
    } catch (error) {
      conditionFailure(error);
      return false;
    }
  }
}
