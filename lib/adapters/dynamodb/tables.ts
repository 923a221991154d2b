/**
 * The tables as data. The constructs and the tests create them from it and the adapters take their names from it, so that they
 * cannot disagree.
 */
import type { CreateTableCommandInput } from '@aws-sdk/client-dynamodb';

export interface KeyAttribute {
  readonly name: string;
  readonly type: 'S' | 'N';
}

export interface IndexLayout {
  readonly name: string;
  readonly partition: KeyAttribute;
  readonly sort: KeyAttribute;
  /** Attributes of the index beside the keys. A commit of an open instance changes none of them, because each change is a write. */
  readonly projected: readonly string[];
}

export interface TableLayout {
  readonly partition: KeyAttribute;
  readonly sort?: KeyAttribute;
  /** Holds seconds since the epoch; DynamoDB deletes the item some days after. */
  readonly ttl: string;
  readonly indexes: readonly IndexLayout[];
}

/**
 * By process, status and shard, in the order in which instances were started. Early buffers and retired heads are not in it. Parked events
 * are in partitions of their own, in the order in which they were parked; only they have the attributes behind `closed`.
 */
export const LIST_INDEX = {
  name: 'list',
  partition: { name: 'lsh', type: 'S' },
  sort: { name: 'lsk', type: 'S' },
  projected: ['closed', 'reason', 'detail', 'at', 'eid', 'ety', 'esrc', 'channel', 'sender', 'ttl'],
} as const satisfies IndexLayout;

/** By shard, in the order in which instances are due; holds only those that are. */
export const DUE_INDEX = {
  name: 'due',
  partition: { name: 'dsh', type: 'S' },
  sort: { name: 'due', type: 'N' },
  projected: ['run'],
} as const satisfies IndexLayout;

/** Heads, journal chunks, large values, parked events and attempt counters of one deployment. */
export const MAIN_TABLE = {
  partition: { name: 'pk', type: 'S' },
  sort: { name: 'sk', type: 'S' },
  ttl: 'ttl',
  indexes: [LIST_INDEX, DUE_INDEX],
} as const satisfies TableLayout;

/** The command records of one service. */
export const COMMAND_TABLE = {
  partition: { name: 'id', type: 'S' },
  ttl: 'ttl',
  indexes: [],
} as const satisfies TableLayout;

/** The request that makes such a table, billed by request. Its TTL is switched on by a request of its own. */
export function createTableInput(name: string, layout: TableLayout): CreateTableCommandInput {
  const keys = [layout, ...layout.indexes].flatMap(({ partition, sort }) => (sort === undefined ? [partition] : [partition, sort]));
  const attributes = new Map(keys.map((key) => [key.name, key.type]));
  return {
    TableName: name,
    BillingMode: 'PAY_PER_REQUEST',
    AttributeDefinitions: Array.from(attributes, ([AttributeName, AttributeType]) => ({ AttributeName, AttributeType })),
    KeySchema: keySchema(layout),
    ...(layout.indexes.length > 0 && {
      GlobalSecondaryIndexes: layout.indexes.map((index) => ({
        IndexName: index.name,
        KeySchema: keySchema(index),
        Projection: { ProjectionType: 'INCLUDE' as const, NonKeyAttributes: [...index.projected] },
      })),
    }),
  };
}

function keySchema({ partition, sort }: { readonly partition: KeyAttribute; readonly sort?: KeyAttribute }): {
  AttributeName: string;
  KeyType: 'HASH' | 'RANGE';
}[] {
  return [
    { AttributeName: partition.name, KeyType: 'HASH' },
    ...(sort === undefined ? [] : [{ AttributeName: sort.name, KeyType: 'RANGE' as const }]),
  ];
}

/** No reader of instances may read this partition, because the holder of a key can forge the replies of every service. */
export const REPLY_KEYS_PARTITION = 'K#reply-keys';
