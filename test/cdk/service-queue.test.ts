import { Duration, Stack } from 'aws-cdk-lib/core';
import { Role, ServicePrincipal } from 'aws-cdk-lib/aws-iam';
import { Queue } from 'aws-cdk-lib/aws-sqs';
import { describe, expect, test } from 'vitest';
import { CheckoutTravelCart, flights, payments } from '../../examples/travel-booking/contracts.ts';
import { Orchestrator } from '../../lib/cdk/orchestrator.ts';
import { ServiceFunction } from '../../lib/cdk/service-function.ts';
import { ServiceQueue } from '../../lib/cdk/service-queue.ts';
import { policyLines, roleLines } from './statement-lines.ts';
import { ACCOUNT, REGION, resourcesOf, testApp, testStack, tripsOrchestrator, type Resource } from './synthesized.ts';

const OTHER = '222222222222';
const HOTELS = '333333333333';
const entry = 'examples/travel-booking/flights/service.ts';

const properties = (resources: readonly Resource[], type: string): readonly Resource['properties'][] =>
  resources.filter((each) => each.type === type).map((each) => each.properties);

describe('a service function', () => {
  test('a service function receives batches from the queue that the orchestrator made, and has its resources in its environment', () => {
    const stack = testStack();
    const orchestrator = tripsOrchestrator(stack);
    new ServiceFunction(stack, 'Payments', { orchestrator, service: payments, entry, environment: { GATEWAY: 'https://bank.example' } });
    const resources = resourcesOf(stack);
    const [made] = resources.filter(({ id, type }) => type === 'AWS::Lambda::Function' && id.startsWith('Payments'));
    expect(made?.properties).toMatchObject({
      Runtime: 'nodejs24.x',
      Architectures: ['arm64'],
      MemorySize: 512,
      Timeout: 30,
      RecursiveLoop: 'Allow',
    });
    expect(made?.properties['Environment']).toEqual({
      Variables: {
        GATEWAY: 'https://bank.example',
        TUTTI_NAME: 'trips',
        TUTTI_BUS: 'trips',
        TUTTI_BUCKET: `trips-payloads-${ACCOUNT}-${REGION}`,
        TUTTI_BUCKET_OWNER: ACCOUNT,
        TUTTI_COMMAND_TABLE: 'trips-payments-commands',
        TUTTI_QUEUE_URL: 'trips-payments',
        TUTTI_DEAD_LETTER_URL: 'trips-payments-dead-letter',
      },
    });
    const [source] = properties(resources, 'AWS::Lambda::EventSourceMapping').filter((each) =>
      String(each['EventSourceArn']).endsWith(':trips-payments'),
    );
    expect(source).toMatchObject({ BatchSize: 10, FunctionResponseTypes: ['ReportBatchItemFailures'] });
    expect(source?.['ScalingConfig']).toEqual({ MaximumConcurrency: 20 });
  });

  test('a service function logs the messages of thrown errors only with logMessages', () => {
    const stack = testStack();
    new ServiceFunction(stack, 'Payments', { orchestrator: tripsOrchestrator(stack), service: payments, entry, logMessages: true });
    const [made] = resourcesOf(stack).filter(({ id, type }) => type === 'AWS::Lambda::Function' && id.startsWith('Payments'));
    expect(made?.properties['Environment']).toMatchObject({ Variables: { TUTTI_LOG_MESSAGES: 'true' } });
  });

  test('concurrency, batch size and memory of a service function can be set', () => {
    const stack = testStack();
    const orchestrator = tripsOrchestrator(stack, { serviceVisibilityTimeout: Duration.minutes(6) });
    new ServiceFunction(stack, 'Payments', {
      orchestrator,
      service: payments,
      entry,
      maxConcurrency: 3,
      batchSize: 1,
      memorySizeMb: 256,
      timeout: Duration.minutes(1),
    });
    const [source] = properties(resourcesOf(stack), 'AWS::Lambda::EventSourceMapping').filter((each) =>
      String(each['EventSourceArn']).endsWith(':trips-payments'),
    );
    expect(source).toMatchObject({ BatchSize: 1, ScalingConfig: { MaximumConcurrency: 3 } });
  });

  test('a service function whose timeout exceeds a sixth of the visibility timeout is refused', () => {
    const stack = testStack();
    const orchestrator = tripsOrchestrator(stack);
    expect(() => new ServiceFunction(stack, 'Payments', { orchestrator, service: payments, entry, timeout: Duration.seconds(31) })).toThrow(
      /function of payments may run for 31 seconds, and its queue hides a message for 3 minutes: expected at least six times the timeout/,
    );
  });
});

