import { Stack } from 'aws-cdk-lib/core';
import type { IEventBus } from 'aws-cdk-lib/aws-events';
import { AnyPrincipal, Effect, type IRole, PolicyStatement } from 'aws-cdk-lib/aws-iam';
import type { Construct } from 'constructs';
import type { QueuePair } from '../resources/queue-pair.ts';

export interface OwnSenders {
  /** Roles of the deployment's functions. */
  readonly roles: readonly IRole[];
  /** ARN pattern of the rules that deliver into the queue. @default no rule does */
  readonly rules?: string;
}

/**
 * Refuses every message that is not of the deployment itself, whatever rights its sender has elsewhere: the engine believes what lies in
 * these queues. A negated operator also holds where its key is missing (IAM, Condition operators), so EventBridge passes by
 * `aws:SourceArn` and has no `aws:PrincipalArn`, a function passes by `aws:PrincipalArn`, which is its role also in a session, and every
 * other caller is refused. The move of a dead letter by SQS itself is no call that a policy sees.
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

/** The rules of a deployment on its bus, by the beginning of their names. A rule of the default bus has no bus in its ARN. */
export function rulesOf(scope: Construct, bus: IEventBus, name: string): string {
  const resourceName = bus.eventBusName === 'default' ? `${name}-*` : `${bus.eventBusName}/${name}-*`;
  return Stack.of(scope).formatArn({ service: 'events', resource: 'rule', resourceName });
}
