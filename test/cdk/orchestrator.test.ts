import { Duration, RemovalPolicy, Stack } from 'aws-cdk-lib/core';
import { EventBus } from 'aws-cdk-lib/aws-events';
import { Bucket } from 'aws-cdk-lib/aws-s3';
import { Annotations as AnnotationAssertions, Match } from 'aws-cdk-lib/assertions';
import { Topic } from 'aws-cdk-lib/aws-sns';
import { Queue } from 'aws-cdk-lib/aws-sqs';
import { describe, expect, test } from 'vitest';
import * as z from 'zod';
import { CheckoutTravelCart, PaymentCharged, payments } from '../../examples/travel-booking/contracts.ts';
import { trips } from '../../examples/travel-booking/system.ts';
import { readPublishedSystem } from '../../lib/client/aws/published-system.ts';
import { Orchestrator } from '../../lib/cdk/orchestrator.ts';
import { event, process, system } from '../../lib/index.ts';
import { ServiceFunction } from '../../lib/cdk/service-function.ts';
import { eventPatterns, replyPattern } from '../../lib/cdk/resources/event-patterns.ts';
import { systemContract } from '../../lib/contract/system.ts';
import { RECEIVES_MAX } from '../../lib/service/consumer/redelivery.ts';
import { ACCOUNT, resourcesOf, testApp, testStack, tripsOrchestrator, type Resource } from './synthesized.ts';

const deployed = (props: Parameters<typeof tripsOrchestrator>[1] = {}): readonly Resource[] => {
  const stack = testStack();
  tripsOrchestrator(stack, props);
  return resourcesOf(stack);
};
const ofType = (resources: readonly Resource[], type: string): readonly Resource[] => resources.filter((each) => each.type === type);
const one = (resources: readonly Resource[], type: string, id: string): Resource['properties'] =>
  ofType(resources, type).find((each) => each.id.includes(id))?.properties ?? {};
const queueNamed = (resources: readonly Resource[], name: string): Resource['properties'] =>
  ofType(resources, 'AWS::SQS::Queue').find(({ properties }) => properties['QueueName'] === name)?.properties ?? {};

const plain = deployed();

describe('resources that hold state', () => {
  const types = ['AWS::DynamoDB::GlobalTable', 'AWS::Events::EventBus', 'AWS::S3::Bucket', 'AWS::SQS::Queue'];
  const stateful = plain.filter(({ type }) => types.includes(type));

  test('resources with state keep their logical ids, because another id would replace them', () => {
    expect(
      stateful.map(
        ({ id, properties }) =>
          `${id} ${String(properties['TableName'] ?? properties['QueueName'] ?? properties['BucketName'] ?? properties['Name'])}`,
      ),
    ).toEqual([
      'TripsTable2F9DECC1 trips',
      'TripsBusE56D4DF9 trips',
      'TripsPayloadsFDC381E1 trips-payloads-111111111111-eu-west-1',
      'TripsInboxDeadLetterQueue66C67967 trips-inbox-dead-letter',
      'TripsInboxQueue43248F87 trips-inbox',
      'TripsStartsDeadLetterQueueC989E91C trips-starts-dead-letter',
      'TripsStartsQueueE40A9E53 trips-starts',
      'TripsOperationsDeadLetterQueue89E0C9BB trips-operations-dead-letter',
      'TripsOperationsQueueF6866574 trips-operations',
      'TripsHotLaneDeadLetterQueue569319B4 trips-hot-lane-dead-letter.fifo',
      'TripsHotLaneQueue4B114EF7 trips-hot-lane.fifo',
      ...servicesIds,
    ]);
  });

  test('resources with state outlive their stack, except after a failed first deployment, which releases their names', () => {
    expect(stateful.map(({ deletionPolicy }) => deletionPolicy)).toEqual(stateful.map(() => 'RetainExceptOnCreate'));
  });

  test('resources with state are deleted with a temporary stack', () => {
    const thrown = deployed({ removalPolicy: RemovalPolicy.DESTROY }).filter(({ type }) => types.includes(type));
    expect(thrown.map(({ deletionPolicy }) => deletionPolicy)).toEqual(stateful.map(() => 'Delete'));
  });
});

