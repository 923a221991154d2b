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
/** Number of tenants that are cached as recorded. Above it the cache is cleared, and each tenant costs one more write. */
const KNOWN_MAX = 10_000;

/**
 * Partitions of the list index begin with the tenant, so a caller that lists all instances must know the tenants. Each has one item, which
 * is written before its first instance and never removed. `default` has none, because it always exists.
 *
 * Each tenant's item has a partition of its own, so that writers of different new tenants do not contend.
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
    // A string that is no pid has no tenant.
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
