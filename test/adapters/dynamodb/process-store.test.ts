import { describe, expect, test } from 'vitest';
import { encodeChunk } from '../../../lib/adapters/dynamodb/chunk-item.ts';
import { encodeHeadItem, HEAD_ATTRIBUTES, headKey } from '../../../lib/adapters/dynamodb/head-item.ts';
import { DynamoDbProcessStore } from '../../../lib/adapters/dynamodb/process-store.ts';
import { head } from '../../contracts/process-store.contract.ts';
import { conditionFailed, failed, StubClient } from './stub-client.ts';

const open = (stub: StubClient, pauses: number[] = []): DynamoDbProcessStore =>
  new DynamoDbProcessStore({ client: stub.client, table: 'T', now: () => 1_000_000, pause: async (ms) => void pauses.push(ms) });
const itemsOf = (...pids: string[]): object => ({ Responses: { T: pids.map((pid) => encodeHeadItem(head({ pid }))) } });
const left = (...pids: string[]): object => ({ UnprocessedKeys: { T: { Keys: pids.map(headKey), ConsistentRead: true } } });
const pidsOf = (heads: readonly (object | undefined)[]): unknown[] => heads.map((each) => (each as { pid: string } | undefined)?.pid);

describe('loading', () => {
  test('asks for what was left unprocessed again, consistently, until all is there', async () => {
    const stub = new StubClient({ ...itemsOf('a'), ...left('b', 'c') }, { ...itemsOf('c'), ...left('b') }, itemsOf('b'));
    const pauses: number[] = [];
    expect(pidsOf(await open(stub, pauses).load(['a', 'b', 'c'], { consistent: true }))).toEqual(['a', 'b', 'c']);
    expect(stub.seen.map(({ input }) => input['RequestItems'].T.Keys.length)).toEqual([3, 2, 1]);
    expect(stub.seen.every(({ input }) => input['RequestItems'].T.ConsistentRead)).toBe(true);
    expect(pauses).toHaveLength(2);
  });

  test('pauses longer and longer while nothing comes, then throws: what was not read is not missing', async () => {
    const stub = new StubClient(...Array.from({ length: 99 }, () => left('a', 'b')));
    const pauses: number[] = [];
    await expect(open(stub, pauses).load(['a', 'b'], { consistent: true })).rejects.toMatchObject({ code: 'THROTTLED', retryable: true });
    expect(pauses.length).toBeGreaterThan(3);
    expect(pauses.at(-1)).toBeGreaterThan(4 * (pauses[0] as number));
    expect(stub.seen).toHaveLength(pauses.length + 1);
  });

  test('takes one request for each hundred instances, and names each once', async () => {
    const stub = new StubClient();
    const pids = Array.from({ length: 250 }, (_, n) => `p${n % 201}`);
    expect(await open(stub).load(pids, { consistent: false })).toHaveLength(250);
    expect(stub.seen.map(({ input }) => input['RequestItems'].T.Keys.length)).toEqual([100, 100, 1]);
  });

  test('asks nothing for nothing, and for one instance with one GetItem', async () => {
    const stub = new StubClient({ Item: encodeHeadItem(head()) });
    expect(await open(stub).load([], { consistent: true })).toEqual([]);
    expect(await open(stub).load([head().pid], { consistent: true })).toEqual([head()]);
    expect(stub.seen.map(({ operation }) => operation)).toEqual(['GetItem']);
  });

  test('throws what the SDK gives up on', async () => {
    const throttle = failed('ThrottlingException', 'Rate exceeded');
    await expect(open(new StubClient(throttle)).load(['a'], { consistent: true })).rejects.toBe(throttle);
    await expect(open(new StubClient(throttle)).commit(head(), { kind: 'absent' })).rejects.toBe(throttle);
  });
});

