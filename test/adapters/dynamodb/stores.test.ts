import { randomBytes } from 'node:crypto';
import { describe, expect, test } from 'vitest';
import { encodeHeadItem } from '../../../lib/adapters/dynamodb/head-item.ts';
import { DUE_SHARDS, LIST_SHARDS } from '../../../lib/adapters/dynamodb/shard.ts';
import { MAIN_TABLE } from '../../../lib/adapters/dynamodb/tables.ts';
import { DynamoDbIdempotencyStore } from '../../../lib/adapters/dynamodb/idempotency-store.ts';
import { DynamoDbInstanceIndex } from '../../../lib/adapters/dynamodb/instance-index.ts';
import { DynamoDbParkingStore } from '../../../lib/adapters/dynamodb/parking-store.ts';
import { DynamoDbPayloadStore } from '../../../lib/adapters/dynamodb/payload-store.ts';
import { DynamoDbRetirementStore } from '../../../lib/adapters/dynamodb/retirement-store.ts';
import { MemoryPayloadStore } from '../../../lib/adapters/memory/payload-store.ts';
import { head } from '../../contracts/process-store.contract.ts';
import { conditionFailed, failed, StubClient } from './stub-client.ts';

const HASH = 'ab'.repeat(32);
const DAY_SECONDS = 86_400;

describe('DynamoDbIdempotencyStore', () => {
  const open = (stub: StubClient): DynamoDbIdempotencyStore =>
    new DynamoDbIdempotencyStore({ client: stub.client, table: 'C', now: () => 0 });

  test("an own write whose response was lost counts as written, and another worker's write as a conflict", async () => {
    const own = new StubClient((input) => {
      const { ':w': w } = input.ExpressionAttributeValues;
      throw conditionFailed({ id: { S: 'a' }, state: { S: 'TOMB' }, hash: { S: 'h' }, revision: { N: '1' }, w });
    });
    expect(await open(own).write('a', { state: 'TOMB', hash: 'h' }, 'absent')).toEqual({ status: 'written' });
    const other = new StubClient(
      conditionFailed({ id: { S: 'a' }, state: { S: 'TOMB' }, hash: { S: 'h' }, revision: { N: '1' }, w: { S: 'x' } }),
    );
    expect(await open(other).write('a', { state: 'TOMB', hash: 'h' }, 'absent')).toEqual({
      status: 'conflict',
      current: { state: 'TOMB', hash: 'h', revision: 1 },
    });
  });

  test('a record expires 90 days after its command ended, and never before it ended', async () => {
    const stub = new StubClient();
    const store = open(stub);
    for (const state of ['RUN', 'DEFERRED', 'REVOKED', 'DONE', 'FAILED', 'TOMB'] as const) await store.write('a', { state, hash: 'h' }, 1);
    const kept = String(90 * DAY_SECONDS);
    expect(stub.seen.map(({ input }) => input['ExpressionAttributeValues'][':ttl']?.N)).toEqual([
      undefined,
      undefined,
      undefined,
      kept,
      kept,
      kept,
    ]);
  });

  test('a throttled request is thrown, because it proves nothing about the record', async () => {
    const throttle = failed('ThrottlingException', 'Rate exceeded');
    await expect(open(new StubClient(throttle)).write('a', { state: 'RUN', hash: 'h' }, 1)).rejects.toBe(throttle);
  });
});

describe('DynamoDbParkingStore', () => {
  const event = { pid: 'p', id: '1#m', reason: 'POISON', detail: 'd', body: '', parkedAt: 3 };
  const open = (stub: StubClient, large = new MemoryPayloadStore()): DynamoDbParkingStore =>
    new DynamoDbParkingStore({ client: stub.client, table: 'T', large, now: () => 0 });

  test.each(['p', ''])('a body too large for an item goes to the large store, beside %j', async (pid) => {
    const body = randomBytes(400_000).toString('base64');
    const large = new MemoryPayloadStore();
    const stub = new StubClient({}, () => ({ Items: [stub.seen[0]?.input['Item']] }));
    const store = open(stub, large);
    await store.park({ ...event, pid, body });
    expect(JSON.stringify(stub.seen[0]?.input).length).toBeLessThan(1000);
    expect((await store.parked(pid))[0]).toEqual({ ...event, pid, body });
  });

  test('a body of one megabyte that compresses well stays in its item', async () => {
    const stub = new StubClient({}, () => ({ Items: [stub.seen[0]?.input['Item']] }));
    const store = open(stub);
    const body = JSON.stringify({ text: 'grüezi '.repeat(150_000) });
    await store.park({ ...event, body });
    expect(stub.seen[0]?.input['Item'].b.B.byteLength).toBeLessThan(20_000);
    expect(await store.parked('p')).toEqual([{ ...event, body }]);
  });

  test('messages of no instance are spread over partitions, and all of them are read', async () => {
    const stub = new StubClient();
    const store = open(stub);
    for (let n = 0; n < 64; n += 1) await store.park({ ...event, pid: '', id: `${n}#m` });
    const partitions = new Set(stub.seen.map(({ input }) => input['Item'].pk.S as string));
    expect(partitions.size).toBe(8);
    stub.seen.length = 0;
    await store.parked('');
    expect(new Set(stub.seen.map(({ input }) => input['ExpressionAttributeValues'][':pk'].S))).toEqual(partitions);
  });

  test('marking a missing event is ignored, and any other failure is thrown', async () => {
    const stub = new StubClient(conditionFailed());
    const copies = ['1', '2'].map((id) => ({ id, parkedAt: 7 }));
    await open(stub).redriven('p', copies, 1000);
    expect(stub.seen.map(({ input }) => input['ExpressionAttributeValues'][':ttl'].N)).toEqual(Array(2).fill(String(1 + 30 * DAY_SECONDS)));
    const throttle = failed('ThrottlingException', 'Rate exceeded');
    await expect(open(new StubClient(throttle)).redriven('p', copies, 9)).rejects.toBe(throttle);
  });
});

