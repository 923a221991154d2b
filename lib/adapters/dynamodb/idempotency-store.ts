import { randomBytes } from 'node:crypto';
import { GetItemCommand, UpdateItemCommand, type DynamoDBClient } from '@aws-sdk/client-dynamodb';
import type { CommandRecord, IdempotencyStore, RecordWrite } from '../../ports/idempotency-store.ts';
import { conditionFailure } from './condition-failure.ts';
import { decodeRecord, recordUpdate } from './record-item.ts';

export interface DynamoDbIdempotencyStoreOptions {
  readonly client: DynamoDBClient;
  /** A table of this service alone: `COMMAND_TABLE`. */
  readonly table: string;
  /** Milliseconds since the epoch. @default the system's time */
  readonly now?: () => number;
}

const WRITTEN: RecordWrite = { status: 'written' };

/** Command records in a table. A write is durable when it resolves. To order two writes, await the first. */
export class DynamoDbIdempotencyStore implements IdempotencyStore {
  readonly #client: DynamoDBClient;
  readonly #table: string;
  readonly #now: () => number;
  /** Names every write of this store, so that the store recognizes its own write after a lost response and a retry of the SDK. */
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
      await this.#client.send(
        new UpdateItemCommand(recordUpdate({ table: this.#table, commandId, record, expected, write, now: this.#now() })),
      );
      return WRITTEN;
    } catch (error) {
      const standing = conditionFailure(error).Item;
      if (standing === undefined) return { status: 'conflict', current: expected === 'absent' ? await this.read(commandId) : undefined };
      return standing['w']?.S === write ? WRITTEN : { status: 'conflict', current: decodeRecord(standing) };
    }
  }

  async durable(): Promise<void> {}
}
