import { QueryCommand, type DynamoDBClient, type QueryCommandInput } from '@aws-sdk/client-dynamodb';
import { capacityParameter, tellConsumed, type OnConsumed } from './consumed-units.ts';
import type { HeadItem } from './head-item.ts';

/** The pages of a query, each requested when the previous one is used up. An empty page need not be the last. */
export async function* queryPages(
  client: DynamoDBClient,
  input: QueryCommandInput,
  onConsumed?: OnConsumed,
): AsyncGenerator<readonly HeadItem[]> {
  let from: HeadItem | undefined;
  do {
    const page = await client.send(
      new QueryCommand({ ...input, ...capacityParameter(onConsumed), ...(from !== undefined && { ExclusiveStartKey: from }) }),
    );
    tellConsumed(onConsumed, 'read', page.ConsumedCapacity);
    yield page.Items ?? [];
    from = page.LastEvaluatedKey;
  } while (from !== undefined);
}

/** All items of a query. */
export async function queryAll(client: DynamoDBClient, input: QueryCommandInput, onConsumed?: OnConsumed): Promise<HeadItem[]> {
  const items: HeadItem[] = [];
  for await (const page of queryPages(client, input, onConsumed)) items.push(...page);
  return items;
}
