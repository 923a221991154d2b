import { describe, expect, test } from 'vitest';
import { DynamoDbInstanceIndex } from '../../../lib/adapters/dynamodb/instance-index.ts';
import { DynamoDbProcessStore } from '../../../lib/adapters/dynamodb/process-store.ts';
import { DynamoDbRetirementStore } from '../../../lib/adapters/dynamodb/retirement-store.ts';
import { instanceIndexContract } from '../../contracts/instance-index.contract.ts';
import { head } from '../../contracts/process-store.contract.ts';
import { retirementStoreContract } from '../../contracts/retirement-store.contract.ts';
import { conditionFailed, failed, StubClient } from './stub-client.ts';
import { TableClient } from './table-client.ts';

// The contracts also run against DynamoDB Local, in contracts.localstack.test.ts: here they run in every `npm test`, on a table in memory.

const opened = () => {
  const { client } = new TableClient();
  const options = { client, table: 'T', processes: ['trip', 'order'] };
  return {
    store: new DynamoDbProcessStore(options),
    index: new DynamoDbInstanceIndex(options),
    retirement: new DynamoDbRetirementStore(options),
    settle: async (): Promise<void> => {},
  };
};

instanceIndexContract('dynamodb, a table in memory', opened);
retirementStoreContract('dynamodb, a table in memory', opened);

describe('the list of tenants', () => {
  const open = (stub: StubClient): DynamoDbProcessStore => new DynamoDbProcessStore({ client: stub.client, table: 'T' });
  const begin = (store: DynamoDbProcessStore, pid: string): Promise<unknown> => store.commit(head({ pid }), { kind: 'absent' });
  const operations = ({ seen }: StubClient): string[] => seen.map(({ operation }) => operation);

  test('a store writes each new tenant once, before its first head, and never the default tenant', async () => {
    const stub = new StubClient();
    const store = open(stub);
    for (const pid of ['default#trip#1', 'acme#trip#1', 'acme#trip#2', 'acme#order#1', 'default#trip#2']) await begin(store, pid);
    expect(operations(stub)).toEqual(['UpdateItem', 'PutItem', 'UpdateItem', 'UpdateItem', 'UpdateItem', 'UpdateItem']);
    expect(stub.seen[1]?.input).toMatchObject({ Item: { pk: { S: 'T#acme' } }, ConditionExpression: 'attribute_not_exists(pk)' });
  });

  test('a tenant that exists already counts as recorded', async () => {
    const stub = new StubClient(conditionFailed());
    const store = open(stub);
    await begin(store, 'acme#trip#1');
    await begin(store, 'acme#trip#2');
    expect(operations(stub)).toEqual(['PutItem', 'UpdateItem', 'UpdateItem']);
  });

  test('a head is not written when its tenant could not be recorded, and the next commit records the tenant', async () => {
    const stub = new StubClient(failed('ThrottlingException', 'Rate exceeded'));
    const store = open(stub);
    await expect(begin(store, 'acme#trip#1')).rejects.toThrow('Rate exceeded');
    await begin(store, 'acme#trip#1');
    expect(operations(stub)).toEqual(['PutItem', 'PutItem', 'UpdateItem']);
  });
});
