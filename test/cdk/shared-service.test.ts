import { Duration, type Stack } from 'aws-cdk-lib/core';
import { Key } from 'aws-cdk-lib/aws-kms';
import { Role, ServicePrincipal } from 'aws-cdk-lib/aws-iam';
import { describe, expect, test } from 'vitest';
import * as z from 'zod';
import { payments } from '../../examples/travel-booking/contracts.ts';
import { event } from '../../lib/contract/event.ts';
import { system } from '../../lib/contract/system.ts';
import { Orchestrator } from '../../lib/cdk/orchestrator.ts';
import { ServiceFunction } from '../../lib/cdk/service-function.ts';
import { ServiceQueue } from '../../lib/cdk/service-queue.ts';
import { process } from '../../lib/process/process.ts';
import { roleLines } from './statement-lines.ts';
import { ACCOUNT, REGION, resourcesOf, testStack, tripsOrchestrator, type Resource } from './synthesized.ts';

const entry = 'examples/travel-booking/payments/service.ts';
const OrderPaid = event('orders.order-paid', z.object({ orderId: z.string() }));
const payOrder = process('pay-order', { startOn: OrderPaid.byId((order) => order.orderId) }, async (ctx) => {
  await ctx.call(payments.charge, { amount: 1, card: 'tok_1' });
});
const orders = system('orders', { processes: [payOrder], services: [payments] });
const ordersOrchestrator = (stack: Stack): Orchestrator => new Orchestrator(stack, 'Orders', { system: orders, entry });

const ofType = (resources: readonly Resource[], type: string): readonly Resource[] => resources.filter((each) => each.type === type);
const ids = (resources: readonly Resource[]): ReadonlySet<string> => new Set(resources.map(({ id }) => id));
const environmentOf = (resources: readonly Resource[]): Readonly<Record<string, string>> => {
  const [made] = ofType(resources, 'AWS::Lambda::Function').filter(({ id }) => id.startsWith('Payments'));
  return ((made as Resource).properties['Environment'] as { readonly Variables: Readonly<Record<string, string>> }).Variables;
};

/** Payments of trips and orders, all in one stack. */
const shared = (): { readonly stack: Stack; readonly orchestrators: readonly [Orchestrator, Orchestrator] } => {
  const stack = testStack();
  const orchestrators = [tripsOrchestrator(stack), ordersOrchestrator(stack)] as const;
  new ServiceFunction(stack, 'Payments', { orchestrators, service: payments, entry });
  return { stack, orchestrators };
};

