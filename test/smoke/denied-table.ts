import { setTimeout as pause } from 'node:timers/promises';
import { DeleteResourcePolicyCommand, DescribeTableCommand, PutResourcePolicyCommand } from '@aws-sdk/client-dynamodb';
import { senderRoleName } from '../../lib/cdk/iam/senders.ts';
import type { Deployment } from '../localstack/outside/deployment.ts';

/** Denies the table to advance-processes, by a policy of the table, while `meanwhile` and so many seconds pass. The policy is removed in any case. */
export async function denyTable({ dynamodb, table, name }: Deployment, seconds: number, meanwhile: () => Promise<void>): Promise<void> {
  const { Table } = await dynamodb.send(new DescribeTableCommand({ TableName: table }));
  const arn = Table!.TableArn!;
  const [, partition, , region, account] = arn.split(':') as [string, string, string, string, string];
  const Policy = JSON.stringify({
    Version: '2012-10-17',
    Statement: [
      {
        Sid: 'SmokeTest',
        Effect: 'Deny',
        Principal: { AWS: `arn:${partition}:iam::${account}:role/${senderRoleName(name, region)}` },
        Action: 'dynamodb:*',
        Resource: arn,
      },
    ],
  });
  await dynamodb.send(new PutResourcePolicyCommand({ ResourceArn: arn, Policy, ExpectedRevisionId: 'NO_POLICY' }));
  try {
    await meanwhile();
    await pause(seconds * 1000);
  } finally {
    await dynamodb.send(new DeleteResourcePolicyCommand({ ResourceArn: arn }));
  }
}
