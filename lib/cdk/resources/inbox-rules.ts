import { Duration } from 'aws-cdk-lib/core';
import { Metric } from 'aws-cdk-lib/aws-cloudwatch';
import { CfnRule, type IEventBus } from 'aws-cdk-lib/aws-events';
import { Effect, PolicyStatement, ServicePrincipal } from 'aws-cdk-lib/aws-iam';
import type { IKey } from 'aws-cdk-lib/aws-kms';
import { Construct } from 'constructs';
import type { SystemContract } from '../../contract/runtime-contract.ts';
import { rulesOf } from '../iam/senders.ts';
import { type Alarms, queueCommand } from './alarms.ts';
import { boundedName, checkRuleCount } from './aws-limits.ts';
import { letServicesUse } from './customer-key.ts';
import { eventPatterns, replyPattern } from './event-patterns.ts';
import type { QueuePair } from './queue-pair.ts';

/** "EventBridge quotas". */
export const RULE_NAME_LENGTH_MAX = 64;
/** The maximum of EventBridge. */
export const TARGET_RETRY = { maximumEventAgeInSeconds: 24 * 3600, maximumRetryAttempts: 185 };

export interface InboxRulesProps {
  readonly name: string;
  readonly system: SystemContract;
  readonly accounts: readonly string[];
  readonly bus: IEventBus;
  readonly inbox: QueuePair;
  readonly alarms: Alarms;
  readonly encryptionKey: IKey | undefined;
}

/** The rules that deliver from the bus to the inbox: the events that processes handle, and the replies to their commands. */
export class InboxRules extends Construct {
  constructor(scope: Construct, id: string, { name, system, accounts, bus, inbox, alarms, encryptionKey }: InboxRulesProps) {
    super(scope, id);
    const patterns = [
      { name: 'replies', ruleName: `${name}-replies`, pattern: replyPattern(system, accounts) },
      ...eventPatterns(system, accounts).map((each) => ({ ...each, ruleName: `${name}-hears-${each.name}` })),
    ].map((each) => ({ ...each, ruleName: boundedName(each.ruleName, RULE_NAME_LENGTH_MAX) }));
    checkRuleCount(this, name, patterns.length);
    // One pattern for all rules keeps the queue policy below its limit of 8 KB for any number of owners.
    const rules = rulesOf(this, bus, name);
    if (encryptionKey) letServicesUse(this, encryptionKey, rules);
    for (const queue of [inbox.queue, inbox.deadLetterQueue]) queue.addToResourcePolicy(deliveringBy(rules, queue.queueArn));
    for (const { name: ruleId, ruleName, pattern } of patterns) {
      const rule = new CfnRule(this, ruleId, {
        name: ruleName,
        eventBusName: bus.eventBusName,
        eventPattern: pattern,
        targets: [
          { id: 'inbox', arn: inbox.queue.queueArn, deadLetterConfig: { arn: inbox.deadLetterQueue.queueArn }, retryPolicy: TARGET_RETRY },
        ],
      });
      // Without the queue policies EventBridge could deliver to neither queue and would lose the event.
      rule.node.addDependency(inbox.queue, inbox.deadLetterQueue);
      alarms.add(rule, 'FailedAlarm', {
        metric: ruleMetric('FailedInvocations', bus, ruleName),
        description: `${name}: EventBridge cannot deliver events of the rule ${ruleName} to the inbox. They go to its dead-letter queue and are sent again. Check the queue policy and the key of the queue. Run: ${queueCommand(inbox.queue.queueName)}`,
        threshold: 1,
      });
      alarms.add(rule, 'LostAlarm', {
        metric: ruleMetric('InvocationsFailedToBeSentToDlq', bus, ruleName),
        description: `${name}: EventBridge can deliver events of the rule ${ruleName} neither to the inbox nor to its dead-letter queue. These events are lost: publish them again. Check the policies of both queues. Run: ${queueCommand(inbox.deadLetterQueue.queueName)}`,
        threshold: 1,
      });
    }
  }
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

/** EventBridge reports these metrics only while they are not zero ("Monitoring Amazon EventBridge"). */
export function ruleMetric(metricName: string, bus: Pick<IEventBus, 'eventBusName'>, ruleName: string): Metric {
  const ofBus = bus.eventBusName === 'default' ? {} : { EventBusName: bus.eventBusName };
  return new Metric({
    namespace: 'AWS/Events',
    metricName,
    dimensionsMap: { ...ofBus, RuleName: ruleName },
    period: Duration.minutes(5),
    statistic: 'Sum',
  });
}
