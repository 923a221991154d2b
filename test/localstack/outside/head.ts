import { GetItemCommand, QueryCommand, type AttributeValue } from '@aws-sdk/client-dynamodb';
import { inflateRawSync } from 'node:zlib';
import type { Deployment } from './deployment.ts';
import { until } from './until.ts';

/** The item that carries an instance, read as it lies in the table. */
export interface HeadItem {
  readonly status: string;
  readonly version: number;
  readonly why: string | undefined;
  readonly item: Readonly<Record<string, AttributeValue>>;
}

export const pidOf = (process: string, id: string): string => `default#${process}#${id}`;

export async function readHead({ dynamodb, table }: Deployment, pid: string): Promise<HeadItem | undefined> {
  const { Item } = await dynamodb.send(
    new GetItemCommand({ TableName: table, Key: { pk: { S: pid }, sk: { S: 'H' } }, ConsistentRead: true }),
  );
  if (Item === undefined) return undefined;
  return { status: Item['st']!.S!, version: Number(Item['v']!.N), why: Item['why']?.S, item: Item };
}

/** Waits until an instance has that status; where it never has, its journal is told. */
export const awaitStatus = (deployment: Deployment, pid: string, status: string, withinSeconds = 90): Promise<HeadItem> =>
  until(
    `${pid} to be ${status}`,
    async () => {
      const head = await readHead(deployment, pid);
      return head?.status === status && head;
    },
    { withinSeconds, report: () => journalOf(deployment, pid) },
  );

/** All items of an instance as text: the head with its journal, chunks, values, parked events. */
export async function journalOf({ dynamodb, table }: Deployment, pid: string): Promise<string> {
  const { Items = [] } = await dynamodb.send(
    new QueryCommand({ TableName: table, KeyConditionExpression: 'pk = :pid', ExpressionAttributeValues: { ':pid': { S: pid } } }),
  );
  if (Items.length === 0) return `There is nothing of ${pid} in the table.`;
  return Items.map(itemText).join('\n');
}

const itemText = (item: Readonly<Record<string, AttributeValue>>): string =>
  Object.entries(item)
    .map(([name, value]) => `${name} ${value.B === undefined ? JSON.stringify(value).slice(0, 2_000) : inflateRawSync(value.B).toString()}`)
    .join('\n  ');
