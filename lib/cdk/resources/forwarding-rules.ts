import { Duration, Names, Stack, Validations } from 'aws-cdk-lib/core';
import { CfnRule, type IEventBus } from 'aws-cdk-lib/aws-events';
import { Effect, PolicyDocument, PolicyStatement, Role, ServicePrincipal } from 'aws-cdk-lib/aws-iam';
import type { ITopic } from 'aws-cdk-lib/aws-sns';
import { Queue, QueueEncryption, RedrivePermission } from 'aws-cdk-lib/aws-sqs';
import { Construct } from 'constructs';
import { eventContract, type AnyEvent } from '../../contract/event.ts';
import { allow } from '../iam/statement.ts';
import { Alarms, queueCommand } from './alarms.ts';
import { boundedName } from './aws-limits.ts';
import { patternsOf, typesByOwner } from './event-patterns.ts';
import { RULE_NAME_LENGTH_MAX, ruleMetric, TARGET_RETRY } from './inbox-rules.ts';

export interface ForwardingRulesProps {
  /** Name of the deployment, for the descriptions of the alarms. */
  readonly name: string;
  readonly events: readonly AnyEvent[];
  /** The accounts whose events are forwarded. */
  readonly accounts: readonly string[];
  /** The bus whose events are forwarded, in the account and region of this stack. */
  readonly from: Pick<IEventBus, 'eventBusName'>;
  /** The bus that receives them; it may be in another account or region. */
  readonly toArn: string;
  readonly alarmTopic: ITopic | undefined;
  readonly consoleUrl: string | undefined;
}

/**
 * The rules that forward events from one bus to another, one for each owner of events. EventBridge forwards an event once: no rule of the
 * receiving bus can forward it to a third. It retries for a day; then the event is in the dead-letter queue.
 */
export class ForwardingRules extends Construct {
  constructor(scope: Construct, id: string, { name, events, accounts, from, toArn, alarmTopic, consoleUrl }: ForwardingRulesProps) {
    super(scope, id);
    const role = new Role(this, 'Role', {
      assumedBy: new ServicePrincipal('events.amazonaws.com'),
      inlinePolicies: { Tutti: new PolicyDocument({ statements: [allow(['events:PutEvents'], [toArn])] }) },
    });
    const undelivered = new Queue(this, 'Undelivered', {
      encryption: QueueEncryption.SQS_MANAGED,
      enforceSSL: true,
      retentionPeriod: Duration.days(14),
      // It receives from rules only, and no queue may name it as its dead-letter queue.
      redriveAllowPolicy: { redrivePermission: RedrivePermission.DENY_ALL },
    });
    Validations.of(undelivered).acknowledge({ id: 'AwsSolutions-SQS3', reason: 'This is the dead-letter queue of the rules.' });
    const alarms = new Alarms(this, alarmTopic, consoleUrl);
    alarms.deadLetters(
      this,
      undelivered,
      `${name}: EventBridge could not put events onto the bus ${toArn} for a day. They stay in this queue for 14 days. Check the policy of that bus, then publish them again. Run: ${queueCommand(undelivered.queueName)}`,
    );
    const ruleArns: string[] = [];
    for (const { name: ruleId, pattern } of patternsOf(typesByOwner(events.map(eventContract)), accounts)) {
      const ruleName = boundedName(`${Names.uniqueResourceName(this, {})}-${ruleId}`, RULE_NAME_LENGTH_MAX);
      const rule = new CfnRule(this, ruleId, {
        name: ruleName,
        eventBusName: from.eventBusName,
        eventPattern: pattern,
        targets: [
          {
            id: 'bus',
            arn: toArn,
            roleArn: role.roleArn,
            deadLetterConfig: { arn: undelivered.queueArn },
            retryPolicy: TARGET_RETRY,
          },
        ],
      });
      // The name of the rule, and not its ARN, so that the policy of the queue exists before the rule.
      const inBus = from.eventBusName === 'default' ? ruleName : `${from.eventBusName}/${ruleName}`;
      ruleArns.push(Stack.of(this).formatArn({ service: 'events', resource: 'rule', resourceName: inBus }));
      rule.node.addDependency(undelivered);
      alarms.add(rule, 'LostAlarm', {
        metric: ruleMetric('InvocationsFailedToBeSentToDlq', from, ruleName),
        description: `${name}: EventBridge can put events of the rule ${ruleName} neither onto the bus ${toArn} nor into the queue of undelivered events. These events are lost: publish them again. Check the policies of both. Run: ${queueCommand(undelivered.queueName)}`,
        threshold: 1,
      });
    }
    undelivered.addToResourcePolicy(
      new PolicyStatement({
        sid: 'RulesDeliver',
        effect: Effect.ALLOW,
        principals: [new ServicePrincipal('events.amazonaws.com')],
        actions: ['sqs:SendMessage'],
        resources: [undelivered.queueArn],
        conditions: { ArnEquals: { 'aws:SourceArn': ruleArns } },
      }),
    );
  }
}