const servicesIds = [
  'TripsServicespaymentsDeadLetterQueueBAF53ABF trips-payments-dead-letter',
  'TripsServicespaymentsQueue780F7F5E trips-payments',
  'TripsServicespaymentsCommandsF78EC721 trips-payments-commands',
  'TripsServicesflightsDeadLetterQueue7065A642 trips-flights-dead-letter',
  'TripsServicesflightsQueueD0CB5C92 trips-flights',
  'TripsServicesflightsCommands4E7F019D trips-flights-commands',
  'TripsServiceshotelsDeadLetterQueueBFF81BF5 trips-hotels-dead-letter',
  'TripsServiceshotelsQueue86713DB6 trips-hotels',
  'TripsServiceshotelsCommands0E3876A8 trips-hotels-commands',
  'TripsServicesnotificationsDeadLetterQueue7D6FD51A trips-notifications-dead-letter',
  'TripsServicesnotificationsQueue5C8D2E48 trips-notifications',
  'TripsServicesnotificationsCommandsEA930CFA trips-notifications-commands',
  'TripsStepsQueueDeadLetterQueueAC10E8DB trips-steps-dead-letter',
  'TripsStepsQueue17A9C207 trips-steps',
  'TripsStepsQueueCommandsDA2045D7 trips-steps-commands',
];

describe('the tables', () => {
  test('the main table has the keys, indexes and expiry of the adapters, is on demand, and can be restored', () => {
    const table = one(plain, 'AWS::DynamoDB::GlobalTable', 'TripsTable');
    expect(table).toMatchObject({
      BillingMode: 'PAY_PER_REQUEST',
      KeySchema: [
        { AttributeName: 'pk', KeyType: 'HASH' },
        { AttributeName: 'sk', KeyType: 'RANGE' },
      ],
      GlobalSecondaryIndexes: [
        {
          IndexName: 'list',
          KeySchema: [{ AttributeName: 'lsh' }, { AttributeName: 'lsk' }],
          Projection: {
            ProjectionType: 'INCLUDE',
            NonKeyAttributes: ['closed', 'reason', 'detail', 'at', 'eid', 'ety', 'esrc', 'channel', 'sender', 'ttl'],
          },
        },
        {
          IndexName: 'due',
          KeySchema: [{ AttributeName: 'dsh' }, { AttributeName: 'due' }],
          Projection: { ProjectionType: 'INCLUDE', NonKeyAttributes: ['run'] },
        },
      ],
      TimeToLiveSpecification: { AttributeName: 'ttl', Enabled: true },
      Replicas: [{ PointInTimeRecoverySpecification: { PointInTimeRecoveryEnabled: true } }],
    });
  });

  test("a service's records have the command's id as their key", () => {
    expect(one(plain, 'AWS::DynamoDB::GlobalTable', 'paymentsCommands')).toMatchObject({
      KeySchema: [{ AttributeName: 'id', KeyType: 'HASH' }],
      TimeToLiveSpecification: { AttributeName: 'ttl', Enabled: true },
      Replicas: [{ PointInTimeRecoverySpecification: { PointInTimeRecoveryEnabled: true } }],
    });
  });
});

describe('the queues', () => {
  const DAY = 86_400;

  test('the inbox keeps events for a week and gives up after 20 deliveries', () => {
    expect(queueNamed(plain, 'trips-inbox')).toMatchObject({
      MessageRetentionPeriod: 7 * DAY,
      VisibilityTimeout: 120,
      SqsManagedSseEnabled: true,
      RedrivePolicy: { maxReceiveCount: 20, deadLetterTargetArn: expect.stringMatching(/:trips-inbox-dead-letter$/) },
    });
    expect(queueNamed(plain, 'trips-inbox-dead-letter')).toMatchObject({ MessageRetentionPeriod: 14 * DAY, SqsManagedSseEnabled: true });
  });

  test('the hot lane keeps the order of each instance, and each instance has its own throughput', () => {
    expect(queueNamed(plain, 'trips-hot-lane.fifo')).toMatchObject({
      FifoQueue: true,
      DeduplicationScope: 'messageGroup',
      FifoThroughputLimit: 'perMessageGroupId',
      VisibilityTimeout: 120,
      SqsManagedSseEnabled: true,
      RedrivePolicy: { maxReceiveCount: 20, deadLetterTargetArn: expect.stringMatching(/:trips-hot-lane-dead-letter.fifo$/) },
    });
  });

  test('the queue of a service keeps commands for ten days, so that its dead-letter queue has four left, and lets the service give up after 20 deliveries', () => {
    expect(RECEIVES_MAX).toBe(20);
    expect(queueNamed(plain, 'trips-payments-dead-letter')).toMatchObject({ MessageRetentionPeriod: 14 * DAY });
    expect(queueNamed(plain, 'trips-payments')).toMatchObject({
      MessageRetentionPeriod: 10 * DAY,
      VisibilityTimeout: 180,
      SqsManagedSseEnabled: true,
      RedrivePolicy: { maxReceiveCount: 25, deadLetterTargetArn: expect.stringMatching(/:trips-payments-dead-letter$/) },
    });
  });
});

