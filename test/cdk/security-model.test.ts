import { Duration } from 'aws-cdk-lib/core';
import { describe, expect, test } from 'vitest';
import { payments } from '../../examples/travel-booking/contracts.ts';
import { ServiceFunction } from '../../lib/cdk/service-function.ts';
import { documentsOf, isTlsOnly, listOf, policyLines, roleLines, statementLines, type Statement } from './statement-lines.ts';
import { resourcesOf, testStack, tripsOrchestrator } from './synthesized.ts';

// All rights in a deployed travel booking: each list is complete for its principal. `values` are the keys of
// the payload bucket. These stacks give no right to other principals; grants.test.ts has the grants to users' roles.

const stack = testStack();
const orchestrator = tripsOrchestrator(stack, { retention: Duration.days(60) });
new ServiceFunction(stack, 'Payments', { orchestrator, service: payments, entry: 'examples/travel-booking/payments/service.ts' });
const resources = resourcesOf(stack);

const ownLog = 'logs:CreateLogStream, logs:PutLogEvents on its own log';
const receive = 'sqs:ChangeMessageVisibility, sqs:DeleteMessage, sqs:GetQueueAttributes, sqs:ReceiveMessage';

describe('roles', () => {
  test('advance-processes reads and writes items, receives events, commands every service, and publishes as the system', () => {
    expect(roleLines(resources, 'AdvanceProcesses')).toEqual([
      'dynamodb:BatchGetItem, dynamodb:GetItem, dynamodb:PutItem, dynamodb:Query, dynamodb:UpdateItem on table trips',
      // The end of a hold finds what it has paused by the index.
      'dynamodb:Query on index list of table trips',
      'events:PutEvents on bus trips, if each events:source is trips and events:source is there',
      ownLog,
      's3:GetObject on values _clients/*',
      's3:GetObject on values flights/*',
      's3:GetObject on values hotels/*',
      's3:GetObject on values notifications/*',
      's3:GetObject on values payments/*',
      's3:GetObject on values steps/*',
      's3:GetObject, s3:PutObject on values orchestrator/*',
      's3:ListBucket on the bucket',
      `${receive} on queue trips-operations`,
      `${receive} on queue trips-starts`,
      `${receive}, sqs:SendMessage on queue trips-hot-lane.fifo`,
      `${receive}, sqs:SendMessage on queue trips-inbox`,
      'sqs:SendMessage on queue trips-flights',
      'sqs:SendMessage on queue trips-hotels',
      'sqs:SendMessage on queue trips-notifications',
      'sqs:SendMessage on queue trips-payments',
      'sqs:SendMessage on queue trips-steps',
    ]);
  });

  test('sweep-timers queries due timers, sends ticks and stores graphs: no instance', () => {
    expect(roleLines(resources, 'SweepTimers')).toEqual([
      'dynamodb:PutItem, dynamodb:Query on table trips, if each dynamodb:LeadingKeys is default#tutti--flow#* and dynamodb:LeadingKeys is there',
      'dynamodb:Query on index due of table trips',
      ownLog,
      'sqs:SendMessage on queue trips-inbox',
    ]);
  });

  test('wake-overdue reads the list and the heads of running instances, and sends ticks: no write', () => {
    expect(roleLines(resources, 'WakeOverdue')).toEqual([
      'dynamodb:BatchGetItem on table trips',
      'dynamodb:Query on index list of table trips',
      ownLog,
      'sqs:SendMessage on queue trips-inbox',
    ]);
  });

  test('drain-dead-letters moves dead letters to the inbox: no table, no bucket', () => {
    expect(roleLines(resources, 'DrainDeadLetters')).toEqual([
      ownLog,
      `${receive} on queue trips-hot-lane-dead-letter.fifo`,
      `${receive} on queue trips-inbox-dead-letter`,
      `${receive} on queue trips-operations-dead-letter`,
      `${receive} on queue trips-starts-dead-letter`,
      'sqs:SendMessage on queue trips-inbox',
    ]);
  });

  test('retire-closed may change the expiry and the list entry of an item and no other attribute, and tag large values', () => {
    expect(roleLines(resources, 'RetireClosed')).toEqual([
      'dynamodb:BatchGetItem, dynamodb:Query on table trips',
      'dynamodb:Query on index list of table trips',
      'dynamodb:UpdateItem on table trips, if each dynamodb:Attributes is pk or sk or ttl or lsh or v or st',
      ownLog,
      's3:ListBucket on the bucket',
      's3:PutObjectTagging on values orchestrator/*',
    ]);
  });

  test('the function of steps reads instances, writes its own records, and publishes as steps: no write of an instance', () => {
    expect(roleLines(resources, 'Steps')).toEqual([
      'dynamodb:GetItem, dynamodb:Query on table trips, if each dynamodb:LeadingKeys is *#*#* and dynamodb:LeadingKeys is there',
      'dynamodb:GetItem, dynamodb:UpdateItem on table trips-steps-commands',
      'events:PutEvents on bus trips, if each events:source is steps and events:source is there',
      ownLog,
      's3:GetObject on values orchestrator/*',
      's3:PutObject on values steps/*',
      `${receive}, sqs:SendMessage on queue trips-steps`,
      'sqs:SendMessage on queue trips-steps-dead-letter',
    ]);
  });

  test('a service receives its own commands, writes its own records, and publishes in its own name', () => {
    expect(roleLines(resources, 'Payments')).toEqual([
      'dynamodb:GetItem, dynamodb:PutItem, dynamodb:UpdateItem on table trips-payments-commands',
      'events:PutEvents on bus trips, if each events:source is payments and events:source is there',
      ownLog,
      's3:GetObject on values orchestrator/*',
      's3:PutObject on values payments/*',
      `${receive}, sqs:SendMessage on queue trips-payments`,
      'sqs:SendMessage on queue trips-payments-dead-letter',
    ]);
  });

  test('there are no other roles, and only Lambda may assume them', () => {
    const roles = resources.filter(({ type }) => type === 'AWS::IAM::Role');
    expect(roles.map(({ id }) => /(Steps|Advance|Sweep|Wake|Drain|Retire|Payments)/.exec(id)?.[0])).toEqual([
      'Steps',
      'Advance',
      'Sweep',
      'Wake',
      'Drain',
      'Retire',
      'Payments',
    ]);
    expect(roles.flatMap(({ properties }) => statementLines(statementsOf(properties['AssumeRolePolicyDocument'])))).toEqual(
      roles.map(() => 'lambda.amazonaws.com: sts:AssumeRole on itself'),
    );
    expect(roles.flatMap(({ properties }) => properties['ManagedPolicyArns'] ?? [])).toEqual([]);
  });
});