describe('DynamoDbPayloadStore', () => {
  test('payloads up to the size of a message are stored compressed in the table, and larger ones in the large store only', async () => {
    const large = new MemoryPayloadStore();
    const stub = new StubClient();
    const store = new DynamoDbPayloadStore({ client: stub.client, table: 'T', large });
    const carried = JSON.stringify('x'.repeat(100 * 1024 - 2));
    await store.put('p', HASH, carried);
    expect(await large.get('p', HASH)).toBeUndefined();
    // Escaped, these take six characters each.
    const escaped = JSON.stringify('é'.repeat(20_000));
    await store.put('p', HASH, escaped);
    expect(await large.get('p', HASH)).toBe(escaped);
    expect(stub.seen.map(({ input }) => Object.keys(input['Item']))).toEqual([
      ['pk', 'sk', 'b'],
      ['pk', 'sk', 'ref'],
    ]);
  });

  test('a put fails when the large store fails, so that no item points to a missing payload', async () => {
    const stub = new StubClient();
    const large = Object.assign(new MemoryPayloadStore(), { put: async () => Promise.reject(failed('SlowDown', 'Slow down')) });
    const store = new DynamoDbPayloadStore({ client: stub.client, table: 'T', large });
    await expect(store.put('p', HASH, JSON.stringify('x'.repeat(200_000)))).rejects.toMatchObject({ name: 'SlowDown' });
    expect(stub.seen).toEqual([]);
  });
});

describe('the indexes of the table', () => {
  test.each(['default#trip#cart-', 'default#tour#2027-01-01/', ''])(
    'ids that count up from %j are spread evenly over all shards',
    (prefix) => {
      const instances = 8000;
      const places = new Map<string, number>();
      for (let n = 0; n < instances; n += 1) {
        const { lsh, dsh } = encodeHeadItem(head({ pid: `${prefix}${n}`, due: 1 }));
        for (const place of [lsh?.S?.split('#').at(-1), dsh?.S]) places.set(place as string, (places.get(place as string) ?? 0) + 1);
      }
      expect(places.size).toBe(LIST_SHARDS + DUE_SHARDS);
      for (const [place, count] of places) {
        const fair = instances / (place.startsWith('D#') ? DUE_SHARDS : LIST_SHARDS);
        expect(Math.abs(count - fair)).toBeLessThan(0.2 * fair);
      }
    },
  );

  test('bulk jobs are in one shard, so a system without one is asked once for them', async () => {
    const jobs = Array.from({ length: 100 }, (_, n) => encodeHeadItem(head({ pid: `default#tutti--bulk#job-${n}` })));
    expect(new Set(jobs.map(({ lsh }) => lsh?.S))).toEqual(new Set(['L#default#tutti--bulk#running#0']));
    const stub = new StubClient({ Items: [] });
    const index = new DynamoDbInstanceIndex({ client: stub.client, table: 'T', processes: ['tutti--bulk'] });
    for await (const _ of index.list({ tenant: 'default', statuses: ['running'] }));
    expect(stub.seen.map(({ input }) => input['ExpressionAttributeValues'][':partition'].S)).toEqual(['L#default#tutti--bulk#running#0']);
  });

  test('due instances are read page by page from the earliest time in all 16 shards', async () => {
    const item = (pid: string, due: number): object => ({ pk: { S: pid }, run: { S: 'r' }, due: { N: String(due) } });
    const stub = new StubClient({ Items: [item('b', 2)], LastEvaluatedKey: { pk: { S: 'b' } } });
    const index = new DynamoDbInstanceIndex({ client: stub.client, table: 'T', processes: [] });
    expect(await index.due(9, 5)).toEqual([{ pid: 'b', run: 'r', due: 2 }]);
    expect(new Set(stub.seen.map(({ input }) => input['ExpressionAttributeValues'][':shard'].S)).size).toBe(16);
    expect(stub.seen.filter(({ input }) => input['ExclusiveStartKey'] !== undefined)).toHaveLength(1);
  });

  test('the number of shards is part of the index name, so another number needs another index', () => {
    expect([MAIN_TABLE.indexes.map(({ name }) => name), LIST_SHARDS, DUE_SHARDS]).toEqual([['list', 'due'], 32, 16]);
  });

  test('every instance that is due at the last instant of a page is read, because the index does not order equal instants', async () => {
    const item = (pid: string, due: number): object => ({ pk: { S: pid }, run: { S: 'r' }, due: { N: String(due) } });
    const more = { LastEvaluatedKey: { pk: { S: 'x' } } };
    const stub = new StubClient({ Items: [item('z', 2)], ...more }, ...Array.from({ length: 15 }, () => ({ Items: [] })), {
      Items: [item('a', 2), item('m', 3)],
      ...more,
    });
    const index = new DynamoDbInstanceIndex({ client: stub.client, table: 'T', processes: [] });
    expect(await index.due(9, 1)).toEqual([{ pid: 'a', run: 'r', due: 2 }]);
  });

  test('no page is read after the reader stops', async () => {
    const entries = Array.from({ length: 50 }, (_, n) => ({
      pk: { S: `default#trip#${99 - n}` },
      lsk: { S: String(99 - n).padStart(15, '0') },
    }));
    const stub = new StubClient({ Items: entries, LastEvaluatedKey: { pk: { S: 'more' } } });
    const index = new DynamoDbInstanceIndex({ client: stub.client, table: 'T', processes: ['trip'] });
    for await (const _ of index.list({ tenant: 'default', statuses: ['running'] })) break;
    expect(stub.seen.filter(({ operation }) => operation === 'Query').length).toBeLessThanOrEqual(LIST_SHARDS + 1);
  });
});

