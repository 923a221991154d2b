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

describe('DynamoDbProcessStore.load', () => {
  test('unprocessed keys are read again, strongly consistently, until every head is loaded', async () => {
    const stub = new StubClient({ ...itemsOf('a'), ...left('b', 'c') }, { ...itemsOf('c'), ...left('b') }, itemsOf('b'));
    const pauses: number[] = [];
    expect(pidsOf(await open(stub, pauses).load(['a', 'b', 'c'], { consistent: true }))).toEqual(['a', 'b', 'c']);
    expect(stub.seen.map(({ input }) => input['RequestItems'].T.Keys.length)).toEqual([3, 2, 1]);
    expect(stub.seen.every(({ input }) => input['RequestItems'].T.ConsistentRead)).toBe(true);
    expect(pauses).toHaveLength(2);
  });

  test('unprocessed keys are retried with growing pauses, then the load throws instead of reporting heads as missing', async () => {
    const stub = new StubClient(...Array.from({ length: 99 }, () => left('a', 'b')));
    const pauses: number[] = [];
    await expect(open(stub, pauses).load(['a', 'b'], { consistent: true })).rejects.toMatchObject({ code: 'THROTTLED', retryable: true });
    expect(pauses.length).toBeGreaterThan(3);
    expect(pauses.at(-1)).toBeGreaterThan(4 * (pauses[0] as number));
    expect(stub.seen).toHaveLength(pauses.length + 1);
  });

  test('each request reads at most a hundred instances and names each once', async () => {
    const stub = new StubClient();
    const pids = Array.from({ length: 250 }, (_, n) => `p${n % 201}`);
    expect(await open(stub).load(pids, { consistent: false })).toHaveLength(250);
    expect(stub.seen.map(({ input }) => input['RequestItems'].T.Keys.length)).toEqual([100, 100, 1]);
  });

  test('an empty list makes no request, and one instance is read by one GetItem', async () => {
    const stub = new StubClient({ Item: encodeHeadItem(head()) });
    expect(await open(stub).load([], { consistent: true })).toEqual([]);
    expect(await open(stub).load([head().pid], { consistent: true })).toEqual([head()]);
    expect(stub.seen.map(({ operation }) => operation)).toEqual(['GetItem']);
  });

  test('an error that the SDK does not retry any more is thrown', async () => {
    const throttle = failed('ThrottlingException', 'Rate exceeded');
    await expect(open(new StubClient(throttle)).load(['a'], { consistent: true })).rejects.toBe(throttle);
    await expect(open(new StubClient(throttle)).commit(head(), { kind: 'absent' })).rejects.toBe(throttle);
  });
});

describe('DynamoDbProcessStore.commit', () => {
  test('a commit is one update that sets or removes every attribute of a head and no other attribute', async () => {
    const stub = new StubClient();
    expect(await open(stub).commit(head({ version: 2 }), { kind: 'at', version: 1, run: 'r1' })).toEqual({ status: 'committed' });
    const [{ operation, input } = { operation: '', input: {} }] = stub.seen;
    expect([stub.seen.length, operation, input['ReturnValuesOnConditionCheckFailure']]).toEqual([1, 'UpdateItem', 'ALL_OLD']);
    const [set = '', removed = ''] = (input['UpdateExpression'] as string).split(' REMOVE ');
    const named = [...set.matchAll(/#(\w+) =/g), ...removed.matchAll(/#(\w+)/g)].map((match) => match[1]);
    expect([named.length, new Set(named)]).toEqual([HEAD_ATTRIBUTES.length, new Set(HEAD_ATTRIBUTES)]);
    expect(removed).toBe('#dsh, #due, #closed, #hot, #un, #why, #paused, #tags, #early, #ttl');
  });

  test('a conflict returns the image and the writer from the failed condition, without a read', async () => {
    const standing = head({ version: 7, writer: 'other', tail: ['{"x":1}', '{"y":2}'] });
    const stub = new StubClient(conditionFailed(encodeHeadItem(standing)));
    expect(await open(stub).commit(head({ version: 2 }), { kind: 'at', version: 1, run: 'r1' })).toEqual({
      status: 'conflict',
      current: standing,
    });
    expect(stub.seen).toHaveLength(1);
  });

  test('a failed condition without an image reports no head, but a failed creation reads the head', async () => {
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

  test('an empty early buffer expires, and no other head does', async () => {
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

  test('consumed units are requested only for a listener, and those of indexes are reported separately', async () => {
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

describe('DynamoDbProcessStore.buffer and spill', () => {
  const event = { pid: 'p', body: 'a', max: 3, expiresAt: 5 };

  test('an item without room is reported as a full buffer, and any other fault of the request is thrown', async () => {
    const large = failed('ValidationException', 'Item size to update has exceeded the maximum allowed size');
    expect(await open(new StubClient(large)).buffer(event)).toEqual({ status: 'full' });
    const fault = failed('ValidationException', 'Invalid UpdateExpression');
    await expect(open(new StubClient(fault)).buffer(event)).rejects.toBe(fault);
  });

  test('a failed condition without an image makes the store read the head', async () => {
    const full = new StubClient(conditionFailed(), { Item: encodeHeadItem(head({ status: 'early', early: ['x'] })) });
    expect(await open(full).buffer(event)).toEqual({ status: 'full' });
    const started = new StubClient(conditionFailed(), { Item: encodeHeadItem(head()) });
    expect(await open(started).buffer(event)).toEqual({ status: 'started', current: head() });
  });

  test('a chunk that exists already is a success, and any other failure is thrown', async () => {
    const chunk = { pid: 'p', run: 'r', from: 0, entries: ['{}'] };
    await expect(open(new StubClient(conditionFailed())).spill(chunk)).resolves.toBeUndefined();
    const throttle = failed('ProvisionedThroughputExceededException', 'Too fast');
    await expect(open(new StubClient(throttle)).spill(chunk)).rejects.toBe(throttle);
  });

  test('all pages of chunks are read, with empty pages between them', async () => {
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
