import { Duration, Stack } from 'aws-cdk-lib/core';
import { Metric } from 'aws-cdk-lib/aws-cloudwatch';
import { CfnRule, type IEventBus } from 'aws-cdk-lib/aws-events';
import { Effect, PolicyStatement, ServicePrincipal } from 'aws-cdk-lib/aws-iam';
import type { IKey } from 'aws-cdk-lib/aws-kms';
import { Construct } from 'constructs';
import type { SystemContract } from '../../contract/runtime-contract.ts';
import type { Alarms } from './alarms.ts';
import { boundedName } from './bounded-name.ts';
import { letServicesUse } from './customer-key.ts';
import { eventPatterns, replyPattern } from './event-patterns.ts';
import type { QueuePair } from './queue-pair.ts';
import { checkRuleCount } from './stack-limits.ts';

const RULE_NAME_LENGTH_MAX = 64;
/** As long as EventBridge tries at all. */
const TARGET_RETRY = { maximumEventAgeInSeconds: 24 * 3600, maximumRetryAttempts: 185 };

export interface InboxRulesProps {
  readonly name: string;
  readonly system: SystemContract;
  readonly accounts: readonly string[];
  readonly bus: IEventBus;
  readonly inbox: QueuePair;
  readonly alarms: Alarms;
  readonly encryptionKey: IKey | undefined;
}

/** Brings what the system hears from the bus into its inbox: the events of its contracts, and the answers to its commands. */
export class InboxRules extends Construct {
  constructor(scope: Construct, id: string, { name, system, accounts, bus, inbox, alarms, encryptionKey }: InboxRulesProps) {
    super(scope, id);
    const patterns = [
      { name: 'replies', ruleName: `${name}-replies`, pattern: replyPattern(system, accounts) },
      ...eventPatterns(system, accounts).map((each) => ({ ...each, ruleName: `${name}-hears-${each.name}` })),
    ].map((each) => ({ ...each, ruleName: boundedName(each.ruleName, RULE_NAME_LENGTH_MAX) }));
    checkRuleCount(this, name, patterns.length);
    const rules = ruleArn(this, bus, `${name}-*`);
    if (encryptionKey) letServicesUse(this, encryptionKey, rules);
    for (const queue of [inbox.queue, inbox.deadLetterQueue]) queue.addToResourcePolicy(deliveringBy(rules, queue.queueArn));
    for (const { name, ruleName, pattern } of patterns) {
      const rule = new CfnRule(this, name, {
        name: ruleName,
        eventBusName: bus.eventBusName,
        eventPattern: pattern,
        targets: [
          { id: 'inbox', arn: inbox.queue.queueArn, deadLetterConfig: { arn: inbox.deadLetterQueue.queueArn }, retryPolicy: TARGET_RETRY },
        ],
      });
      // An event that EventBridge may not deliver goes to the dead-letter queue at once, if it may go there.
      rule.node.addDependency(inbox.queue, inbox.deadLetterQueue);
      alarms.add(rule, 'FailedAlarm', {
        metric: ruleMetric('FailedInvocations', bus, ruleName),
        description: `EventBridge could not put events of ${ruleName} into the inbox: see the policy and the encryption of the queue.`,
        threshold: 1,
      });
      alarms.add(rule, 'LostAlarm', {
        metric: ruleMetric('InvocationsFailedToBeSentToDlq', bus, ruleName),
        description: `EventBridge could put events of ${ruleName} neither into the inbox nor into its dead-letter queue: they are lost. See the policies of both queues.`,
        threshold: 1,
      });
    }
  }
}

/**
 * By their names, which begin with that of the deployment: one entry, so that the policy has the same 8 KB to spare for any number of owners, and is there
 * before the first event is delivered.
 */
function ruleArn(scope: Construct, bus: IEventBus, ruleName: string): string {
  const resourceName = bus.eventBusName === 'default' ? ruleName : `${bus.eventBusName}/${ruleName}`;
  return Stack.of(scope).formatArn({ service: 'events', resource: 'rule', resourceName });
}

function deliveringBy(rules: string, queueArn: string): PolicyStatement {
  return new PolicyStatement({
    sid: 'RulesDeliver',
    effect: Effect.ALLOW,
    principals: [new ServicePrincipal('events.amazonaws.com')],
    actions: ['sqs:SendMessage'],
    resources: [queueArn],
    conditions: { ArnLike: { 'aws:SourceArn': rules } },
  });
}

/** EventBridge reports these only where they are not zero ("Monitoring Amazon EventBridge"). */
function ruleMetric(metricName: string, bus: IEventBus, ruleName: string): Metric {
  const ofBus = bus.eventBusName === 'default' ? {} : { EventBusName: bus.eventBusName };
  return new Metric({
    namespace: 'AWS/Events',
    metricName,
    dimensionsMap: { ...ofBus, RuleName: ruleName },
    period: Duration.minutes(5),
    statistic: 'Sum',
  });
}
