import type { Stack } from 'aws-cdk-lib/core';
import { Role, ServicePrincipal } from 'aws-cdk-lib/aws-iam';
import { type IQueue, Queue } from 'aws-cdk-lib/aws-sqs';
import { describe, expect, test } from 'vitest';
import { CheckoutTravelCart, PaymentCharged, hotels } from '../../examples/travel-booking/contracts.ts';
import type { IOrchestrator } from '../../lib/cdk/orchestrator-interface.ts';
import { Orchestrator } from '../../lib/cdk/orchestrator.ts';
import { roleLines } from './statement-lines.ts';
import { ACCOUNT, REGION, resourcesOf, testApp, testStack, tripsOrchestrator } from './synthesized.ts';

/** All rights of a user's role after a grant. */
const granted = (grant: (orchestrator: IOrchestrator, role: Role) => void): readonly string[] => {
  const stack = testStack();
  const role = new Role(stack, 'Grantee', { assumedBy: new ServicePrincipal('ecs-tasks.amazonaws.com') });
  grant(tripsOrchestrator(stack), role);
  return roleLines(resourcesOf(stack), 'Grantee');
};

const finding = ['ssm:GetParametersByPath on parameters /tutti/trips', 'ssm:GetParametersByPath on parameters /tutti/trips/'];
const instances = 'if each dynamodb:LeadingKeys is *#*#* and dynamodb:LeadingKeys is there';
const reading = [
  'dynamodb:BatchGetItem, dynamodb:GetItem, dynamodb:Query on table trips, if dynamodb:LeadingKeys is none of K#reply-keys and dynamodb:LeadingKeys is there',
  'dynamodb:Query on index list of table trips',
  's3:GetObject on values orchestrator/*',
  ...finding,
];