describe('DynamoDbRetirementStore.retire', () => {
  const key = (sk: string): Record<string, object> => ({ pk: { S: 'p' }, sk: { S: sk } });
  const closedHead = { ...key('H'), v: { N: '4' }, st: { S: 'completed' }, lsh: { S: 'L#' } };
  const open = (stub: StubClient): DynamoDbRetirementStore =>
    new DynamoDbRetirementStore({ client: stub.client, table: 'T', processes: [] });
  const updates = (stub: StubClient): [string, string][] =>
    stub.seen.filter(({ operation }) => operation === 'UpdateItem').map(({ input }) => [input['Key'].sk.S, input['UpdateExpression']]);

  test('the items of all pages are marked to expire, and the head is marked last', async () => {
    const stub = new StubClient({ Items: [closedHead, key('J#1')], LastEvaluatedKey: key('J#1') }, {}, { Items: [key('P#1'), key('X#1')] });
    expect(await open(stub).retire('p', 4, 9000)).toBe(true);
    expect(updates(stub).map(([sk]) => sk)).toEqual(['J#1', 'P#1', 'X#1', 'H']);
  });

  test('a head expires days before the items that it refers to, because they are read as long as the head exists', async () => {
    const stub = new StubClient({ Items: [closedHead, key('J#1'), { ...key('P#1'), ttl: { N: '9' } }] });
    await open(stub).retire('p', 4, 9000);
    const ttls = stub.seen.slice(1).map(({ input }) => Number(input['ExpressionAttributeValues'][':ttl'].N));
    expect(ttls).toEqual([9 + 7 * DAY_SECONDS, 9 + 7 * DAY_SECONDS, 9]);
  });

  test('the marks are removed when the instance was restarted meanwhile', async () => {
    const restarted = { Items: [{ ...closedHead, v: { N: '5' } }] };
    const stub = new StubClient({ Items: [closedHead, key('J#1')] }, {}, conditionFailed(), restarted);
    expect(await open(stub).retire('p', 4, 9000)).toBe(false);
    expect(updates(stub).at(-1)).toEqual(['J#1', 'REMOVE #ttl']);
  });

  test('the marks of a faster call are kept, and an own retry counts as its first try', async () => {
    const { lsh: _, ...retired } = closedHead;
    const faster = new StubClient({ Items: [closedHead, key('J#1')] }, {}, conditionFailed(), { Items: [{ ...retired, ttl: { N: '7' } }] });
    expect(await open(faster).retire('p', 4, 9000)).toBe(false);
    expect(updates(faster).map(([sk]) => sk)).toEqual(['J#1', 'H']);
    const again = new StubClient({ Items: [closedHead] }, conditionFailed(), { Items: [{ ...retired, ttl: { N: '9' } }] });
    expect(await open(again).retire('p', 4, 9000)).toBe(true);
  });
});