describe('the payload bucket', () => {
  test('the payload bucket is private and encrypted, and lets values expire that no restored table and no later reply references', () => {
    expect(one(plain, 'AWS::S3::Bucket', 'Payloads')).toMatchObject({
      BucketEncryption: { ServerSideEncryptionConfiguration: [{ ServerSideEncryptionByDefault: { SSEAlgorithm: 'AES256' } }] },
      PublicAccessBlockConfiguration: {
        BlockPublicAcls: true,
        BlockPublicPolicy: true,
        IgnorePublicAcls: true,
        RestrictPublicBuckets: true,
      },
      LifecycleConfiguration: {
        Rules: [
          { Status: 'Enabled', ExpirationInDays: 36, TagFilters: [{ Key: 'retired', Value: 'true' }] },
          { Status: 'Enabled', ExpirationInDays: 120, Prefix: '_clients/' },
          ...['payments', 'flights', 'hotels', 'notifications', 'steps'].map((service) => ({
            Status: 'Enabled',
            ExpirationInDays: 120,
            Prefix: `${service}/`,
          })),
        ],
      },
    });
  });

  test('a bucket whose name is too long for S3 is refused', () => {
    const name = 'a-name-for-a-system-that-is-far-too-long';
    expect(() => tripsOrchestrator(testStack(), { name })).toThrow(/name of the payload bucket, .* has 72 characters: AWS allows 63/);
  });
});

describe('rules', () => {
  test('events of the contracts and replies reach the inbox from the own account, and never from an archive replay', () => {
    const common = { account: [ACCOUNT], 'replay-name': [{ exists: false }] };
    expect(ofType(plain, 'AWS::Events::Rule').map(({ properties }) => [properties['Name'], properties['EventPattern']])).toEqual([
      ['trips-replies', { detail: { replyto: ['trips'] }, ...common }],
      ['trips-hears-trips', { source: ['trips'], 'detail-type': ['trips.checkout-travel-cart'], ...common }],
      [undefined, undefined],
      [undefined, undefined],
    ]);
  });

  test('an event that cannot be delivered is retried for a day and then kept', () => {
    const [rule] = ofType(plain, 'AWS::Events::Rule');
    expect(rule?.properties['Targets']).toEqual([
      {
        Id: 'inbox',
        Arn: expect.stringMatching(/:trips-inbox$/),
        DeadLetterConfig: { Arn: expect.stringMatching(/:trips-inbox-dead-letter$/) },
        RetryPolicy: { MaximumEventAgeInSeconds: 86_400, MaximumRetryAttempts: 185 },
      },
    ]);
  });

  test('rules match events of listed accounts beside those of the own account', () => {
    const heard = deployed({ accounts: { '222222222222': { publishes: [CheckoutTravelCart] }, '333333333333': { services: ['hotels'] } } });
    expect(ofType(heard, 'AWS::Events::Rule')[0]?.properties['EventPattern']).toMatchObject({
      account: [ACCOUNT, '333333333333', '222222222222'],
    });
    expect(one(heard, 'AWS::Lambda::Function', 'Advance')).toMatchObject({
      Environment: {
        Variables: {
          TUTTI_ACCOUNTS: JSON.stringify({
            own: ACCOUNT,
            services: { hotels: '333333333333' },
            events: { 'trips.checkout-travel-cart': ['222222222222'] },
          }),
        },
      },
    });
  });

  test.each([
    [{ x: {} }, 'names "x": expected an account id of 12 digits'],
    [{ '222222222222': { services: ['trains'] } }, 'names the service trains: expected one of payments'],
    [
      { '222222222222': { services: ['hotels'] }, '333333333333': { services: ['hotels'] } },
      'names the service hotels in 222222222222 and in 333333333333: expected one account',
    ],
    [{ '222222222222': { publishes: [PaymentCharged] } }, ', which no process of trips starts on or receives'],
  ])('accounts that contradict the system are refused: %#', (accounts, message) => {
    expect(() => deployed({ accounts })).toThrow(message);
  });

  test('each owner of events has its own patterns, none longer than the limit of EventBridge', () => {
    const data = z.object({ id: z.string() });
    const events = Array.from({ length: 120 }, (_, i) => event(`shop.something-rather-long-has-happened-${i}`, data));
    const other = event('bank.money-came', data);
    const hears = (count: number) =>
      system('shop', {
        processes: [
          process(
            'watch',
            { startOn: other.byId((each) => each.id), receives: events.slice(0, count).map((each) => each.byId((of) => of.id)) },
            async () => {},
          ),
        ],
        services: [],
      });
    const patterns = eventPatterns(systemContract(hears(120)), [ACCOUNT]);
    expect(patterns.map(({ name }) => name)).toEqual(['bank', 'shop', 'shop-2', 'shop-3']);
    expect(Math.max(...patterns.map(({ pattern }) => JSON.stringify(pattern).length))).toBeLessThanOrEqual(2048);
    const heard = patterns.flatMap(({ pattern }) => pattern['detail-type'] as readonly string[]);
    expect(heard.toSorted()).toEqual([other, ...events].map(({ type }) => type).toSorted());
    const fewer = eventPatterns(systemContract(hears(1)), [ACCOUNT]);
    expect(fewer[0]).toEqual(patterns[0]);
  });

  test('an account that is unknown at synth counts with twelve digits', () => {
    const token = new Stack(testApp(), 'Agnostic').account;
    expect(eventPatterns(systemContract(trips), [token])[0]?.pattern['account']).toEqual([token]);
    expect(replyPattern(systemContract(trips), [token])['account']).toEqual([token]);
  });
});