describe('a service of several systems', () => {
  test('one function has one table, and an event source mapping for the queue of each system', () => {
    const resources = resourcesOf(shared().stack);
    const [made, ...others] = ofType(resources, 'AWS::Lambda::Function').filter(({ id }) => id.startsWith('Payments'));
    expect(others).toEqual([]);
    const mappings = ofType(resources, 'AWS::Lambda::EventSourceMapping').filter(
      ({ properties }) => properties['FunctionName'] === made?.id,
    );
    expect(mappings.map(({ properties }) => String(properties['EventSourceArn']).replace(/.*:/, '')).toSorted()).toEqual([
      'orders-payments',
      'trips-payments',
    ]);
    for (const { properties } of mappings)
      expect(properties).toMatchObject({
        BatchSize: 10,
        FunctionResponseTypes: ['ReportBatchItemFailures'],
        ScalingConfig: { MaximumConcurrency: 20 },
      });
    expect(environmentOf(resources)).toMatchObject({
      TUTTI_NAME: 'trips',
      TUTTI_BUS: 'trips',
      TUTTI_QUEUE_URL: 'trips-payments',
      TUTTI_COMMAND_TABLE: 'trips-payments-commands',
    });
    expect(JSON.parse(environmentOf(resources)['TUTTI_SYSTEMS'] ?? '')).toEqual({
      orders: {
        queue: 'orders-payments',
        deadLetter: 'orders-payments-dead-letter',
        bus: 'orders',
        bucket: `orders-payloads-${ACCOUNT}-${REGION}`,
        owner: ACCOUNT,
      },
    });
  });

  test('the function has the rights of its service in each system, and those on records for one table only', () => {
    const other = (text: string): string => `arn:aws:s3:::orders-payloads-${ACCOUNT}-${REGION}/${text}`;
    expect(roleLines(resourcesOf(shared().stack), 'PaymentsService')).toEqual(
      [
        'dynamodb:GetItem, dynamodb:PutItem, dynamodb:UpdateItem on table trips-payments-commands',
        'events:PutEvents on bus orders, if each events:source is payments and events:source is there',
        'events:PutEvents on bus trips, if each events:source is payments and events:source is there',
        'logs:CreateLogStream, logs:PutLogEvents on its own log',
        `s3:GetObject on ${other('orchestrator/*')}`,
        `s3:PutObject on ${other('payments/*')}`,
        's3:GetObject on values orchestrator/*',
        's3:PutObject on values payments/*',
        ...['orders', 'trips'].flatMap((name) => [
          `sqs:ChangeMessageVisibility, sqs:DeleteMessage, sqs:GetQueueAttributes, sqs:ReceiveMessage, sqs:SendMessage on queue ${name}-payments`,
          `sqs:SendMessage on queue ${name}-payments-dead-letter`,
        ]),
      ].toSorted(),
    );
  });

  test('each queue of the service has its alarms, whichever function reads it', () => {
    const alarms = ofType(resourcesOf(shared().stack), 'AWS::CloudWatch::Alarm').map(({ properties }) =>
      String(properties['AlarmDescription']),
    );
    for (const name of ['trips', 'orders']) {
      const ofQueue = alarms.filter((text) => text.startsWith(`${name}: `) && /service payments/.test(text));
      expect(ofQueue.filter((text) => text.includes('oldest command'))).toHaveLength(1);
      expect(ofQueue.filter((text) => text.includes('finished none'))).toHaveLength(1);
      expect(ofQueue.filter((text) => text.includes('dead-letter queue'))).toHaveLength(1);
    }
    expect(alarms.filter((text) => text.startsWith('trips, orders: the function of the service payments'))).toHaveLength(1);
  });

  test('a further system publishes the table of its records for clients, and the first does not', () => {
    const parameters = ofType(resourcesOf(shared().stack), 'AWS::SSM::Parameter').map(({ properties }) => [
      properties['Name'],
      properties['Value'],
    ]);
    expect(parameters.filter(([name]) => String(name).includes('/records-'))).toEqual([
      ['/tutti/orders/records-payments', 'trips-payments-commands'],
    ]);
  });

  test('a function that begins to serve a further system keeps every logical id', () => {
    const before = testStack();
    const orchestrator = tripsOrchestrator(before);
    new ServiceFunction(before, 'Payments', { orchestrator, service: payments, entry });
    const after = ids(resourcesOf(shared().stack));
    expect([...ids(resourcesOf(before))].filter((id) => !after.has(id))).toEqual([]);
  });

  test('a list of one orchestrator makes the template of the single one', () => {
    const [one, other] = [testStack(), testStack()];
    new ServiceFunction(one, 'Payments', { orchestrator: tripsOrchestrator(one), service: payments, entry });
    new ServiceFunction(other, 'Payments', { orchestrators: [tripsOrchestrator(other)], service: payments, entry });
    expect(resourcesOf(other)).toEqual(resourcesOf(one));
  });

  test('systems of other stacks are found by their names', () => {
    const stack = testStack('Payments');
    const orchestrators = [Orchestrator.fromName(stack, 'Trips', 'trips'), Orchestrator.fromName(stack, 'Orders', 'orders')];
    new ServiceFunction(stack, 'Payments', { orchestrators, service: payments, entry });
    const resources = resourcesOf(stack);
    const arns = ofType(resources, 'AWS::Lambda::EventSourceMapping').map(({ properties }) => properties['EventSourceArn']);
    expect(arns).toEqual(['trips', 'orders'].map((name) => `arn:aws:sqs:${REGION}:${ACCOUNT}:${name}-payments`));
    expect(ofType(resources, 'AWS::DynamoDB::GlobalTable')).toEqual([]);
    expect(Object.keys(JSON.parse(environmentOf(resources)['TUTTI_SYSTEMS'] ?? '') as object)).toEqual(['orders']);
  });

  test('a system of another account has its own queue in the account of the service, and no parameter for clients', () => {
    const stack = testStack('Payments');
    const trips = Orchestrator.fromName(stack, 'Trips', 'trips');
    const elsewhere = Orchestrator.fromName(stack, 'Orders', 'orders', { account: '222222222222' });
    const queue = new ServiceQueue(stack, 'Queue', { orchestrator: elsewhere, service: payments });
    new ServiceFunction(stack, 'Payments', { orchestrators: [trips, elsewhere], queues: { orders: queue }, service: payments, entry });
    const resources = resourcesOf(stack);
    expect(JSON.parse(environmentOf(resources)['TUTTI_SYSTEMS'] ?? '')).toMatchObject({
      orders: { queue: 'orders-payments', bus: `arn:aws:events:${REGION}:222222222222:event-bus/orders` },
    });
    expect(ofType(resources, 'AWS::SSM::Parameter')).toEqual([]);
  });

  test('the function may use the key of a queue of a further system', () => {
    const stack = testStack('Payments');
    const encryptionKey = new Key(stack, 'Key');
    const [trips, elsewhere] = [Orchestrator.fromName(stack, 'Trips', 'trips'), Orchestrator.fromName(stack, 'Orders', 'orders')];
    const queue = new ServiceQueue(stack, 'Queue', { orchestrator: elsewhere, service: payments, encryptionKey });
    new ServiceFunction(stack, 'Payments', { orchestrators: [trips, elsewhere], queues: { orders: queue }, service: payments, entry });
    expect(roleLines(resourcesOf(stack), 'PaymentsService').filter((line) => line.startsWith('kms:'))).toHaveLength(1);
  });
});

