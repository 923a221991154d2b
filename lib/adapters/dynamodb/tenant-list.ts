import { PutItemCommand, type DynamoDBClient } from '@aws-sdk/client-dynamodb';
import { DEFAULT_TENANT } from '../../contract/wire/process-id.ts';
import { conditionFailure } from './condition-failure.ts';
import { NO_TENANT } from './conditions.ts';
import { capacityParameter, tellConsumed, type OnConsumed } from './consumed-units.ts';
import type { HeadItem } from './head-item.ts';
import { queryPages } from './query-pages.ts';
import { LIST_INDEX } from './tables.ts';

export interface TenantListOptions {
  readonly client: DynamoDBClient;
  readonly table: string;
  readonly onConsumed?: OnConsumed | undefined;
}

/** The partition of the list index that holds one entry for each tenant. */
const TENANTS_PARTITION = 'T#tenants';
/** So many tenants are remembered as recorded; then all are forgotten, and each costs one more write. */
const KNOWN_MAX = 10_000;

/**
 * Partitions of the list index begin with the tenant, so whoever lists all instances must know the tenants. Each has one item, which is
 * written before its first instance and never removed; `default` has none, since it is always there.
 *
 * The item of a tenant has a partition of its own: writers that meet a tenant for the first time do not meet each other.
 */
export class TenantList {
  readonly #client: DynamoDBClient;
  readonly #table: string;
  readonly #onConsumed: OnConsumed | undefined;
  readonly #known = new Set([DEFAULT_TENANT]);

  constructor({ client, table, onConsumed }: TenantListOptions) {
    this.#client = client;
    this.#table = table;
    this.#onConsumed = onConsumed;
  }

  /** Resolves when the tenant is in the list: one conditional write for each list object and tenant, and nothing for `default`. */
  async record(tenant: string): Promise<void> {
    // A text that is no pid has no tenant.
    if (tenant === '' || this.#known.has(tenant)) return;
    const put = { TableName: this.#table, Item: tenantItem(tenant), ConditionExpression: NO_TENANT };
    try {
      const { ConsumedCapacity } = await this.#client.send(new PutItemCommand({ ...put, ...capacityParameter(this.#onConsumed) }));
      tellConsumed(this.#onConsumed, 'write', ConsumedCapacity);
    } catch (error) {
      conditionFailure(error);
    }
    if (this.#known.size > KNOWN_MAX) this.#known.clear();
    this.#known.add(tenant);
  }

  /** In order. Eventually consistent. */
  async tenants(): Promise<readonly string[]> {
    const tenants = [DEFAULT_TENANT];
    const query = {
      TableName: this.#table,
      IndexName: LIST_INDEX.name,
      KeyConditionExpression: '#lsh = :partition',
      ProjectionExpression: '#lsk',
      ExpressionAttributeNames: { '#lsh': LIST_INDEX.partition.name, '#lsk': LIST_INDEX.sort.name },
      ExpressionAttributeValues: { ':partition': { S: TENANTS_PARTITION } },
    };
    for await (const page of queryPages(this.#client, query, this.#onConsumed))
      for (const item of page) tenants.push(item[LIST_INDEX.sort.name]?.S ?? '');
    return tenants.sort();
  }
}

function tenantItem(tenant: string): HeadItem {
  return { pk: { S: `T#${tenant}` }, sk: { S: 'T' }, lsh: { S: TENANTS_PARTITION }, lsk: { S: tenant } };
}