describe('functions', () => {
  const functions = deployed({ retention: Duration.days(60) });

  test('functions run on Node 24 on arm64, log JSON that is kept for a month, and may recurse', () => {
    const all = ofType(functions, 'AWS::Lambda::Function');
    expect(all).toHaveLength(6);
    for (const { properties } of all)
      expect(properties).toMatchObject({
        Runtime: 'nodejs24.x',
        Architectures: ['arm64'],
        Handler: 'index.handler',
        MemorySize: 512,
        RecursiveLoop: 'Allow',
        LoggingConfig: { LogFormat: 'JSON', SystemLogLevel: 'WARN', LogGroup: expect.stringContaining('Log') },
      });
    expect(ofType(functions, 'AWS::Logs::LogGroup').map(({ properties }) => properties['RetentionInDays'])).toEqual(all.map(() => 30));
  });

  test('functions have the names of their deployment in their environment', () => {
    expect(one(functions, 'AWS::Lambda::Function', 'AdvanceProcesses')['Environment']).toEqual({
      Variables: {
        TUTTI_NAME: 'trips',
        TUTTI_TABLE: 'trips',
        TUTTI_BUS: 'trips',
        TUTTI_BUCKET: 'trips-payloads-111111111111-eu-west-1',
        TUTTI_BUCKET_OWNER: ACCOUNT,
        TUTTI_INBOX_URL: 'trips-inbox',
        TUTTI_HOT_LANE_URL: 'trips-hot-lane.fifo',
        TUTTI_QUEUES: '{}',
        TUTTI_ACCOUNTS: JSON.stringify({ own: ACCOUNT, services: {}, events: {} }),
        TUTTI_TICK_HORIZON_SECONDS: '900',
        TUTTI_RETENTION_DAYS: '60',
      },
    });
  });

  test('a limit of starts reaches the functions', () => {
    const limited = testStack();
    tripsOrchestrator(limited, { startsPerMinute: 600 });
    const [made] = ofType(resourcesOf(limited), 'AWS::Lambda::Function').filter(({ id }) => id.includes('AdvanceProcesses'));
    expect(made?.properties['Environment']).toMatchObject({ Variables: { TUTTI_STARTS_PER_MINUTE: '600' } });
  });

  test('event sources have batches of ten with a result per message, and busy queues a maximum of copies', () => {
    const sources = ofType(functions, 'AWS::Lambda::EventSourceMapping').map(({ properties }) => properties);
    expect(sources.map((each) => [String(each['EventSourceArn']).split(':').at(-1), each['ScalingConfig']])).toEqual([
      ['trips-steps', { MaximumConcurrency: 20 }],
      ['trips-inbox', { MaximumConcurrency: 50 }],
      ['trips-starts', { MaximumConcurrency: 50 }],
      ['trips-operations', undefined],
      ['trips-hot-lane.fifo', { MaximumConcurrency: 20 }],
      ['trips-inbox-dead-letter', undefined],
      ['trips-starts-dead-letter', undefined],
      ['trips-operations-dead-letter', undefined],
      ['trips-hot-lane-dead-letter.fifo', undefined],
    ]);
    for (const each of sources) expect(each).toMatchObject({ BatchSize: 10, FunctionResponseTypes: ['ReportBatchItemFailures'] });
  });

  test('schedules sweep timers every minute, and wake and retire instances every hour, without a retry', () => {
    const schedules = ofType(functions, 'AWS::Events::Rule').flatMap(({ properties }) => properties['ScheduleExpression'] ?? []);
    expect(schedules).toEqual(['rate(1 minute)', 'rate(1 hour)', 'rate(1 hour)']);
    expect(ofType(functions, 'AWS::Lambda::EventInvokeConfig').map(({ properties }) => properties['MaximumRetryAttempts'])).toEqual([
      0, 0, 0,
    ]);
  });

  test('nothing is retired unless a retention is set', () => {
    expect(
      ofType(plain, 'AWS::Lambda::Function')
        .map(({ id }) => id)
        .filter((id) => id.includes('Retire')),
    ).toEqual([]);
  });
});

