import { GetItemCommand, PutItemCommand, type DynamoDBClient } from '@aws-sdk/client-dynamodb';
import type { Author, PayloadStore } from '../../ports/payload-store.ts';
import { capacityParameter, tellConsumed, type OnConsumed } from './consumed-units.ts';
import { unpackText } from './packed-lines.ts';
import { encodePayload, isLarge, payloadKey } from './payload-item.ts';

export interface DynamoDbPayloadStoreOptions {
  readonly client: DynamoDBClient;
  readonly table: string;
  /** The store of values that are too large for a message. */
  readonly large: PayloadStore;
  readonly onConsumed?: OnConsumed | undefined;
}

/** Values beside the head of their instance. A value that is too large for a message lies in the large store, and its item refers to it. */
export class DynamoDbPayloadStore implements PayloadStore {
  readonly #client: DynamoDBClient;
  readonly #table: string;
  readonly #large: PayloadStore;
  readonly #onConsumed: OnConsumed | undefined;

  constructor({ client, table, large, onConsumed }: DynamoDbPayloadStoreOptions) {
    this.#client = client;
    this.#table = table;
    this.#large = large;
    this.#onConsumed = onConsumed;
  }

  /** Unconditional, because the bytes are the same, and a value that is used again must lose the `ttl` of a retirement. */
  async put(pid: string, hash: string, json: string): Promise<void> {
    if (isLarge(json)) await this.#large.put(pid, hash, json);
    const item = encodePayload(pid, hash, json, () => this.#large.reference(pid, hash));
    const { ConsumedCapacity } = await this.#client.send(
      new PutItemCommand({ TableName: this.#table, Item: item, ...capacityParameter(this.#onConsumed) }),
    );
    tellConsumed(this.#onConsumed, 'write', ConsumedCapacity);
  }

  async get(pid: string, hash: string): Promise<string | undefined> {
    const { Item, ConsumedCapacity } = await this.#client.send(
      new GetItemCommand({
        TableName: this.#table,
        Key: payloadKey(pid, hash),
        ConsistentRead: true,
        ...capacityParameter(this.#onConsumed),
      }),
    );
    tellConsumed(this.#onConsumed, 'read', ConsumedCapacity);
    const packed = Item?.['b']?.B;
    if (packed !== undefined) return unpackText(packed);
    const reference = Item?.['ref']?.S;
    return reference === undefined ? undefined : this.#large.fetch(reference);
  }

  reference(pid: string, hash: string): string {
    return this.#large.reference(pid, hash);
  }

  isOf(reference: string, author: Author): boolean {
    return this.#large.isOf(reference, author);
  }

  fetch(reference: string): Promise<string | undefined> {
    return this.#large.fetch(reference);
  }
}