describe('committing', () => {
  test('is one update that sets or removes every attribute of a head and nothing else', async () => {
    const stub = new StubClient();
    expect(await open(stub).commit(head({ version: 2 }), { kind: 'at', version: 1, run: 'r1' })).toEqual({ status: 'committed' });
    const [{ operation, input } = { operation: '', input: {} }] = stub.seen;
    expect([stub.seen.length, operation, input['ReturnValuesOnConditionCheckFailure']]).toEqual([1, 'UpdateItem', 'ALL_OLD']);
    const [set = '', removed = ''] = (input['UpdateExpression'] as string).split(' REMOVE ');
    const named = [...set.matchAll(/#(\w+) =/g), ...removed.matchAll(/#(\w+)/g)].map((match) => match[1]);
    expect([named.length, new Set(named)]).toEqual([HEAD_ATTRIBUTES.length, new Set(HEAD_ATTRIBUTES)]);
    expect(removed).toBe('#dsh, #due, #closed, #hot, #un, #why, #tags, #early, #ttl');
  });

  test('takes the old image that comes with a failed condition, without reading, and tells its writer', async () => {
    const standing = head({ version: 7, writer: 'other', tail: ['{"x":1}', '{"y":2}'] });
    const stub = new StubClient(conditionFailed(encodeHeadItem(standing)));
    expect(await open(stub).commit(head({ version: 2 }), { kind: 'at', version: 1, run: 'r1' })).toEqual({
      status: 'conflict',
      current: standing,
    });
    expect(stub.seen).toHaveLength(1);
  });

  test('knows nothing of a head that a failed condition came without, but reads the one that a creation met', async () => {
    const advance = new StubClient(conditionFailed());
    expect(await open(advance).commit(head({ version: 2 }), { kind: 'at', version: 1, run: 'r1' })).toEqual({
      status: 'conflict',
      current: undefined,
    });
    expect(advance.seen).toHaveLength(1);
    const create = new StubClient(conditionFailed(), { Item: encodeHeadItem(head({ writer: 'other' })) });
    expect(await open(create).commit(head(), { kind: 'absent' })).toEqual({ status: 'conflict', current: head({ writer: 'other' }) });
    expect(create.seen[1]?.input['ConsistentRead']).toBe(true);
  });

  test('lets an emptied buffer expire, and no other head', async () => {
    const stub = new StubClient();
    const store = open(stub);
    await store.commit(head({ status: 'early', early: [] }), { kind: 'early', version: 1 });
    await store.commit(head({ status: 'early', early: ['a'] }), { kind: 'early', version: 1 });
    await store.commit(head({ status: 'stuck', early: [] }), { kind: 'early', version: 1 });
    expect(stub.seen.map(({ input }) => input['ExpressionAttributeValues'][':ttl']?.N)).toEqual([
      String(1000 + 14 * 86_400),
      undefined,
      undefined,
    ]);
  });

  test('requests consumed units only for a listener, and reports those of indexes separately', async () => {
    const silent = new StubClient();
    await open(silent).commit(head(), { kind: 'absent' });
    expect(silent.seen[0]?.input).not.toHaveProperty('ReturnConsumedCapacity');
    const units: object[] = [];
    const stub = new StubClient({
      ConsumedCapacity: {
        CapacityUnits: 4,
        Table: { CapacityUnits: 1 },
        GlobalSecondaryIndexes: { list: { CapacityUnits: 2 }, due: { CapacityUnits: 1 } },
      },
    });
    await new DynamoDbProcessStore({ client: stub.client, table: 'T', onConsumed: (each) => void units.push(each) }).commit(head(), {
      kind: 'absent',
    });
    expect(units).toEqual([{ read: 0, write: 1, indexRead: 0, indexWrite: 3 }]);
    expect(stub.seen[0]?.input['ReturnConsumedCapacity']).toBe('INDEXES');
  });
});

describe('buffering and spilling', () => {
  const event = { pid: 'p', body: 'a', max: 3, expiresAt: 5 };

  test('finds the buffer full where the item has no room, and throws on any other fault of the request', async () => {
    const large = failed('ValidationException', 'Item size to update has exceeded the maximum allowed size');
    expect(await open(new StubClient(large)).buffer(event)).toEqual({ status: 'full' });
    const fault = failed('ValidationException', 'Invalid UpdateExpression');
    await expect(open(new StubClient(fault)).buffer(event)).rejects.toBe(fault);
  });

  test('reads the head where a failed condition came without it', async () => {
    const full = new StubClient(conditionFailed(), { Item: encodeHeadItem(head({ status: 'early', early: ['x'] })) });
    expect(await open(full).buffer(event)).toEqual({ status: 'full' });
    const started = new StubClient(conditionFailed(), { Item: encodeHeadItem(head()) });
    expect(await open(started).buffer(event)).toEqual({ status: 'started', current: head() });
  });

  test('takes a chunk that is there already for success, and no other failure', async () => {
    const chunk = { pid: 'p', run: 'r', from: 0, entries: ['{}'] };
    await expect(open(new StubClient(conditionFailed())).spill(chunk)).resolves.toBeUndefined();
    const throttle = failed('ProvisionedThroughputExceededException', 'Too fast');
    await expect(open(new StubClient(throttle)).spill(chunk)).rejects.toBe(throttle);
  });

  test('reads all pages of chunks, empty ones in between', async () => {
    const chunk = { pid: 'p', run: 'r', from: 2, entries: ['{"a":1}', '{"b":2}'] };
    const next = { pk: { S: 'p' }, sk: { S: 'J#r#00000001#00000001' } };
    const stub = new StubClient({ Items: [], LastEvaluatedKey: next }, { Items: [encodeChunk(chunk)] });
    expect(await open(stub).chunks('p', 'r')).toEqual([chunk]);
    expect(stub.seen.map(({ input }) => [input['ExclusiveStartKey'], input['ConsistentRead']])).toEqual([
      [undefined, true],
      [next, true],
    ]);
  });
});