describe('alarms', () => {
  const names = (resources: readonly Resource[]): readonly string[] =>
    ofType(resources, 'AWS::CloudWatch::Alarm').map(({ id }) => id.replace(/[0-9A-F]{8}$/, ''));

  test('an orchestrator has these alarms, each with a story in test/cdk/alarms', () => {
    expect(names(plain)).toEqual([
      'TripsInboxAgeAlarm',
      'TripsInboxDeadLettersAlarm',
      'TripsStartsAgeAlarm',
      'TripsStartsDeadLettersAlarm',
      'TripsOperationsAgeAlarm',
      'TripsOperationsDeadLettersAlarm',
      'TripsHotLaneAgeAlarm',
      'TripsHotLaneDeadLettersAlarm',
      ...['payments', 'flights', 'hotels', 'notifications'].flatMap((service) => [
        `TripsServices${service}AgeAlarm`,
        `TripsServices${service}UnfinishedAlarm`,
        `TripsServices${service}DeadLettersAlarm`,
      ]),
      'TripsStepsQueueAgeAlarm',
      'TripsStepsQueueUnfinishedAlarm',
      'TripsStepsQueueDeadLettersAlarm',
      'TripsStepsErrorsAlarm',
      'TripsStepsstepsfaultalarm',
      'TripsRulesrepliesFailedAlarm',
      'TripsRulesrepliesLostAlarm',
      'TripsRulestripsFailedAlarm',
      'TripsRulestripsLostAlarm',
      'TripsFunctionsAdvanceProcessesErrorsAlarm',
      'TripsFunctionsAdvanceProcessesThrottlesAlarm',
      'TripsFunctionsSweepTimersErrorsAlarm',
      'TripsFunctionsSweepTimersNotRunAlarm',
      'TripsFunctionsWakeOverdueErrorsAlarm',
      'TripsFunctionsWakeOverdueNotRunAlarm',
      'TripsFunctionsDrainDeadLettersErrorsAlarm',
      'TripsFunctionsparkedalarm',
      'TripsFunctionsstuckalarm',
      'TripsFunctionsunresolvedalarm',
      'TripsFunctionsunseenalarm',
      'TripsFunctionsfaultalarm',
    ]);
  });

  test('without a topic the alarms are made, and synth warns that they have no action', () => {
    const stack = new Stack(testApp(), 'Unheard');
    tripsOrchestrator(stack);
    const warned = AnnotationAssertions.fromStack(stack).findWarning('/Unheard', Match.stringLikeRegexp('pass alarmTopic'));
    expect(warned).toHaveLength(1);
  });

  test('alarms have an action only with a topic', () => {
    const stack = testStack();
    const orchestrator = tripsOrchestrator(stack, { alarmTopic: new Topic(stack, 'Topic') });
    new ServiceFunction(stack, 'Payments', { orchestrator, service: payments, entry: 'x' });
    const told = ofType(resourcesOf(stack), 'AWS::CloudWatch::Alarm');
    expect(told.map(({ properties }) => properties['AlarmActions'])).toEqual(told.map(() => [expect.stringContaining('Topic')]));
    expect(ofType(plain, 'AWS::CloudWatch::Alarm').flatMap(({ properties }) => properties['AlarmActions'] ?? [])).toEqual([]);
  });

  test('events after the end of their instance are counted and raise no alarm', () => {
    const alarmed = ofType(plain, 'AWS::CloudWatch::Alarm').map(({ properties }) => properties['MetricName']);
    expect(alarmed).toEqual(expect.arrayContaining(['parked', 'stuck', 'unresolved']));
    expect(alarmed).not.toContain('late');
  });
});

