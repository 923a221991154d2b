import { Aws, Stack, Token } from 'aws-cdk-lib/core';
import type { IEventBus } from 'aws-cdk-lib/aws-events';
import { AnyPrincipal, Effect, type IRole, PolicyStatement } from 'aws-cdk-lib/aws-iam';
import type { Construct } from 'constructs';
import { boundedName } from '../resources/aws-limits.ts';
import type { QueuePair } from '../resources/queue-pair.ts';

/** IAM allows 64 characters for the name of a role; the longest name of a region has 14. */
const ROLE_NAME_LENGTH_MAX = 40;

/** The name of the role of advance-processes. It contains the region, because roles are global within an account. */
export function senderRoleName(name: string, region: string): string {
  return `${boundedName(name, ROLE_NAME_LENGTH_MAX)}-advance-${region}`;
}

/** The ARN of the role that sends commands. It follows from names alone, so the policy of a queue can name the role before the role exists. */
export function senderRoleArn(scope: Construct, name: string, account: string, region: string): string {
  const { partition } = Stack.of(scope);
  return `arn:${Token.isUnresolved(partition) ? Aws.PARTITION : partition}:iam::${account}:role/${senderRoleName(name, region)}`;
}

/** An ARN pattern of all rules of a deployment on its bus: their names begin with its name. A rule of the default bus has no bus in its ARN. */
export function rulesOf(scope: Construct, bus: IEventBus, name: string): string {
  const resourceName = bus.eventBusName === 'default' ? `${name}-*` : `${bus.eventBusName}/${name}-*`;
  return Stack.of(scope).formatArn({ service: 'events', resource: 'rule', resourceName });
}

export interface OwnSenders {
  /** Roles of the deployment's functions. */
  readonly roles: readonly IRole[];
  /** ARN pattern of the rules that deliver into the queue. @default no rule may deliver */
  readonly rules?: string;
}

/**
 * Denies `sqs:SendMessage` to every sender outside the deployment, whatever its own policies allow, because the engine trusts the messages of
 * these queues. A negated operator also matches if its key is missing (IAM, Condition operators). EventBridge therefore passes by
 * `aws:SourceArn` and has no `aws:PrincipalArn`; a function passes by `aws:PrincipalArn`, which is its role also in a session; every
 * other caller is denied. SQS moves a dead letter without a call that a policy evaluates.
 */
export function refuseOthers({ queue, deadLetterQueue }: QueuePair, { roles, rules }: OwnSenders): void {
  for (const each of [queue, deadLetterQueue])
    each.addToResourcePolicy(
      new PolicyStatement({
        sid: 'OthersNeverSend',
        effect: Effect.DENY,
        principals: [new AnyPrincipal()],
        actions: ['sqs:SendMessage'],
        resources: [each.queueArn],
        conditions: {
          ArnNotLike: { 'aws:PrincipalArn': roles.map(({ roleArn }) => roleArn), ...(rules !== undefined && { 'aws:SourceArn': rules }) },
        },
      }),
    );
}
