import { GetItemCommand } from '@aws-sdk/client-dynamodb';
import { afterAll, describe, expect, test } from 'vitest';
import { COMMAND_TABLE } from '../../lib/adapters/dynamodb/tables.ts';
import { dynamoStore } from '../../lib/service/dynamo-store.ts';
import type { DynamoTransaction } from '../../lib/adapters/dynamodb/transactional-store.ts';
import { storeRecords } from '../../lib/service/store.ts';
import { FreshTables } from '../adapters/dynamodb/fresh-tables.ts';
import { idempotencyStoreContract } from '../contracts/idempotency-store.contract.ts';
import { servePayments } from './payments.ts';
import { ID, ServiceRig, SETTLING } from './service-rig.ts';

const tables = new FreshTables();
afterAll(() => tables.drop());

idempotencyStoreContract('DynamoDB, with transactions', async () => {
  const store = dynamoStore({ table: await tables.make(COMMAND_TABLE), client: tables.client });
  return storeRecords(store)!;
});

interface Charging {
  readonly rig: ServiceRig;
  readonly charge: () => Promise<unknown>;
  readonly state: () => Promise<string | undefined>;
  readonly runs: () => number;
}

async function charging(then: (runs: number) => void = () => {}): Promise<Charging> {
  const table = await tables.make(COMMAND_TABLE);
  const store = dynamoStore({ table, client: tables.client });
  let runs = 0;
  const served = servePayments<DynamoTransaction>(
    {
      effect: 'transaction',
      cancel: async (_input, task) => task.tx.put({ id: 'charge', cancelled: true }),
      run: async ({ amount }, task) => {
        runs += 1;
        task.tx.put({ id: 'charge', amount });
        if (amount === 13) throw task.errors.CardDeclined({ reason: 'unlucky' });
        if (amount === 99) return task.defer();
        then(runs);
        return { paymentId: 'p-7' };
      },
    },
    { store },
  );
  const item = async (id: string) =>
    (await tables.client.send(new GetItemCommand({ TableName: table, Key: { id: { S: id } }, ConsistentRead: true }))).Item;
  return { rig: new ServiceRig(served), charge: () => item('charge'), state: async () => (await item(ID))?.['state']?.S, runs: () => runs };
}

describe('effect class transaction on DynamoDB', () => {
  test('effect and reply commit together, and a duplicate does not run', async () => {
    const { rig, charge, state, runs } = await charging();
    rig.send();
    await rig.deliver();
    rig.send({ attempt: 2 });
    await rig.deliver();
    expect(await charge()).toMatchObject({ amount: { N: '5' } });
    expect(await state()).toBe('DONE');
    expect(rig.outcomes()).toEqual(['completed', 'completed']);
    expect(runs()).toBe(1);
  });

  test('one of two copies in a batch commits, and both have the same answer', async () => {
    const { rig } = await charging();
    rig.send();
    rig.send({ attempt: 2 });
    expect(await rig.deliver()).toMatchObject([{ action: 'deleted' }, { action: 'deleted' }]);
    expect(rig.replies[1]).toEqual(rig.replies[0]);
  });

  test('a declared error is recorded without an effect, and a handler that throws has no effect', async () => {
    const declined = await charging();
    declined.rig.send({ data: { amount: 13, card: 'c' } });
    await declined.rig.deliver();
    expect(await declined.charge()).toBeUndefined();
    expect(await declined.state()).toBe('FAILED');
    const thrown = await charging(() => {
      throw new TypeError('oops');
    });
    thrown.rig.send();
    expect(await thrown.rig.deliver()).toMatchObject([{ action: 'given-back' }]);
    // The record has only the count of runs.
    expect([await thrown.charge(), await thrown.state()]).toEqual([undefined, 'RUN']);
  });

  test('a deferral commits with its effect, and its cancellation commits with the effect of cancel', async () => {
    const { rig, charge, state } = await charging();
    rig.send({ data: { amount: 99, card: 'c' } });
    await rig.deliver();
    expect([await state(), await charge()]).toMatchObject(['DEFERRED', { amount: { N: '99' } }]);
    rig.send({ ...SETTLING, data: { amount: 99, card: 'c' } });
    await rig.deliver();
    expect(rig.outcomes()).toEqual(['deferred', 'cancelled']);
    expect([await state(), await charge()]).toMatchObject(['TOMB', { cancelled: { BOOL: true } }]);
  });
});
