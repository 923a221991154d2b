import { Stack } from 'aws-cdk-lib/core';
import { Queue } from 'aws-cdk-lib/aws-sqs';
import { describe, expect, test } from 'vitest';
import * as z from 'zod';
import { payments } from '../../examples/travel-booking/contracts.ts';
import { Orchestrator } from '../../lib/cdk/orchestrator.ts';
import type { OrchestratorProps } from '../../lib/cdk/orchestrator-props.ts';
import { ServiceFunction } from '../../lib/cdk/service-function.ts';
import { writtenLength } from '../../lib/cdk/resources/aws-limits.ts';
import { command, event, process, service, system, type System } from '../../lib/index.ts';
import { resourcesOf, testApp, testStack, tripsOrchestrator } from './synthesized.ts';

const data = z.object({ id: z.string() });

/** A system of so many services, and of so many owners of events. */
const large = (services: number, owners: number): System<string> => {
  const start = event('shop.begin', data);
  const heard = Array.from({ length: owners }, (_, i) => event(`owner-team-${i}.thing-happened`, data));
  const served = Array.from({ length: services }, (_, i) => service(`service-number-${i}`, { act: command({ input: data }) }));
  const long = process(
    'long-one',
    { startOn: start.byId(({ id }) => id), receives: heard.map((each) => each.byId(({ id }) => id)) },
    async () => {},
  );
  return system('shop', { processes: [long], services: served });
};

const deployed = (services: number, owners: number, props: Partial<OrchestratorProps> = {}, stack: Stack = testStack()): Orchestrator =>
  new Orchestrator(stack, 'Shop', { system: large(services, owners), entry: 'x', ...props });

/** Queues of services in another account. */
const owned = (stack: Stack, count: number): Record<string, Queue> =>
  Object.fromEntries(
    Array.from({ length: count }, (_, i) => {
      const name = `service-number-${i}`;
      return [name, Queue.fromQueueArn(stack, name, `arn:aws:sqs:eu-west-1:222222222222:shop-${name}`) as Queue];
    }),
  );

const lengthsOf = (stack: Stack, type: string, document: (properties: Readonly<Record<string, unknown>>) => unknown): readonly number[] =>
  resourcesOf(stack)
    .filter((each) => each.type === type)
    .map(({ properties }) => JSON.stringify(document(properties)).length);

describe('limits of AWS', () => {
  test('the policy of the inbox has the same size for any number of owners, because it names the rules by their prefix', () => {
    const sizes = [1, 100].map((owners) => {
      const stack = testStack();
      deployed(1, owners, {}, stack);
      return Math.max(...lengthsOf(stack, 'AWS::SQS::QueuePolicy', ({ PolicyDocument: document }) => document));
    });
    expect(sizes[1]).toBe(sizes[0]);
    expect(sizes[1]).toBeLessThan(8_192 / 4);
  });

  test('a role whose statements do not fit into it gets managed policies, each within its limit, and loses no resource', () => {
    const stack = testStack();
    const queues = owned(stack, 20);
    const rest = testStack();
    deployed(48, 1, {}, rest);
    deployed(20, 1, { queues }, stack);
    for (const each of [stack, rest]) {
      const inline = lengthsOf(
        each,
        'AWS::IAM::Role',
        ({ Policies: policies }) => (policies as readonly { PolicyDocument: unknown }[])[0]?.PolicyDocument,
      );
      const managed = lengthsOf(each, 'AWS::IAM::ManagedPolicy', ({ PolicyDocument: document }) => document);
      expect(Math.max(...inline)).toBeLessThanOrEqual(10_240);
      expect(Math.max(0, ...managed)).toBeLessThanOrEqual(6_144);
    }
    const made = resourcesOf(rest);
    const managed = made.filter(({ type }) => type === 'AWS::IAM::ManagedPolicy');
    expect(managed.length).toBeGreaterThan(0);
    const role = made.find(({ id, type }) => type === 'AWS::IAM::Role' && id.includes('AdvanceProcesses'));
    const allowed = JSON.stringify([role?.properties['Policies'], ...managed.map(({ properties }) => properties)]);
    for (let i = 0; i < 48; i += 1) {
      expect(allowed).toContain(`:shop-service-number-${i}"`);
      expect(allowed).toContain(`/service-number-${i}/*"`);
    }
    expect(role?.properties['ManagedPolicyArns']).toHaveLength(managed.length);
  });

  test('a stack of more than 500 resources fails, and the error names the constructs to move', () => {
    const stack = testStack();
    deployed(70, 1, {}, stack);
    expect(() => resourcesOf(stack)).toThrow(
      /has \d+ resources: CloudFormation allows 500. Move each ServiceFunction into a stack of its service/,
    );
  });

  test('more rules than the quota of a bus are refused, which is 100 in two regions', () => {
    expect(() => deployed(1, 300)).toThrow(/needs 302 rules, one for each owner of events: a bus has at most 300/);
    const africa = new Stack(testApp(), 'Africa', { env: { account: '111111111111', region: 'af-south-1' } });
    expect(() => deployed(1, 120, {}, africa)).toThrow(/needs 122 rules, one for each owner of events: a bus has at most 100/);
  });

  test('queues that exceed the environment variables of a function are refused', () => {
    const stack = testStack();
    expect(() => deployed(60, 1, { queues: owned(stack, 60) }, stack)).toThrow(
      /variables of the function .* take up to \d+ bytes: Lambda allows 4096/,
    );
  });

  test('a reference counts with the longest value that it may have', () => {
    expect(writtenLength({ a: ['b', 1] })).toBe(JSON.stringify({ a: ['b', 1] }).length + 2);
    expect(writtenLength({ 'Fn::GetAtt': ['Queue', 'Arn'] })).toBe(130);
    expect(writtenLength({ 'Fn::Join': ['', ['arn:', { Ref: 'AWS::Partition' }, ':sqs']] })).toBe(30);
  });
});