describe('a refused shared service', () => {
  const make = (props: object): (() => unknown) => {
    const stack = testStack();
    const [trips, other] = [tripsOrchestrator(stack), ordersOrchestrator(stack)];
    return () => new ServiceFunction(stack, 'Payments', { orchestrators: [trips, other], service: payments, entry, ...props });
  };

  test('two orchestrators of one name are refused', () => {
    const stack = testStack();
    const trips = tripsOrchestrator(stack);
    const again = Orchestrator.fromName(stack, 'Again', 'trips', { account: '222222222222' });
    expect(() => new ServiceFunction(stack, 'Payments', { orchestrators: [trips, again], service: payments, entry })).toThrow(
      'The function of payments serves two orchestrators of the name trips: expected distinct names, because the record keys name the system.',
    );
  });

  test('an empty list of orchestrators is refused', () => {
    expect(make({ orchestrators: [] })).toThrow('The function of payments serves no orchestrator: expected one or more.');
  });

  test('a queue of an orchestrator that is not listed is refused', () => {
    expect(make({ queues: { stock: undefined } })).toThrow(
      'The function of payments has a queue of stock: expected queues of trips, orders.',
    );
  });

  test('a reserved concurrency below the sum over the queues is refused', () => {
    expect(make({ reservedConcurrency: 39 })).toThrow(/reservedConcurrency of 39 and a maxConcurrency of 40 over its queues/);
    expect(make({ reservedConcurrency: 40 })).not.toThrow();
  });

  test('a timeout that exceeds a sixth of the visibility timeout of any queue is refused', () => {
    const stack = testStack();
    const trips = tripsOrchestrator(stack, { serviceVisibilityTimeout: Duration.minutes(12) });
    const orchestrators = [trips, ordersOrchestrator(stack)];
    expect(() => new ServiceFunction(stack, 'Payments', { orchestrators, service: payments, entry, timeout: Duration.minutes(2) })).toThrow(
      /may run for 2 minutes, and its queue hides a message for 3 minutes/,
    );
  });

  test.each([
    ['without recordsOf fails synth', undefined, 1],
    ['with recordsOf is accepted', { recordsOf: 'trips' }, 0],
  ])('a grantAnswer of a further system %s', (_what, options, faults) => {
    const { stack, orchestrators } = shared();
    const role = new Role(stack, 'Desk', { assumedBy: new ServicePrincipal('ecs-tasks.amazonaws.com') });
    orchestrators[1].grantAnswer(payments, role, options);
    orchestrators[0].grantAnswer(payments, role);
    const found = orchestrators.flatMap((each) => each.node.validate());
    expect(found).toHaveLength(faults);
    if (faults > 0) expect(found[0]).toContain("Pass { recordsOf: 'trips' } to grantAnswer.");
  });
});
