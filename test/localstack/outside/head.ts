import { BatchGetItemCommand, GetItemCommand, QueryCommand, type AttributeValue } from '@aws-sdk/client-dynamodb';
import { inflateRawSync } from 'node:zlib';
import type { Deployment } from './deployment.ts';
import { logTails } from './lambda.ts';
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

/** The statuses of many instances, without those that do not exist. */
export async function statusesOf({ dynamodb, table }: Deployment, pids: readonly string[]): Promise<ReadonlyMap<string, string>> {
  const statuses = new Map<string, string>();
  for (let from = 0; from < pids.length; from += 100) {
    const Keys = pids.slice(from, from + 100).map((pid) => ({ pk: { S: pid }, sk: { S: 'H' } }));
    const { Responses = {} } = await dynamodb.send(
      new BatchGetItemCommand({ RequestItems: { [table]: { Keys, ProjectionExpression: 'pk, st', ConsistentRead: true } } }),
    );
    for (const item of Responses[table] ?? []) statuses.set(item['pk']!.S!, item['st']!.S!);
  }
  return statuses;
}

/** Waits until an instance has that status. If it never has, the error contains its journal and the faults in the logs of the functions. */
export const awaitStatus = (deployment: Deployment, pid: string, status: string, withinSeconds = 90): Promise<HeadItem> =>
  until(
    `${pid} to be ${status}`,
    async () => {
      const head = await readHead(deployment, pid);
      return head?.status === status && head;
    },
    { withinSeconds, report: async () => `${await journalOf(deployment, pid)}\n${await logTails(deployment.name)}` },
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