describe('published parameters', () => {
  test('the published parameters are all that a client needs to find the deployment', () => {
    const parameters = ofType(plain, 'AWS::SSM::Parameter').map(({ properties }) => [properties['Name'], properties['Value']] as const);
    expect(parameters.slice(0, -1)).toEqual([
      ['/tutti/trips/table', 'trips'],
      ['/tutti/trips/bus', 'trips'],
      ['/tutti/trips/bucket', 'trips-payloads-111111111111-eu-west-1'],
      ['/tutti/trips/bucket-owner', ACCOUNT],
      ['/tutti/trips/inbox-url', 'trips-inbox'],
      ['/tutti/trips/starts-url', 'trips-starts'],
      ['/tutti/trips/operations-url', 'trips-operations'],
      ['/tutti/trips/hot-lane-url', 'trips-hot-lane.fifo'],
      ['/tutti/trips/queues', '{}'],
    ]);
    const [name, value] = parameters.at(-1) ?? [];
    expect(name).toBe('/tutti/trips/system');
    expect(readPublishedSystem(String(value)).name).toBe('trips');
  });
});

describe('props', () => {
  test('numbers and durations can be set by props', () => {
    const set = deployed({
      name: 'journeys',
      maxConcurrency: 7,
      memorySizeMb: 1024,
      timeout: Duration.seconds(5),
      visibilityTimeout: Duration.seconds(30),
      serviceVisibilityTimeout: Duration.seconds(60),
      tickThreshold: Duration.seconds(2),
    });
    expect(one(set, 'AWS::Lambda::Function', 'Advance')).toMatchObject({
      MemorySize: 1024,
      Timeout: 5,
      Environment: { Variables: { TUTTI_NAME: 'journeys', TUTTI_TABLE: 'journeys', TUTTI_TICK_HORIZON_SECONDS: '2' } },
    });
    expect(queueNamed(set, 'journeys-inbox')['VisibilityTimeout']).toBe(30);
    expect(queueNamed(set, 'journeys-hot-lane.fifo')['VisibilityTimeout']).toBe(30);
    expect(queueNamed(set, 'journeys-payments')['VisibilityTimeout']).toBe(60);
    expect(one(set, 'AWS::Lambda::EventSourceMapping', 'InboxSource')['ScalingConfig']).toEqual({ MaximumConcurrency: 7 });
  });

  test('replies to a renamed deployment are matched by the name of its system', () => {
    expect(one(deployed({ name: 'journeys' }), 'AWS::Events::Rule', 'replies')).toMatchObject({
      Name: 'journeys-replies',
      EventPattern: { detail: { replyto: ['trips'] } },
    });
  });

  test('names that are too long for AWS are cut and stay distinct', () => {
    const named = (name: string): readonly unknown[] => {
      const stack = testStack();
      tripsOrchestrator(stack, { name, payloadBucket: Bucket.fromBucketName(stack, 'Mine', 'mine') });
      const resources = resourcesOf(stack);
      return [one(resources, 'AWS::IAM::Role', 'Advance')['RoleName'], one(resources, 'AWS::Events::Rule', 'Rulestrips')['Name']];
    };
    const [first, second] = [named(`${'a'.repeat(49)}b`), named(`${'a'.repeat(49)}c`)];
    expect(first[0]).toMatch(/^a{31}-[0-9a-f]{8}-advance-eu-west-1$/);
    expect(first[1]).toHaveLength(62);
    expect(new Set([...first, ...second]).size).toBe(4);
  });

  test('a queue that a service owns is not made, and the functions know it and may send to it', () => {
    const stack = testStack();
    const owned = Queue.fromQueueArn(stack, 'Owned', 'arn:aws:sqs:eu-west-1:222222222222:trips-flights');
    const orchestrator = tripsOrchestrator(stack, { queues: { flights: owned } });
    const resources = resourcesOf(stack);
    expect(queueNamed(resources, 'trips-flights')).toEqual({});
    expect(one(resources, 'AWS::Lambda::Function', 'Advance')).toMatchObject({
      Environment: {
        Variables: { TUTTI_QUEUES: expect.stringMatching(/^\{"flights":"https:\/\/sqs.eu-west-1.*\/222222222222\/trips-flights"\}$/) },
      },
    });
    expect(JSON.stringify(one(resources, 'AWS::IAM::Role', 'Advance'))).toContain('arn:aws:sqs:eu-west-1:222222222222:trips-flights');
    expect(() => orchestrator.serviceQueue(trips['~'].services.find((each) => each['~'].name === 'flights')!)).toThrow(
      /made no queue for the service flights/,
    );
  });

  test.each([
    [{ name: 'Trips & more' }, /name of the orchestrator is "Trips & more": expected kebab-case/],
    [{ name: 'tr' }, /name of the orchestrator is "tr": expected 3 characters or more, because the table has this name/],
    [{ startsPerMinute: 0 }, /startsPerMinute of the orchestrator is 0: expected a whole number of 1 or more/],
    [{ startsPerMinute: 1.5 }, /startsPerMinute of the orchestrator is 1.5/],
    [{ retention: Duration.days(29) }, /retention of the orchestrator is 29 days: expected 30 days or more/],
    [{ tickThreshold: Duration.minutes(16) }, /tickThreshold of the orchestrator is 16 minutes: expected 15 minutes or less/],
    [
      { timeout: Duration.seconds(30) },
      /visibilityTimeout of the orchestrator is 2 minutes: expected at least six times the timeout of 30 seconds/,
    ],
    [
      { queues: { trains: undefined as never } },
      /queues of the orchestrator is a queue of trains: expected services of trips \(payments, flights, hotels, notifications\)/,
    ],
  ])('props that contradict each other or a limit are refused: %o', (props, message) => {
    expect(() => tripsOrchestrator(testStack(), props)).toThrow(message);
  });

  test('functions and clients know the account of a bucket that another account owns', () => {
    const stack = testStack();
    const payloadBucket = Bucket.fromBucketAttributes(stack, 'Theirs', { bucketName: 'theirs', account: '222222222222' });
    tripsOrchestrator(stack, { payloadBucket });
    const resources = resourcesOf(stack);
    expect(one(resources, 'AWS::Lambda::Function', 'Advance')).toMatchObject({
      Environment: { Variables: { TUTTI_BUCKET: 'theirs', TUTTI_BUCKET_OWNER: '222222222222' } },
    });
    const parameters = ofType(resources, 'AWS::SSM::Parameter').map(({ properties }) => properties);
    expect(parameters.find((each) => each['Name'] === '/tutti/trips/bucket-owner')).toMatchObject({
      Value: '222222222222',
    });
  });

  test('a table, a bus and a bucket of the user are used as they are', () => {
    const app = testApp();
    const made = tripsOrchestrator(testStack('First', app));
    const stack = testStack('Second', app);
    new Orchestrator(stack, 'Trips', {
      system: trips,
      name: 'second',
      entry: 'x',
      table: made.table,
      bus: EventBus.fromEventBusName(stack, 'Bus', 'company'),
      payloadBucket: made.payloadBucket,
    });
    const types = new Set(
      resourcesOf(stack).map(({ type, id }) => (type === 'AWS::DynamoDB::GlobalTable' && id.includes('Commands') ? '' : type)),
    );
    expect([types.has('AWS::DynamoDB::GlobalTable'), types.has('AWS::Events::EventBus'), types.has('AWS::S3::Bucket')]).toEqual([
      false,
      false,
      false,
    ]);
  });
});
