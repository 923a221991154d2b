import { GetItemCommand, PutItemCommand, QueryCommand, UpdateItemCommand } from '@aws-sdk/client-dynamodb';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { headKey, type HeadItem } from '../../../lib/adapters/dynamodb/head-item.ts';
import { DynamoDbInstanceIndex } from '../../../lib/adapters/dynamodb/instance-index.ts';
import { DynamoDbParkingStore } from '../../../lib/adapters/dynamodb/parking-store.ts';
import { DynamoDbProcessStore } from '../../../lib/adapters/dynamodb/process-store.ts';
import { DynamoDbRetirementStore } from '../../../lib/adapters/dynamodb/retirement-store.ts';
import { MAIN_TABLE } from '../../../lib/adapters/dynamodb/tables.ts';
import { MemoryPayloadStore } from '../../../lib/adapters/memory/payload-store.ts';
import type { Head } from '../../../lib/ports/process-store.ts';
import { head } from '../../contracts/process-store.contract.ts';
import { FreshTables } from './fresh-tables.ts';

const tables = new FreshTables();
const { client } = tables;
let table = '';
let store: DynamoDbProcessStore;

beforeAll(async () => {
  table = await tables.make(MAIN_TABLE);
  store = new DynamoDbProcessStore({ client, table });
});
afterAll(() => tables.drop());

const itemOf = async (pid: string): Promise<HeadItem> =>
  (await client.send(new GetItemCommand({ TableName: table, Key: headKey(pid), ConsistentRead: true }))).Item ?? {};
const create = (over: Partial<Head>): Promise<unknown> => store.commit(head(over), { kind: 'absent' });

test('a commit keeps the attributes that newer code has written', async () => {
  await create({ pid: 'newer' });
  await client.send(
    new UpdateItemCommand({
      TableName: table,
      Key: headKey('newer'),
      UpdateExpression: 'SET #a = :a',
      ExpressionAttributeNames: { '#a': 'added' },
      ExpressionAttributeValues: { ':a': { S: 'x' } },
    }),
  );
  await store.commit(head({ pid: 'newer', version: 2 }), { kind: 'at', version: 1, run: 'r1' });
  expect(await itemOf('newer')).toMatchObject({ added: { S: 'x' }, v: { N: '2' } });
});

test('an early buffer whose item has no room is reported as full and keeps its events', async () => {
  const body = 'x'.repeat(150_000);
  const event = { pid: 'large', body, max: 100, expiresAt: 1 };
  expect([await store.buffer(event), await store.buffer(event), await store.buffer(event)].map(({ status }) => status)).toEqual([
    'buffered',
    'buffered',
    'full',
  ]);
  expect((await store.load(['large'], { consistent: true }))[0]?.early).toEqual([body, body]);
});

test('the next early event removes the expiry of an empty buffer', async () => {
  await store.buffer({ pid: 'buffer', body: 'a', max: 3, expiresAt: 70 });
  expect(await itemOf('buffer')).not.toHaveProperty('ttl');
  const [{ due: _, ...emptied } = head()] = await store.load(['buffer'], { consistent: true });
  await store.commit({ ...emptied, version: 2, early: [] }, { kind: 'early', version: 1 });
  expect(await itemOf('buffer')).toHaveProperty('ttl');
  await store.buffer({ pid: 'buffer', body: 'b', max: 3, expiresAt: 90 });
  expect(await itemOf('buffer')).not.toHaveProperty('ttl');
});

test('retiring sets the expiry of all items of an instance; a restart removes it from the head and lists the instance again', async () => {
  const pid = 'default#retired#1';
  const index = new DynamoDbInstanceIndex({ client, table, processes: ['retired'] });
  const retirement = new DynamoDbRetirementStore({ client, table, processes: ['retired'] });
  const parking = new DynamoDbParkingStore({ client, table, large: new MemoryPayloadStore() });
  const listed = async (): Promise<string[]> => {
    const found: string[] = [];
    for await (const { pid } of index.list({ tenant: 'default' })) found.push(pid);
    return found;
  };
  await create({ pid, status: 'completed', closedAt: 5, startedAt: 1 });
  await store.spill({ pid, run: 'r1', from: 0, entries: ['{}'] });
  await parking.park({ pid, id: '1#m', reason: 'CLOSED', detail: '', body: '{}', parkedAt: 1 });
  expect(await retirement.closed('default', 5, 9)).toEqual([{ pid, version: 1 }]);
  expect(await retirement.retire(pid, 1, 90_500)).toBe(true);
  const { Items = [] } = await client.send(
    new QueryCommand({ TableName: table, KeyConditionExpression: 'pk = :pk', ExpressionAttributeValues: { ':pk': { S: pid } } }),
  );
  expect(Items.map(({ sk, ttl }) => [sk?.S?.slice(0, 1), ttl?.N])).toEqual([
    ['H', '91'],
    ['J', String(91 + 7 * 86_400)],
    ['X', String(91 + 7 * 86_400)],
  ]);
  expect(await listed()).toEqual([]);
  await store.commit(head({ pid, version: 2, run: 'r2', startedAt: 9 }), { kind: 'at', version: 1, run: 'r1' });
  expect(await itemOf(pid)).not.toHaveProperty('ttl');
  expect(await listed()).toEqual([pid]);
});

test('the large values of a retired instance expire after its head, and those of a restarted instance are kept', async () => {
  const reference = `s3://bucket/orchestrator/x/${'ab'.repeat(32)}`;
  const tagged: [string, boolean][] = [];
  let meanwhile = async (): Promise<unknown> => undefined;
  const large = {
    retire: async (of: string, retired: boolean) => {
      tagged.push([of, retired]);
      await meanwhile();
    },
  };
  const retirement = new DynamoDbRetirementStore({ client, table, processes: ['large'], large });
  const value = (pid: string): Promise<unknown> =>
    client.send(new PutItemCommand({ TableName: table, Item: { pk: { S: pid }, sk: { S: 'P#1' }, ref: { S: reference } } }));
  await create({ pid: 'default#large#1', status: 'completed', closedAt: 5, startedAt: 1 });
  await value('default#large#1');
  expect(await retirement.retire('default#large#1', 1, 90_500)).toBe(true);
  expect(tagged).toEqual([[reference, true]]);

  const pid = 'default#large#2';
  await create({ pid, status: 'completed', closedAt: 5, startedAt: 1 });
  await value(pid);
  meanwhile = () => store.commit(head({ pid, version: 2, run: 'r2', startedAt: 9 }), { kind: 'at', version: 1, run: 'r1' });
  await retirement.retire(pid, 1, 90_500);
  expect(tagged.slice(1)).toEqual([
    [reference, true],
    [reference, false],
  ]);
});

test('a list over several pages of each shard has each instance once, newest first, and orders equal instants by pid', async () => {
  const instances = 600;
  const index = new DynamoDbInstanceIndex({ client, table, processes: ['paged', 'none'] });
  for (let from = 0; from < instances; from += 50)
    await Promise.all(
      Array.from({ length: 50 }, (_, n) =>
        create({ pid: `default#paged#${String(from + n).padStart(3, '0')}`, startedAt: (from + n) >> 1 }),
      ),
    );
  const found: Head[] = [];
  for await (const each of index.list({ tenant: 'default' })) found.push(each);
  expect(found.map(({ startedAt }) => startedAt)).toEqual(Array.from({ length: instances }, (_, n) => (instances - 1 - n) >> 1));
  expect(new Set(found.map(({ pid }) => pid)).size).toBe(instances);
  expect(found.slice(0, 2).map(({ pid }) => pid)).toEqual(['default#paged#598', 'default#paged#599']);
});
