import { GetItemCommand, PutItemCommand, type DynamoDBClient } from '@aws-sdk/client-dynamodb';
import { CARRIED_CHARACTERS_MAX, escapedLength } from '../../contract/wire.ts';
import type { PayloadStore } from '../../ports/payload-store.ts';
import { capacityParameter, tellConsumed, type OnConsumed } from './consumed-units.ts';
import type { Item } from './head-item.ts';
import { packText, unpackText } from './packed-lines.ts';

export interface DynamoDbPayloadStoreOptions {
  readonly client: DynamoDBClient;
  readonly table: string;
  /** Holds values that no message carries, and what messages refer to. */
  readonly large: PayloadStore;
  readonly onConsumed?: OnConsumed | undefined;
}

/** Values beside the head of their instance; those that no message carries lie in the large store, and the item only says so. */
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

  /** Unconditional: the bytes are the same, and a value that is used again must lose the `ttl` that a retirement gave it. */
  async put(pid: string, hash: string, json: string): Promise<void> {
    const large = escapedLength(json) > CARRIED_CHARACTERS_MAX;
    if (large) await this.#large.put(pid, hash, json);
    const item = large ? encodeReference(pid, hash, this.#large.reference(pid, hash)) : encodePayload(pid, hash, json);
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

  fetch(reference: string): Promise<string | undefined> {
    return this.#large.fetch(reference);
  }
}

/** A value as an item: deflated, since it is charged by the KB. */
export function encodePayload(pid: string, hash: string, json: string): Item {
  return { ...payloadKey(pid, hash), b: { B: packText(json) } };
}

/** The item of a value that lies elsewhere. */
export function encodeReference(pid: string, hash: string, reference: string): Item {
  return { ...payloadKey(pid, hash), ref: { S: reference } };
}

function payloadKey(pid: string, hash: string): Item {
  return { pk: { S: pid }, sk: { S: `P#${hash}` } };
}
