import { DeleteItemCommand, type DynamoDBClient } from '@aws-sdk/client-dynamodb';
import type { ErasureStore } from '../../ports/erasure-store.ts';
import type { S3PayloadStore } from '../s3/payload-store.ts';
import { HEAD_SORT_KEY, type HeadItem } from './head-item.ts';
import { inParallel } from './in-parallel.ts';
import { queryPages } from './query-pages.ts';

export interface DynamoDbErasureStoreOptions {
  readonly client: DynamoDBClient;
  readonly table: string;
  /** The store of values and bodies that are too large for an item. */
  readonly large: Pick<S3PayloadStore, 'removeFolder'>;
  /** The writers that may have put large values of an instance: the orchestrator and the services. */
  readonly writers: readonly string[];
}

/** Deletes all items of an instance but its head, and its objects under the prefix of each writer. */
export class DynamoDbErasureStore implements ErasureStore {
  readonly #options: DynamoDbErasureStoreOptions;

  constructor(options: DynamoDbErasureStoreOptions) {
    this.#options = options;
  }

  async erase(pid: string, instant: number): Promise<boolean> {
    const { client, table, large, writers } = this.#options;
    const items = {
      TableName: table,
      KeyConditionExpression: 'pk = :pk',
      ProjectionExpression: 'pk, sk, #at',
      ExpressionAttributeNames: { '#at': 'at' },
      ExpressionAttributeValues: { ':pk': { S: pid } },
      ConsistentRead: true,
    };
    for await (const page of queryPages(client, items))
      await inParallel(
        page.filter((item) => isErased(item, instant)),
        ({ pk, sk }) => client.send(new DeleteItemCommand({ TableName: table, Key: { pk, sk } as HeadItem })),
      );
    for (const writer of writers) await large.removeFolder(writer, pid);
    return true;
  }
}

/** Every item but the head, and but an event that was parked later: only parked events have `at`. */
function isErased({ sk, at }: HeadItem, instant: number): boolean {
  return sk?.S !== HEAD_SORT_KEY && !(at?.N !== undefined && Number(at.N) > instant);
}