describe('policies of resources', () => {
  test('only the rules of the system deliver to the inbox and to its dead-letter queue', () => {
    const rules = 'if aws:SourceArn is rule trips/trips-*';
    expect(policyLines(resources, 'AWS::SQS::QueuePolicy').filter((line) => line.startsWith('events'))).toEqual([
      `events.amazonaws.com: sqs:SendMessage on queue trips-inbox, ${rules}`,
      `events.amazonaws.com: sqs:SendMessage on queue trips-inbox-dead-letter, ${rules}`,
    ]);
  });

  test('no other sender reaches the inbox or the hot lane, whatever rights its identity has, because the engine trusts their messages', () => {
    const senders = ['AdvanceProcesses', 'SweepTimers', 'WakeOverdue', 'DrainDeadLetters'].map((each) => `role of ${each}`).join(', ');
    const never = (queue: string): string => `*: never sqs:SendMessage on queue ${queue}`;
    expect(policyLines(resources, 'AWS::SQS::QueuePolicy').filter((line) => line.startsWith('*'))).toEqual([
      `${never('trips-hot-lane-dead-letter.fifo')}, if aws:PrincipalArn is none of role of AdvanceProcesses`,
      `${never('trips-hot-lane.fifo')}, if aws:PrincipalArn is none of role of AdvanceProcesses`,
      `${never('trips-inbox')}, if aws:PrincipalArn is none of ${senders} and aws:SourceArn is none of rule trips/trips-*`,
      `${never('trips-inbox-dead-letter')}, if aws:PrincipalArn is none of ${senders} and aws:SourceArn is none of rule trips/trips-*`,
    ]);
  });

  test('only the orchestrator sends to the queues of services', () => {
    const sender = 'if aws:PrincipalArn is role trips-advance-eu-west-1';
    expect(policyLines(resources, 'AWS::SQS::QueuePolicy').filter((line) => line.startsWith('account'))).toEqual(
      ['flights', 'hotels', 'notifications', 'payments', 'steps'].map(
        (service) => `account 111111111111: sqs:SendMessage on queue trips-${service}, ${sender}`,
      ),
    );
    expect(resources.find(({ id }) => id.includes('AdvanceProcessesRole'))?.properties['RoleName']).toBe('trips-advance-eu-west-1');
  });

  test('every queue and the bucket deny requests without TLS', () => {
    const documents = [...documentsOf(resources, 'AWS::SQS::QueuePolicy'), ...documentsOf(resources, 'AWS::S3::BucketPolicy')];
    const count = resources.filter(({ type }) => type === 'AWS::SQS::Queue' || type === 'AWS::S3::Bucket').length;
    expect(documents.filter(({ Statement }) => Statement.some(isTlsOnly))).toHaveLength(count);
  });

  test('the policies of the bucket and the bus allow nothing while no other account publishes', () => {
    expect(policyLines(resources, 'AWS::S3::BucketPolicy')).toEqual([]);
    expect(resources.filter(({ type }) => type === 'AWS::Events::EventBusPolicy')).toEqual([]);
  });

  test('a dead-letter queue accepts dead letters of its own queue only', () => {
    const queues = resources.filter(
      ({ type, properties }) => type === 'AWS::SQS::Queue' && /dead-letter/.test(String(properties['QueueName'])),
    );
    expect(queues).toHaveLength(9);
    for (const { properties } of queues) {
      const own = String(properties['QueueName']).replace('-dead-letter', '');
      expect(properties['RedriveAllowPolicy']).toEqual({
        redrivePermission: 'byQueue',
        sourceQueueArns: [`arn:aws:sqs:eu-west-1:111111111111:${own}`],
      });
    }
  });

  test('only its schedule and its queues call a function', () => {
    const lines = resources
      .filter(({ type }) => type === 'AWS::Lambda::Permission')
      .map(
        ({ properties }) => `${String(properties['Principal'])}: ${String(properties['Action'])}, for ${String(properties['SourceArn'])}`,
      );
    expect(lines).toEqual([
      expect.stringMatching(/^events.amazonaws.com: lambda:InvokeFunction, for AWS::Events::Rule\/TripsFunctionsSweepTimersSchedule/),
      expect.stringMatching(/^events.amazonaws.com: lambda:InvokeFunction, for AWS::Events::Rule\/TripsFunctionsWakeOverdueSchedule/),
      expect.stringMatching(/^events.amazonaws.com: lambda:InvokeFunction, for AWS::Events::Rule\/TripsFunctionsRetireClosedSchedule/),
    ]);
  });
});

