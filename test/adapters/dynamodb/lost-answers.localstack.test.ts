import { DynamoDBClient } from '@aws-sdk/client-dynamodb';
import { afterAll, expect, test } from 'vitest';
import { DynamoDbIdempotencyStore } from '../../../lib/adapters/dynamodb/idempotency-store.ts';
import { DynamoDbParkingStore } from '../../../lib/adapters/dynamodb/parking-store.ts';
import { DynamoDbProcessStore } from '../../../lib/adapters/dynamodb/process-store.ts';
import { DynamoDbRetirementStore } from '../../../lib/adapters/dynamodb/retirement-store.ts';
import { COMMAND_TABLE, MAIN_TABLE } from '../../../lib/adapters/dynamodb/tables.ts';
import { MemoryPayloadStore } from '../../../lib/adapters/memory/payload-store.ts';
import { head } from '../../contracts/process-store.contract.ts';
import { FreshTables } from './fresh-tables.ts';

const tables = new FreshTables();
const client = new DynamoDBClient({});
/** Answers of writes that are still to be lost, after the service has done its work: the SDK then makes the same request again. */
let toLose = 0;
client.middlewareStack.addRelativeTo(
  (next: any, { commandName }: { readonly commandName?: string }) =>
    async (args: any) => {
      if (!/^(?:Put|Update)Item/.test(commandName ?? '')) return next(args);
      const answer = await next(args);
      if (toLose === 0) return answer;
      toLose -= 1;
      throw Object.assign(new Error('The answer is lost'), { name: 'TimeoutError' });
    },
  { relation: 'after', toMiddleware: 'retryMiddleware', name: 'loses answers' },
);

afterAll(async () => {
  client.destroy();
  await tables.drop();
});

const losing = async <T>(act: () => Promise<T>): Promise<T> => {
  toLose = 1;
  const result = await act();
  expect(toLose).toBe(0);
  return result;
};

test('a commit whose response was lost is recognized by its writer in the image that the retry returns', async () => {
  const store = new DynamoDbProcessStore({ client, table: await tables.make(MAIN_TABLE) });
  expect(await losing(() => store.commit(head(), { kind: 'absent' }))).toEqual({ status: 'conflict', current: head() });
  const next = head({ version: 2, writer: 'w2' });
  expect(await losing(() => store.commit(next, { kind: 'at', version: 1, run: 'r1' }))).toEqual({ status: 'conflict', current: next });
});

test('a chunk is spilled once, and an early event that is buffered twice is deduplicated at the start', async () => {
  const store = new DynamoDbProcessStore({ client, table: await tables.make(MAIN_TABLE) });
  await losing(() => store.spill({ pid: 'p', run: 'r', from: 0, entries: ['{}'] }));
  expect(await store.chunks('p', 'r')).toHaveLength(1);
  expect(await losing(() => store.buffer({ pid: 'p', body: 'a', max: 9, expiresAt: 1 }))).toEqual({ status: 'buffered' });
  expect((await store.load(['p'], { consistent: true }))[0]).toMatchObject({ version: 2, early: ['a', 'a'] });
});

test('a claim whose response was lost is recognized as its own by the second try', async () => {
  const store = new DynamoDbIdempotencyStore({ client, table: await tables.make(COMMAND_TABLE) });
  expect(await losing(() => store.write('a', { state: 'RUN', hash: 'h' }, 'absent'))).toEqual({ status: 'written' });
  expect(await losing(() => store.write('a', { state: 'DONE', hash: 'h' }, 1))).toEqual({ status: 'written' });
  expect(await store.read('a')).toMatchObject({ state: 'DONE', revision: 2 });
});

test('a lost response counts an attempt twice at worst, so quarantine comes earlier and never later', async () => {
  const store = new DynamoDbParkingStore({ client, table: await tables.make(MAIN_TABLE), large: new MemoryPayloadStore() });
  expect(await losing(() => store.attempt('m', 1))).toBe(2);
});

test('an instance whose retirement lost its response is retired once', async () => {
  const table = await tables.make(MAIN_TABLE);
  const store = new DynamoDbProcessStore({ client, table });
  const retirement = new DynamoDbRetirementStore({ client, table, processes: ['trip'] });
  const pid = 'default#trip#1';
  await store.commit(head({ pid, status: 'completed', closedAt: 1 }), { kind: 'absent' });
  expect(await losing(() => retirement.retire(pid, 1, 5000))).toBe(true);
  expect(await retirement.retire(pid, 1, 5000)).toBe(false);
});
