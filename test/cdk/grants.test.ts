import { Role, ServicePrincipal } from 'aws-cdk-lib/aws-iam';
import { describe, expect, test } from 'vitest';
import { CheckoutTravelCart, PaymentCharged, hotels } from '../../examples/travel-booking/contracts.ts';
import { trips } from '../../examples/travel-booking/system.ts';
import type { IOrchestrator } from '../../lib/cdk/orchestrator-interface.ts';
import { Orchestrator } from '../../lib/cdk/orchestrator.ts';
import { roleLines } from './statement-lines.ts';
import { ACCOUNT, resourcesOf, testApp, testStack, tripsOrchestrator } from './synthesized.ts';

/** What a role of the user may do after a grant, and with it nothing else. */
const granted = (grant: (orchestrator: IOrchestrator, role: Role) => void): readonly string[] => {
  const stack = testStack();
  const role = new Role(stack, 'Grantee', { assumedBy: new ServicePrincipal('ecs-tasks.amazonaws.com') });
  grant(tripsOrchestrator(stack), role);
  return roleLines(resourcesOf(stack), 'Grantee');
};

const reading = [
  'dynamodb:BatchGetItem, dynamodb:GetItem, dynamodb:Query on table trips',
  'dynamodb:Query on index list of table trips',
  's3:GetObject on values orchestrator/*',
  'ssm:GetParametersByPath on parameters /tutti/trips',
  'ssm:GetParametersByPath on parameters /tutti/trips/',
];

describe('grants', () => {
  test("grantPublish lets these events through and no others, in their owner's name", () => {
    expect(granted((orchestrator, role) => orchestrator.grantPublish(role, CheckoutTravelCart))).toEqual([
      'events:PutEvents on bus trips, if each events:source is trips and each events:detail-type is trips.checkout-travel-cart and events:source is there and events:detail-type is there',
      's3:PutObject on values _clients/trips.checkout-travel-cart/*',
    ]);
  });

  test('grantPublish of events of two owners is two allowances, so that neither speaks for the other', () => {
    expect(granted((orchestrator, role) => orchestrator.grantPublish(role, CheckoutTravelCart, PaymentCharged))).toEqual([
      'events:PutEvents on bus trips, if each events:source is payments and each events:detail-type is payments.payment-charged and events:source is there and events:detail-type is there',
      'events:PutEvents on bus trips, if each events:source is trips and each events:detail-type is trips.checkout-travel-cart and events:source is there and events:detail-type is there',
      's3:PutObject on values _clients/payments.payment-charged/*',
      's3:PutObject on values _clients/trips.checkout-travel-cart/*',
    ]);
  });

  test('grantService lets somebody be that service', () => {
    expect(granted((orchestrator, role) => orchestrator.grantService(hotels, role))).toEqual([
      'dynamodb:GetItem, dynamodb:PutItem, dynamodb:UpdateItem on table trips-hotels-commands',
      'events:PutEvents on bus trips, if each events:source is hotels and events:source is there',
      's3:GetObject on values orchestrator/*',
      's3:PutObject on values hotels/*',
      'sqs:ChangeMessageVisibility, sqs:DeleteMessage, sqs:GetQueueAttributes, sqs:ReceiveMessage, sqs:SendMessage on queue trips-hotels',
      'sqs:SendMessage on queue trips-hotels-dead-letter',
    ]);
  });

  test('grantRead reads and writes nothing', () => {
    expect(granted((orchestrator, role) => orchestrator.grantRead(role))).toEqual(reading);
  });

  test('grantOperate reads, and sends to the queue of acts only', () => {
    expect(granted((orchestrator, role) => orchestrator.grantOperate(role))).toEqual(
      [...reading, 'sqs:SendMessage on queue trips-operations'].toSorted(),
    );
  });

  test('grantClient starts, signals, and answers deferred commands of the services', () => {
    const services = ['flights', 'hotels', 'notifications', 'payments'];
    expect(granted((orchestrator, role) => orchestrator.grantClient(role))).toEqual(
      [
        ...reading,
        'sqs:SendMessage on queue trips-starts',
        's3:PutObject on values _clients/*',
        'events:PutEvents on bus trips, if each events:source is trips or payments or flights or hotels or notifications and events:source is there',
        ...services.map((service) => `dynamodb:GetItem, dynamodb:UpdateItem on table trips-${service}-commands`),
        ...services.map((service) => `s3:PutObject on values ${service}/*`),
      ].toSorted(),
    );
  });
});

describe('an orchestrator of another stack', () => {
  test('is found by its parameters, and grants the same', () => {
    const stack = testStack('Web');
    const role = new Role(stack, 'Grantee', { assumedBy: new ServicePrincipal('ecs-tasks.amazonaws.com') });
    const orchestrator = Orchestrator.fromName(stack, 'Trips', 'trips', { system: trips });
    orchestrator.grantClient(role);
    orchestrator.grantService(hotels, role);
    const lines = roleLines(resourcesOf(stack), 'Grantee');
    expect(lines).toHaveLength(19);
    const parameter = (name: string): RegExp => new RegExp(`SsmParameterValuetuttitrips${name}`);
    expect(lines.filter((line) => line.includes('PutEvents')).every((line) => parameter('bus').test(line))).toBe(true);
    expect(lines.filter((line) => line.includes('index list'))[0]).toMatch(parameter('table'));
  });

  test("tells that a client's grant needs the system", () => {
    const stack = testStack('Web');
    const role = new Role(stack, 'Grantee', { assumedBy: new ServicePrincipal('ecs-tasks.amazonaws.com') });
    expect(() => Orchestrator.fromName(stack, 'Trips', 'trips').grantClient(role)).toThrow(/what its clients may publish is not known/);
  });

  test('of another account is known by the names of its resources', () => {
    const stack = testStack('Web', testApp(), { account: '222222222222', region: 'eu-west-1' });
    const role = new Role(stack, 'Grantee', { assumedBy: new ServicePrincipal('ecs-tasks.amazonaws.com') });
    const orchestrator = Orchestrator.fromName(stack, 'Trips', 'trips', { account: ACCOUNT });
    orchestrator.grantPublish(role, CheckoutTravelCart);
    expect(roleLines(resourcesOf(stack), 'Grantee')[0]).toContain('on bus trips,');
    expect(orchestrator.busAddress).toBe(orchestrator.busArn);
  });
});
