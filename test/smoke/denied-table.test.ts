import { expect, test } from 'vitest';
import { senderRoleName } from '../../lib/cdk/iam/senders.ts';
import type { Deployment } from '../localstack/outside/deployment.ts';
import { denyTable } from './denied-table.ts';

const TABLE = 'arn:aws:dynamodb:eu-west-1:111111111111:table/trips';

/** A table with policies, which records its requests in order. */
const tableOf = (name: string): { readonly deployment: Deployment; readonly asked: [string, Record<string, unknown>][] } => {
  const asked: [string, Record<string, unknown>][] = [];
  const dynamodb = {
    send: async ({ constructor, input }: { readonly constructor: { readonly name: string }; readonly input: Record<string, unknown> }) => {
      asked.push([constructor.name, input]);
      return { Table: { TableArn: TABLE } };
    },
  };
  return { deployment: { dynamodb, table: 'trips', name } as unknown as Deployment, asked };
};

test.each(['trips', `trips-${'of-a-company-with-a-long-name'.repeat(2)}`])(
  'the table of %s is denied to the role of advance-processes alone, for the while',
  async (name) => {
    const { deployment, asked } = tableOf(name);
    await denyTable(deployment, 0, async () => void asked.push(['meanwhile', {}]));
    expect(asked.map(([operation]) => operation)).toEqual([
      'DescribeTableCommand',
      'PutResourcePolicyCommand',
      'meanwhile',
      'DeleteResourcePolicyCommand',
    ]);
    const [statement] = (JSON.parse(String(asked[1]?.[1]['Policy'])) as { readonly Statement: readonly unknown[] }).Statement;
    expect(statement).toEqual({
      Sid: 'SmokeTest',
      Effect: 'Deny',
      Principal: { AWS: `arn:aws:iam::111111111111:role/${senderRoleName(name, 'eu-west-1')}` },
      Action: 'dynamodb:*',
      Resource: TABLE,
    });
    // A policy that was there before is not replaced.
    expect(asked[1]?.[1]['ExpectedRevisionId']).toBe('NO_POLICY');
  },
);

test('the policy of the table is removed even if the callback fails', async () => {
  const { deployment, asked } = tableOf('trips');
  await expect(denyTable(deployment, 0, () => Promise.reject(new Error('no bus')))).rejects.toThrow('no bus');
  expect(asked.at(-1)).toEqual(['DeleteResourcePolicyCommand', { ResourceArn: TABLE }]);
});
