import { setTimeout as sleep } from 'node:timers/promises';
import { BatchGetItemCommand, type DynamoDBClient, type KeysAndAttributes } from '@aws-sdk/client-dynamodb';
import { TableThrottled } from '../../contract/errors.ts';
import { capacityParameter, tellConsumed, type OnConsumed } from './consumed-units.ts';
import type { HeadItem } from './head-item.ts';

export interface GetItems {
  readonly client: DynamoDBClient;
  readonly table: string;
  readonly consistent: boolean;
  /** Attributes to read. @default all */
  readonly projection?: string;
  readonly onConsumed?: OnConsumed | undefined;
  /** Waits before unprocessed keys are requested again. @default the system's time */
  readonly pause?: ((milliseconds: number) => Promise<void>) | undefined;
}

/** Keys that BatchGetItem accepts. */
const KEYS_MAX = 100;
/** Rounds in a row without an item before the call fails. */
const IDLE_ROUNDS_MAX = 6;
const FIRST_PAUSE_MS = 25;

/** The items that exist, in any order. Keys must differ. Keys that the table leaves unprocessed are requested again. */
export async function getItems(keys: readonly HeadItem[], options: GetItems): Promise<HeadItem[]> {
  const batches: (readonly HeadItem[])[] = [];
  for (let from = 0; from < keys.length; from += KEYS_MAX) batches.push(keys.slice(from, from + KEYS_MAX));
  if (batches.length === 1) return getBatch(keys, options);
  return (await Promise.all(batches.map((batch) => getBatch(batch, options)))).flat();
}

async function getBatch(keys: readonly HeadItem[], options: GetItems): Promise<HeadItem[]> {
  const { client, table, consistent, projection, onConsumed, pause = sleep } = options;
  const found: HeadItem[] = [];
  let idleRounds = 0;
  let wanted: KeysAndAttributes = {
    Keys: [...keys],
    ConsistentRead: consistent,
    ...(projection !== undefined && { ProjectionExpression: projection }),
  };
  for (;;) {
    const { Responses, UnprocessedKeys, ConsumedCapacity } = await client.send(
      new BatchGetItemCommand({ RequestItems: { [table]: wanted }, ...capacityParameter(onConsumed) }),
    );
    tellConsumed(onConsumed, 'read', ConsumedCapacity);
    const items = Responses?.[table] ?? [];
    found.push(...items);
    const left = UnprocessedKeys?.[table];
    if (left?.Keys === undefined || left.Keys.length === 0) return found;
    idleRounds = items.length > 0 ? 0 : idleRounds + 1;
    if (idleRounds >= IDLE_ROUNDS_MAX) throw throttled(table, left.Keys.length);
    wanted = left;
    await pause(FIRST_PAUSE_MS * 2 ** idleRounds * (0.5 + Math.random() / 2));
  }
}

function throttled(table: string, keys: number): TableThrottled {
  return new TableThrottled(`The table ${table} left ${keys} keys unprocessed in ${IDLE_ROUNDS_MAX} requests, one after the other.`);
}