describe('the region of a service', () => {
  const elsewhere = () => {
    const stack = testStack('Elsewhere');
    return { stack, orchestrator: Orchestrator.fromName(stack, 'Trips', 'trips', { region: 'us-east-1' }) };
  };
  const refused = /service flights is in eu-west-1, and its orchestrator trips is in us-east-1: expected the same region/;

  test('a service in another region than its orchestrator is refused', () => {
    const { stack, orchestrator } = elsewhere();
    expect(() => new ServiceFunction(stack, 'Flights', { orchestrator, service: flights, entry })).toThrow(refused);
    expect(() => new ServiceQueue(stack, 'Queue', { orchestrator, service: flights })).toThrow(refused);
  });

  test('a service is accepted if its region is unknown at synth', () => {
    const stack = new Stack(testApp(), 'Anywhere');
    const orchestrator = Orchestrator.fromName(stack, 'Trips', 'trips');
    expect(() => new ServiceFunction(stack, 'Flights', { orchestrator, service: flights, entry })).not.toThrow();
  });
});

describe('a batch of a service function', () => {
  test.each([0, 11, 2.5])('a batch of %d commands is refused', (batchSize) => {
    const stack = testStack();
    const orchestrator = tripsOrchestrator(stack);
    expect(() => new ServiceFunction(stack, 'Payments', { orchestrator, service: payments, entry, batchSize })).toThrow(
      `The function of payments has a batchSize of ${batchSize}: expected 1 to 10.`,
    );
  });
});

describe('a service in a stack of its own', () => {
  test('a service in another stack uses the queue that the orchestrator made, by its name', () => {
    const stack = testStack('Flights');
    new ServiceFunction(stack, 'Flights', { orchestrator: Orchestrator.fromName(stack, 'Trips', 'trips'), service: flights, entry });
    const resources = resourcesOf(stack);
    expect(properties(resources, 'AWS::SQS::Queue')).toEqual([]);
    const [source] = properties(resources, 'AWS::Lambda::EventSourceMapping');
    expect(source?.['EventSourceArn']).toBe(`arn:aws:sqs:${REGION}:${ACCOUNT}:trips-flights`);
    expect(roleLines(resources, 'Flights')).toContain(
      'dynamodb:GetItem, dynamodb:PutItem, dynamodb:UpdateItem on table trips-flights-commands',
    );
  });
});

