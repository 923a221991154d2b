import { Aws, Stack, Token } from 'aws-cdk-lib/core';
import type { Construct } from 'constructs';
import { boundedName } from '../resources/bounded-name.ts';

/** IAM allows 64 characters; the longest regions have 14. */
const NAME_LENGTH_MAX = 40;

/** Roles are global in an account, so the region is part of the name. */
export function senderRoleName(name: string, region: string): string {
  return `${boundedName(name, NAME_LENGTH_MAX)}-advance-${region}`;
}

/** The ARN of the role that sends commands, known by its name alone, so that queues elsewhere can name it before it is there. */
export function senderRoleArn(scope: Construct, name: string, account: string, region: string): string {
  const { partition } = Stack.of(scope);
  return `arn:${Token.isUnresolved(partition) ? Aws.PARTITION : partition}:iam::${account}:role/${senderRoleName(name, region)}`;
}
