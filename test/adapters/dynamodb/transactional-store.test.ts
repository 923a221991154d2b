import { describe, expect, test } from 'vitest';
import { DynamoDbTransactionalStore } from '../../../lib/adapters/dynamodb/transactional-store.ts';
import { StubClient, failed } from './stub-client.ts';

const TABLE = 'stock-commands';
const RUN = { state: 'RUN', hash: 'h', token: 't' } as const;
const DONE = { state: 'DONE', hash: 'h', reply: '{}' } as const;

function cancelled(...codes: readonly string[]): Error {
  return Object.assign(failed('TransactionCanceledException', 'no'), { CancellationReasons: codes.map((Code) => ({ Code })) });
}

function storeOn(stub: StubClient): DynamoDbTransactionalStore {
  return new DynamoDbTransactionalStore({ client: stub.client, table: TABLE, now: () => 0 });
}

/** Claims, puts an item, answers, as a handler of effect class transaction does. */
function deduct(store: DynamoDbTransactionalStore): Promise<string> {
  return store.transact(async (tx, records) => {
    const claim = await records.write('c/1', RUN, 'absent');
    if (claim.status === 'conflict') return 'conflict';
    tx.put({ id: 'sku-1', left: 3, tags: ['a'], note: undefined, sold: null, open: true });
    return (await records.write('c/1', DONE, 1)).status;
  });
}

describe('a transaction on DynamoDB', () => {
  test('a transaction reads once, then writes the final record and the items in one request', async () => {
    const stub = new StubClient({}, {});
    expect(await deduct(storeOn(stub))).toBe('written');
    expect(stub.seen.map(({ operation }) => operation)).toEqual(['GetItem', 'TransactWriteItems']);
    const [update, put] = stub.seen[1]!.input['TransactItems'] as { Update?: Record<string, any>; Put?: object }[];
    expect(update?.Update).toMatchObject({ TableName: TABLE, Key: { id: { S: 'c/1' } }, ConditionExpression: 'attribute_not_exists(id)' });
    expect(update?.Update?.['ExpressionAttributeValues']).toMatchObject({ ':state': { S: 'DONE' }, ':revision': { N: '1' } });
    expect(put).toEqual({
      Put: {
        TableName: TABLE,
        Item: { id: { S: 'sku-1' }, left: { N: '3' }, tags: { L: [{ S: 'a' }] }, sold: { NULL: true }, open: { BOOL: true } },
      },
    });
  });

  test('an item that was put twice is written once with its last content, because DynamoDB refuses two writes of one item', async () => {
    const stub = new StubClient({});
    await storeOn(stub).transact(async (tx) => {
      tx.put({ id: 'sku-1', left: 3 });
      tx.put({ id: 'sku-2', left: 9 });
      tx.put({ id: 'sku-1', left: 2 });
    });
    const puts = stub.seen[0]!.input['TransactItems'] as { Put: { Item: object } }[];
    expect(puts.map(({ Put }) => Put.Item)).toEqual([
      { id: { S: 'sku-1' }, left: { N: '2' } },
      { id: { S: 'sku-2' }, left: { N: '9' } },
    ]);
  });

  test.each(['ConditionalCheckFailed', 'TransactionConflict'])('the body runs again after %s, with the current record', async (code) => {
    const stub = new StubClient({}, cancelled(code, 'None'), {
      Item: { id: { S: 'c/1' }, state: { S: 'DONE' }, hash: { S: 'h' }, revision: { N: '1' } },
    });
    expect(await deduct(storeOn(stub))).toBe('conflict');
    expect(stub.seen.map(({ operation }) => operation)).toEqual(['GetItem', 'TransactWriteItems', 'GetItem']);
  });

  test('a transaction fails after three attempts, and at once after any other failure', async () => {
    const conflict = cancelled('TransactionConflict');
    const stub = new StubClient({}, conflict, {}, conflict, {}, conflict);
    await expect(deduct(storeOn(stub))).rejects.toBe(conflict);
    expect(stub.seen).toHaveLength(6);
    const other = new StubClient({}, cancelled('None', 'ValidationError'));
    await expect(deduct(storeOn(other))).rejects.toThrow('no');
    expect(other.seen).toHaveLength(2);
  });

  test('nothing is written when the body throws or puts a value that is not plain', async () => {
    const stub = new StubClient();
    const store = storeOn(stub);
    await expect(
      store.transact(async (tx) => {
        tx.put({ id: 'sku-1' });
        throw new TypeError('oops');
      }),
    ).rejects.toThrow('oops');
    await expect(store.transact(async (tx) => tx.put({ id: 'sku-1', at: { since: new Date(0) } }))).rejects.toMatchObject({
      code: 'DATA_INVALID',
      message: expect.stringContaining('tx.put.at.since is Date') as string,
    });
    await expect(store.transact(async (tx) => tx.put({ id: 'sku-1', left: Number.NaN }))).rejects.toThrow(
      /tx\.put\.left is the number NaN/,
    );
    expect(stub.seen).toEqual([]);
  });
});