describe('a service in another account', () => {
  const app = testApp();
  const theirs = testStack('Flights', app, { account: OTHER, region: REGION });
  const far = Orchestrator.fromName(theirs, 'Trips', 'trips', { account: ACCOUNT });
  const queue = new ServiceQueue(theirs, 'Queue', { orchestrator: far, service: flights });
  new ServiceFunction(theirs, 'Flights', { orchestrator: far, queue, service: flights, entry });
  const ours = testStack('Trips', app);
  tripsOrchestrator(ours, {
    accounts: { [HOTELS]: { services: ['hotels'], publishes: [CheckoutTravelCart] } },
    queues: { flights: Queue.fromQueueArn(ours, 'Flights', `arn:aws:sqs:${REGION}:${OTHER}:trips-flights`) },
  });

  test('a service in another account owns its queue, its dead-letter queue and its records', () => {
    const made = resourcesOf(theirs).filter(({ deletionPolicy }) => deletionPolicy === 'RetainExceptOnCreate');
    expect(made.map(({ id, properties: each }) => `${id} ${String(each['QueueName'] ?? each['TableName'])}`)).toEqual([
      'QueueDeadLetterQueue27D1B28A trips-flights-dead-letter',
      'Queue381943A6 trips-flights',
      'QueueCommands883E4930 trips-flights-commands',
    ]);
  });

  test('the queue accepts commands from its orchestrator only', () => {
    expect(policyLines(resourcesOf(theirs), 'AWS::SQS::QueuePolicy')).toEqual([
      expect.stringMatching(/^account 111111111111: sqs:SendMessage on .*, if aws:PrincipalArn is role trips-advance-eu-west-1$/),
    ]);
  });

  test('a service in another account publishes to the bus of the orchestrator by its ARN', () => {
    const [made] = properties(resourcesOf(theirs), 'AWS::Lambda::Function');
    expect(made).toMatchObject({ Environment: { Variables: { TUTTI_BUS: `arn:aws:events:${REGION}:${ACCOUNT}:event-bus/trips` } } });
  });

  test('the orchestrator admits each of two accounts to the bus in its own name and to its own values', () => {
    const resources = resourcesOf(ours);
    const published = (account: string, source: string, types: string): object => ({
      Effect: 'Allow',
      Action: 'events:PutEvents',
      Principal: { AWS: `arn:aws:iam::${account}:root` },
      Condition: {
        'ForAllValues:StringEquals': { 'events:source': source },
        'ForAllValues:StringLike': { 'events:detail-type': [types] },
        Null: { 'events:source': 'false', 'events:detail-type': 'false' },
      },
    });
    expect(properties(resources, 'AWS::Events::EventBusPolicy')).toMatchObject([
      { StatementId: `Publish${HOTELS}ServiceHotels`, Statement: published(HOTELS, 'hotels', 'hotels.*') },
      { StatementId: `Publish${HOTELS}EventsTrips`, Statement: published(HOTELS, 'trips', 'trips.checkout-travel-cart') },
      { StatementId: `Publish${OTHER}ServiceFlights`, Statement: published(OTHER, 'flights', 'flights.*') },
    ]);
    expect(policyLines(resources, 'AWS::S3::BucketPolicy')).toEqual([
      'account 222222222222: s3:GetObject on values orchestrator/*',
      'account 222222222222: s3:PutObject on values flights/*',
      'account 333333333333: s3:GetObject on values orchestrator/*',
      'account 333333333333: s3:PutObject on values _clients/trips.checkout-travel-cart/*',
      'account 333333333333: s3:PutObject on values hotels/*',
    ]);
    expect(roleLines(resources, 'AdvanceProcesses')).toContain(`sqs:SendMessage on arn:aws:sqs:${REGION}:${OTHER}:trips-flights`);
  });

  test('a poller receives the same rights by grantService', () => {
    const stack = testStack('Poller', testApp(), { account: OTHER, region: REGION });
    const orchestrator = Orchestrator.fromName(stack, 'Trips', 'trips', { account: ACCOUNT });
    const own = new ServiceQueue(stack, 'Queue', { orchestrator, service: flights });
    own.grantService(new Role(stack, 'Poller', { assumedBy: new ServicePrincipal('ecs-tasks.amazonaws.com') }));
    const actions = roleLines(resourcesOf(stack), 'Poller').map((line) => line.split(' on ')[0]);
    expect(actions).toEqual([
      'dynamodb:GetItem, dynamodb:PutItem, dynamodb:UpdateItem',
      'events:PutEvents',
      's3:GetObject',
      's3:PutObject',
      'sqs:ChangeMessageVisibility, sqs:DeleteMessage, sqs:GetQueueAttributes, sqs:ReceiveMessage, sqs:SendMessage',
      'sqs:SendMessage',
    ]);
  });
});

test('a queue whose name is too long for SQS is refused', () => {
  const stack = testStack();
  const orchestrator = Orchestrator.fromName(stack, 'Long', 'a-deployment-that-has-a-very-long-name-indeed-it-has-more');
  expect(() => new ServiceQueue(stack, 'Queue', { orchestrator, service: flights, visibilityTimeout: Duration.minutes(1) })).not.toThrow();
  const longer = Orchestrator.fromName(stack, 'Longer', 'a-deployment-that-has-a-very-long-name-indeed-it-has-even-more');
  expect(() => new ServiceQueue(stack, 'Other', { orchestrator: longer, service: flights })).toThrow(
    /name of the queue of flights, .* has \d+ characters: AWS allows 68/,
  );
});