describe('wildcards', () => {
  const allowed = resources.flatMap(({ properties }) => allStatements(properties)).filter(({ Effect }) => Effect === 'Allow');

  test('the only wildcard resources are the values under one prefix of the bucket', () => {
    const wild = allowed.flatMap(({ Resource = [] }) => listOf(Resource)).filter((resource) => resource.includes('*'));
    expect(wild.filter((resource) => !/^arn:aws:s3:::trips-payloads-111111111111-eu-west-1\/[a-z/_]+\/\*$/.test(resource))).toEqual([]);
  });

  test('no action, principal or condition has a wildcard, except the names of the rules and the keys of instances', () => {
    const texts = allowed.map(({ Action, Principal, Condition }) => JSON.stringify({ Action, Principal, Condition }));
    expect(allowed.length).toBeGreaterThan(20);
    // The rules of the deployment, whose names begin with its own.
    const rules = `"aws:SourceArn":"arn:aws:events:eu-west-1:111111111111:rule/trips/trips-*"`;
    // The key of an instance has three parts; no other key of the table has.
    const instances = '"dynamodb:LeadingKeys":"*#*#*"';
    // The graphs of the definitions.
    const graphs = '"dynamodb:LeadingKeys":"default#tutti--flow#*"';
    const known = (text: string): string => [rules, instances, graphs].reduce((rest, each) => rest.replace(each, ''), text);
    expect(texts.filter((text) => known(text).includes('*'))).toEqual([]);
  });

  test('no role may scan or delete items, make rules, or use IAM or KMS', () => {
    const actions = allowed.flatMap(({ Action }) => listOf(Action));
    expect(actions.filter((action) => /Scan|DeleteItem|PutRule|PutTargets|^iam:|^kms:|DeleteObject/.test(action))).toEqual([]);
  });
});

function statementsOf(document: unknown): readonly Statement[] {
  return (document as { readonly Statement: readonly Statement[] }).Statement;
}

/** The statements of every policy document in the properties of a resource, at any depth. */
function allStatements(value: unknown): readonly Statement[] {
  if (typeof value !== 'object' || value === null) return [];
  if ('Statement' in value) return listOf(value.Statement as Statement | readonly Statement[]);
  return Object.values(value).flatMap(allStatements);
}
