import { ScanCommand, type AttributeValue } from '@aws-sdk/client-dynamodb';
import { inflateRawSync } from 'node:zlib';
import type { Deployment } from './deployment.ts';

/** A message that is kept for a person. */
export interface Parked {
  readonly beside: string;
  readonly reason: string;
  readonly body: string;
}

/** All parked messages, wherever they lie; those that were sent back are left out. */
export async function readParked({ dynamodb, table }: Deployment): Promise<readonly Parked[]> {
  const parked: Parked[] = [];
  let from: Record<string, AttributeValue> | undefined;
  do {
    const page = await dynamodb.send(
      new ScanCommand({
        TableName: table,
        ConsistentRead: true,
        FilterExpression: 'begins_with(sk, :parked)',
        ExpressionAttributeValues: { ':parked': { S: 'X#' } },
        ...(from === undefined ? {} : { ExclusiveStartKey: from }),
      }),
    );
    for (const item of page.Items ?? [])
      parked.push({
        beside: item['pk']!.S!,
        reason: item['reason']?.S ?? '',
        body: item['b']?.B === undefined ? '' : inflateRawSync(item['b'].B).toString(),
      });
    from = page.LastEvaluatedKey;
  } while (from !== undefined);
  return parked;
}
