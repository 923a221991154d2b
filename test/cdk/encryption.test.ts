import { Key } from 'aws-cdk-lib/aws-kms';
import { expect, test } from 'vitest';
import { payments } from '../../examples/travel-booking/contracts.ts';
import { ServiceFunction } from '../../lib/cdk/service-function.ts';
import { resourcesOf, testStack, tripsOrchestrator } from './synthesized.ts';

const stack = testStack();
const encryptionKey = new Key(stack, 'Key');
const orchestrator = tripsOrchestrator(stack, { encryptionKey });
new ServiceFunction(stack, 'Payments', { orchestrator, service: payments, entry: 'x' });
const resources = resourcesOf(stack);
const usesKey = (value: unknown): boolean => JSON.stringify(value).includes('AWS::KMS::Key/');

test('a key of the user encrypts queues, tables, values and logs, and dead-letter queues keep the key of SQS', () => {
  const encrypted = (type: string, id: RegExp): readonly (readonly [string, boolean])[] =>
    resources.filter((each) => each.type === type && id.test(each.id)).map((each) => [each.id, usesKey(each.properties)] as const);
  const all = [
    ...encrypted('AWS::SQS::Queue', /^(?!.*DeadLetter)/),
    ...encrypted('AWS::DynamoDB::GlobalTable', /./),
    ...encrypted('AWS::S3::Bucket', /./),
    ...encrypted('AWS::Logs::LogGroup', /./),
  ];
  expect(all.length).toBeGreaterThanOrEqual(17);
  expect(all.filter(([, is]) => !is)).toEqual([]);
  expect(encrypted('AWS::SQS::Queue', /DeadLetter/).filter(([, is]) => is)).toEqual([]);
});

test('the rules and the logs may use the key by its policy, and each function by its role', () => {
  const policy = JSON.stringify(resources.find(({ type }) => type === 'AWS::KMS::Key')?.properties['KeyPolicy']);
  expect(policy).toContain('"Service":"events.amazonaws.com"');
  expect(policy).toContain('rule/trips/trips-*');
  expect(policy).toContain('logs.eu-west-1.amazonaws.com');
  const granted = resources.filter(
    ({ type, properties }) => type === 'AWS::IAM::Policy' && JSON.stringify(properties).includes('kms:Decrypt'),
  );
  expect(granted.map(({ id }) => /(Steps|Advance|Sweep|Wake|Drain|Payments)/.exec(id)?.[0])).toEqual([
    'Steps',
    'Advance',
    'Sweep',
    'Wake',
    'Drain',
    'Payments',
  ]);
});
