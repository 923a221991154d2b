import type { DynamoDBClient } from '@aws-sdk/client-dynamodb';
import { Duration } from 'aws-cdk-lib/core';
import { expect, test } from 'vitest';
import { payments } from '../../examples/travel-booking/contracts.ts';
import { DynamoDbRetirementStore } from '../../lib/adapters/dynamodb/retirement-store.ts';
import { DynamoDbTransactionalStore } from '../../lib/adapters/dynamodb/transactional-store.ts';
import { serviceStatements } from '../../lib/cdk/iam/service-statements.ts';
import { listOf, type Statement } from './statement-lines.ts';
import { resourcesOf, testStack, tripsOrchestrator } from './synthesized.ts';

// Conditions of roles name keys and attributes that adapters write. IAM is not enforced by emulators, so they are compared here.

const stack = testStack();
const orchestrator = tripsOrchestrator(stack, { retention: Duration.days(60) });
const roles = resourcesOf(stack).filter(({ type }) => type === 'AWS::IAM::Role');

const conditionOf = (role: string, key: string): readonly string[] => {
  const policies = roles.find(({ id }) => id.includes(role))?.properties['Policies'] as readonly {
    readonly PolicyDocument: { readonly Statement: readonly Statement[] };
  }[];
  const conditions = policies.flatMap(({ PolicyDocument }) =>
    PolicyDocument.Statement.flatMap(({ Condition }) => Condition?.['ForAllValues:StringEquals']?.[key] ?? []),
  );
  return conditions.flatMap((each) => listOf(each as string | readonly string[]));
};

type Input = Readonly<Record<string, unknown>>;

const recordingClient = (answer: (input: Input) => object): { readonly client: DynamoDBClient; readonly inputs: Input[] } => {
  const inputs: Input[] = [];
  const send = async ({ input }: { readonly input: Input }): Promise<object> => {
    inputs.push(input);
    return answer(input);
  };
  return { client: { send } as unknown as DynamoDBClient, inputs };
};

test('retire-closed names no attribute that its role may not write', async () => {
  const head = { pk: { S: 'default#book-trip#1' }, sk: { S: 'H' }, v: { N: '3' }, st: { S: 'completed' }, lsh: { S: 'L' } };
  const chunk = { pk: head.pk, sk: { S: 'J#r#000000#000009' } };
  const { client, inputs } = recordingClient((input) => ('KeyConditionExpression' in input ? { Items: [head, chunk] } : {}));
  expect(await new DynamoDbRetirementStore({ client, table: 'trips', processes: ['book-trip'] }).retire('default#book-trip#1', 3, 1)).toBe(
    true,
  );
  const updates = inputs.filter((input) => 'UpdateExpression' in input);
  expect(updates).toHaveLength(2);
  const named = updates.flatMap(({ Key, ExpressionAttributeNames }) => [
    ...Object.keys(Key as object),
    ...Object.values(ExpressionAttributeNames as object),
  ]);
  expect(new Set(named)).toEqual(new Set(conditionOf('RetireClosed', 'dynamodb:Attributes')));
});

test('a service may do each part of a transaction of dynamoStore on its own table', async () => {
  const { client, inputs } = recordingClient(() => ({}));
  const store = new DynamoDbTransactionalStore({ client, table: 'trips-payments-commands' });
  await store.transact(async (tx, records) => {
    tx.put({ id: 'account', balance: 1 });
    await records.write('default#book-trip#1/r/0', { state: 'DONE', hash: '' }, 'absent');
  });
  const parts = inputs.flatMap(({ TransactItems = [] }) => TransactItems as readonly object[]).flatMap(Object.keys);
  expect(parts.toSorted()).toEqual(['Put', 'Update']);
  const { commandTable } = orchestrator.serviceQueue(payments);
  const [onTable] = serviceStatements('payments', [{ orchestrator, queue: orchestrator.serviceQueue(payments) }]).filter(({ resources }) =>
    resources.includes(commandTable.tableArn),
  );
  expect(onTable?.actions).toEqual(expect.arrayContaining(parts.map((part) => `dynamodb:${part}Item`)));
});