describe('grants', () => {
  test("grantPublish allows these events and no others, in their owner's name", () => {
    expect(granted((orchestrator, role) => orchestrator.grantPublish(role, CheckoutTravelCart))).toEqual([
      'events:PutEvents on bus trips, if each events:source is trips and each events:detail-type is trips.checkout-travel-cart and events:source is there and events:detail-type is there',
      's3:PutObject on values _clients/trips.checkout-travel-cart/*',
    ]);
  });

  test('grantPublish of events of two owners writes two statements, so that neither right covers types of the other owner', () => {
    expect(granted((orchestrator, role) => orchestrator.grantPublish(role, CheckoutTravelCart, PaymentCharged))).toEqual([
      'events:PutEvents on bus trips, if each events:source is payments and each events:detail-type is payments.payment-charged and events:source is there and events:detail-type is there',
      'events:PutEvents on bus trips, if each events:source is trips and each events:detail-type is trips.checkout-travel-cart and events:source is there and events:detail-type is there',
      's3:PutObject on values _clients/payments.payment-charged/*',
      's3:PutObject on values _clients/trips.checkout-travel-cart/*',
    ]);
  });

  test('grantService allows the queue, the records and the source of that service', () => {
    expect(granted((orchestrator, role) => orchestrator.grantService(hotels, role))).toEqual([
      'dynamodb:GetItem, dynamodb:PutItem, dynamodb:UpdateItem on table trips-hotels-commands',
      'events:PutEvents on bus trips, if each events:source is hotels and events:source is there',
      's3:GetObject on values orchestrator/*',
      's3:PutObject on values hotels/*',
      'sqs:ChangeMessageVisibility, sqs:DeleteMessage, sqs:GetQueueAttributes, sqs:ReceiveMessage, sqs:SendMessage on queue trips-hotels',
      'sqs:SendMessage on queue trips-hotels-dead-letter',
    ]);
  });

  test('grantRead allows reads and no write', () => {
    expect(granted((orchestrator, role) => orchestrator.grantRead(role))).toEqual(reading);
  });

  test('grantReadQueues allows the attributes of the queues of services and of their dead-letter queues, of passed queues too', () => {
    const passed = (stack: Stack): { readonly hotels: IQueue } => ({
      hotels: Queue.fromQueueArn(stack, 'Hotels', `arn:aws:sqs:${REGION}:222222222222:trips-hotels`),
    });
    const stack = testStack();
    const role = new Role(stack, 'Grantee', { assumedBy: new ServicePrincipal('ecs-tasks.amazonaws.com') });
    tripsOrchestrator(stack, { queues: passed(stack) }).grantReadQueues(role);
    expect(roleLines(resourcesOf(stack), 'Grantee')).toEqual(
      [
        ...['flights', 'notifications', 'payments'].flatMap((service) => [`queue trips-${service}`, `queue trips-${service}-dead-letter`]),
        `arn:aws:sqs:${REGION}:222222222222:trips-hotels`,
        `arn:aws:sqs:${REGION}:222222222222:trips-hotels-dead-letter`,
      ]
        .map((queue) => `sqs:GetQueueAttributes on ${queue}`)
        .toSorted(),
    );
  });

  test('grantOperate allows reads, and sends to the queue of operations only', () => {
    expect(granted((orchestrator, role) => orchestrator.grantOperate(role))).toEqual(
      [...reading, 'sqs:SendMessage on queue trips-operations'].toSorted(),
    );
  });

  test('grantStart allows sends to the queue of starts only, and reads of instances only', () => {
    expect(granted((orchestrator, role) => orchestrator.grantStart(role))).toEqual([
      `dynamodb:GetItem, dynamodb:Query on table trips, ${instances}`,
      's3:PutObject on values _clients/*',
      'sqs:SendMessage on queue trips-starts',
      ...finding,
    ]);
  });

  test('grantSignal allows the events of grantPublish and reads of heads', () => {
    const publishing = granted((orchestrator, role) => orchestrator.grantPublish(role, CheckoutTravelCart));
    expect(granted((orchestrator, role) => orchestrator.grantSignal(role, CheckoutTravelCart))).toEqual(
      [...publishing, ...finding, `dynamodb:BatchGetItem, dynamodb:GetItem on table trips, ${instances}`].toSorted(),
    );
  });

  test('grantAnswer allows the records and the source of one service', () => {
    expect(granted((orchestrator, role) => orchestrator.grantAnswer(hotels, role))).toEqual([
      'dynamodb:GetItem, dynamodb:UpdateItem on table trips-hotels-commands, if dynamodb:LeadingKeys is none of *|* and dynamodb:LeadingKeys is there',
      'events:PutEvents on bus trips, if each events:source is hotels and events:source is there',
      's3:PutObject on values hotels/*',
      ...finding,
    ]);
  });

  test('grantAnswer of a further system of a shared service allows its own records in the table of the first system', () => {
    expect(granted((orchestrator, role) => orchestrator.grantAnswer(hotels, role, { recordsOf: 'orders' }))).toEqual([
      'dynamodb:GetItem, dynamodb:UpdateItem on table orders-hotels-commands, if each dynamodb:LeadingKeys is trips|* and dynamodb:LeadingKeys is there',
      'events:PutEvents on bus trips, if each events:source is hotels and events:source is there',
      's3:PutObject on values hotels/*',
      ...finding,
    ]);
  });

  test('grantRead of a tenant allows reads of keys that begin with the tenant', () => {
    const ofTenant = 'if each dynamodb:LeadingKeys is acme#*#* and dynamodb:LeadingKeys is there';
    expect(granted((orchestrator, role) => orchestrator.grantRead(role, { tenant: 'acme' }))).toEqual([
      `dynamodb:BatchGetItem, dynamodb:GetItem, dynamodb:Query on table trips, ${ofTenant}`,
      'dynamodb:Query on index list of table trips, if each dynamodb:LeadingKeys is L#acme#* and dynamodb:LeadingKeys is there',
      's3:GetObject on values orchestrator/acme%23*',
      ...finding,
    ]);
  });

  test('grantRead refuses a tenant that is a pattern', () => {
    expect(() => granted((orchestrator, role) => orchestrator.grantRead(role, { tenant: '*' }))).toThrow(
      /grantRead of the orchestrator got the tenant "\*"/,
    );
  });
});

describe('an orchestrator of another stack', () => {
  test('an imported orchestrator is found by its parameters and has the same grants', () => {
    const stack = testStack('Web');
    const role = new Role(stack, 'Grantee', { assumedBy: new ServicePrincipal('ecs-tasks.amazonaws.com') });
    const orchestrator = Orchestrator.fromName(stack, 'Trips', 'trips');
    orchestrator.grantRead(role);
    orchestrator.grantService(hotels, role);
    const lines = roleLines(resourcesOf(stack), 'Grantee');
    expect(lines).toHaveLength(10);
    const parameter = (name: string): RegExp => new RegExp(`SsmParameterValuetuttitrips${name}`);
    expect(lines.filter((line) => line.includes('PutEvents')).every((line) => parameter('bus').test(line))).toBe(true);
    expect(lines.filter((line) => line.includes('index list'))[0]).toMatch(parameter('table'));
  });

  test('an orchestrator of another account is found by the names of its resources', () => {
    const stack = testStack('Web', testApp(), { account: '222222222222', region: 'eu-west-1' });
    const role = new Role(stack, 'Grantee', { assumedBy: new ServicePrincipal('ecs-tasks.amazonaws.com') });
    const orchestrator = Orchestrator.fromName(stack, 'Trips', 'trips', { account: ACCOUNT });
    orchestrator.grantPublish(role, CheckoutTravelCart);
    expect(roleLines(resourcesOf(stack), 'Grantee')[0]).toContain('on bus trips,');
    expect(orchestrator.busAddress).toBe(orchestrator.busArn);
  });
});