describe('copies of a function', () => {
  test.each([
    [{ maxConcurrency: 1 }, /maxConcurrency of the orchestrator is 1: expected a whole number of 2 to 1000/],
    [{ hotLaneConcurrency: 1001 }, /hotLaneConcurrency of the orchestrator is 1001/],
    [{ reservedConcurrency: 119 }, /reservedConcurrency of the orchestrator is 119: expected \d+ or more/],
  ])('a concurrency that the queues cannot get is refused: %o', (props, message) => {
    expect(() => tripsOrchestrator(testStack(), props)).toThrow(message);
  });

  test('copies can be reserved for advance-processes and for a service', () => {
    const stack = testStack();
    const orchestrator = tripsOrchestrator(stack, { reservedConcurrency: 200 });
    new ServiceFunction(stack, 'Payments', { orchestrator, service: payments, entry: 'x', maxConcurrency: 5, reservedConcurrency: 5 });
    const reserved = resourcesOf(stack).flatMap(({ id, properties }) =>
      properties['ReservedConcurrentExecutions'] === undefined
        ? []
        : [`${/Advance|Payments/.exec(id)?.[0]} ${properties['ReservedConcurrentExecutions'] as number}`],
    );
    expect(reserved).toEqual(['Advance 200', 'Payments 5']);
    expect(() => new ServiceFunction(stack, 'Other', { orchestrator, service: payments, entry: 'x', reservedConcurrency: 5 })).toThrow(
      /function of payments has a reservedConcurrency of 5 and a maxConcurrency of 20/,
    );
  });

  test('warmThroughput sets the throughput of the table and of its indexes', () => {
    const stack = testStack();
    const warmThroughput = { readUnitsPerSecond: 20_000, writeUnitsPerSecond: 10_000 };
    tripsOrchestrator(stack, { warmThroughput, deletionProtection: true });
    const table = resourcesOf(stack).find(({ type, id }) => type === 'AWS::DynamoDB::GlobalTable' && id.includes('Table'));
    const warm = { ReadUnitsPerSecond: 20_000, WriteUnitsPerSecond: 10_000 };
    expect(table?.properties).toMatchObject({
      WarmThroughput: warm,
      GlobalSecondaryIndexes: [{ WarmThroughput: warm }, { WarmThroughput: warm }],
      Replicas: [{ DeletionProtectionEnabled: true }],
    });
  });
});

describe('two deployments of one system', () => {
  test('two deployments on one bus are refused, since each would receive the replies of the other', () => {
    const app = testApp();
    const first = testStack('First', app);
    const { bus } = tripsOrchestrator(first);
    const second = testStack('Second', app);
    tripsOrchestrator(second, { name: 'second', bus });
    expect(() => resourcesOf(second)).toThrow(/Second\/Trips and First\/Trips both deploy the system trips on one bus/);
  });

  test('two deployments on separate buses are accepted', () => {
    const app = testApp();
    tripsOrchestrator(testStack('First', app));
    const second = testStack('Second', app);
    tripsOrchestrator(second, { name: 'second' });
    expect(resourcesOf(second).length).toBeGreaterThan(50);
  });
});
