import { Duration, Stack } from 'aws-cdk-lib/core';
import { AttributeType, TableV2 } from 'aws-cdk-lib/aws-dynamodb';
import { PolicyStatement } from 'aws-cdk-lib/aws-iam';
import { describe, expect, test } from 'vitest';
import * as z from 'zod';
import { Orchestrator } from '../../lib/cdk/orchestrator.ts';
import type { OrchestratorProps } from '../../lib/cdk/orchestrator-props.ts';
import { StepFunction } from '../../lib/cdk/step-function.ts';
import { decider, event, process, system } from '../../lib/index.ts';
import { policyLines, roleLines } from './statement-lines.ts';
import { ACCOUNT, REGION, resourcesOf, testApp, testStack, type Resource } from './synthesized.ts';

const Viewed = event('web.viewed', z.object({ userId: z.string() }));
const pay = process('pay', { input: z.object({}) }, async () => {});
const ship = process('ship', { input: z.object({}) }, async () => {});
const views = decider('views', { state: z.object({ count: z.int() }), initial: () => ({ count: 0 }) }).on(
  Viewed.byId(({ userId }) => userId),
  ({ count }) => ({ count: count + 1 }),
);
// Short values are written as those of the travel booking.
const shop = system('trips', { processes: [pay, ship, views], services: [] });

const shopOrchestrator = (stack: Stack, props: Partial<OrchestratorProps> = {}): Orchestrator =>
  new Orchestrator(stack, 'Shop', { system: shop, entry: 'shop.ts', ...props });

const properties = (resources: readonly Resource[], type: string): readonly Resource['properties'][] =>
  resources.filter((each) => each.type === type).map((each) => each.properties);
const functionOf = (resources: readonly Resource[], id: string): Resource['properties'] =>
  resources.find((each) => each.type === 'AWS::Lambda::Function' && each.id.includes(id))?.properties ?? {};
const variablesOf = (resources: readonly Resource[], id: string): Readonly<Record<string, string>> =>
  (functionOf(resources, id)['Environment'] as { readonly Variables: Readonly<Record<string, string>> }).Variables;
const queueNamed = (resources: readonly Resource[], name: string): Resource['properties'] | undefined =>
  properties(resources, 'AWS::SQS::Queue').find((each) => each['QueueName'] === name);

const receive = 'sqs:ChangeMessageVisibility, sqs:DeleteMessage, sqs:GetQueueAttributes, sqs:ReceiveMessage';
const ownLog = 'logs:CreateLogStream, logs:PutLogEvents on its own log';
const published = 'events:PutEvents on bus trips, if each events:source is steps and events:source is there';

describe('the function that runs steps', () => {
  const stack = testStack();
  shopOrchestrator(stack);
  const resources = resourcesOf(stack);

  test('it receives batches of the queue of steps, whose records and dead-letter queue are its own', () => {
    expect(variablesOf(resources, 'StepsRunner')).toEqual({
      TUTTI_NAME: 'trips',
      TUTTI_TABLE: 'trips',
      TUTTI_BUS: 'trips',
      TUTTI_BUCKET: `trips-payloads-${ACCOUNT}-${REGION}`,
      TUTTI_BUCKET_OWNER: ACCOUNT,
      TUTTI_COMMAND_TABLE: 'trips-steps-commands',
      TUTTI_QUEUE_URL: 'trips-steps',
      TUTTI_DEAD_LETTER_URL: 'trips-steps-dead-letter',
    });
    const source = properties(resources, 'AWS::Lambda::EventSourceMapping').find((each) =>
      String(each['EventSourceArn']).endsWith(':trips-steps'),
    );
    expect(source).toMatchObject({
      BatchSize: 10,
      FunctionResponseTypes: ['ReportBatchItemFailures'],
      ScalingConfig: { MaximumConcurrency: 20 },
    });
    expect(queueNamed(resources, 'trips-steps')).toMatchObject({
      VisibilityTimeout: 180,
      RedrivePolicy: { maxReceiveCount: 25, deadLetterTargetArn: `arn:aws:sqs:${REGION}:${ACCOUNT}:trips-steps-dead-letter` },
    });
  });

  test('advance-processes sends to its queue and reads its large replies, and no one else sends', () => {
    expect(roleLines(resources, 'AdvanceProcesses')).toEqual(
      expect.arrayContaining(['sqs:SendMessage on queue trips-steps', 's3:GetObject on values steps/*']),
    );
    expect(policyLines(resources, 'AWS::SQS::QueuePolicy')).toContain(
      'account 111111111111: sqs:SendMessage on queue trips-steps, if aws:PrincipalArn is role trips-advance-eu-west-1',
    );
  });

  test('it has the alarms of a service', () => {
    const alarms = resources.filter(({ type, id }) => type === 'AWS::CloudWatch::Alarm' && id.startsWith('ShopSteps'));
    expect(alarms.map(({ id }) => /(DeadLetters|Age|Unfinished|Errors|fault)/i.exec(id)?.[0] ?? '').toSorted()).toEqual([
      'Age',
      'DeadLetters',
      'Errors',
      'Unfinished',
      'fault',
    ]);
  });

  test('a longer timeout lengthens the time for which its queue hides a message', () => {
    const other = testStack();
    shopOrchestrator(other, { steps: { timeout: Duration.minutes(5), memorySizeMb: 1024, environment: { BANK: 'https://bank.example' } } });
    const made = resourcesOf(other);
    expect(queueNamed(made, 'trips-steps')).toMatchObject({ VisibilityTimeout: 1800 });
    expect(functionOf(made, 'StepsRunner')).toMatchObject({ Timeout: 300, MemorySize: 1024 });
    expect(variablesOf(made, 'StepsRunner')).toMatchObject({ BANK: 'https://bank.example' });
  });

  test('grants, statements and variables for what steps use reach its role and its environment', () => {
    const other = testStack();
    const { steps } = shopOrchestrator(other);
    new TableV2(other, 'Accounts', { tableName: 'accounts', partitionKey: { name: 'id', type: AttributeType.STRING } }).grantReadData(
      steps,
    );
    steps.addToRolePolicy(
      new PolicyStatement({ actions: ['ses:SendEmail'], resources: ['arn:aws:ses:eu-west-1:111111111111:identity/x'] }),
    );
    steps.addEnvironment('SENDER', 'shop@example.com');
    const made = resourcesOf(other);
    const lines = roleLines(made, 'StepsRunner').join('\n');
    expect(lines).toContain('dynamodb:GetItem');
    expect(lines).toMatch(/dynamodb:Scan.* on table accounts/);
    expect(lines).toContain('ses:SendEmail on arn:aws:ses:eu-west-1:111111111111:identity/x');
    expect(variablesOf(made, 'StepsRunner')).toMatchObject({ SENDER: 'shop@example.com' });
  });
});

describe('an orchestrator without steps', () => {
  test.each([
    ['steps: false', (stack: Stack) => shopOrchestrator(stack, { steps: false })],
    ['deciders only', (stack: Stack) => shopOrchestrator(stack, { system: system('trips', { processes: [views], services: [] }) })],
  ])('%s: it has no queue, no function and no rights for steps', (_, make) => {
    const stack = testStack();
    const orchestrator = make(stack);
    const resources = resourcesOf(stack);
    expect(JSON.stringify(resources)).not.toMatch(/trips-steps|steps\/\*|ShopSteps/);
    expect(() => orchestrator.steps).toThrow('The orchestrator trips has no function for steps.');
  });

  test('its functions know that a send to the queue of steps cannot succeed', () => {
    const stack = testStack();
    shopOrchestrator(stack, { steps: false });
    expect(variablesOf(resourcesOf(stack), 'AdvanceProcesses')).toMatchObject({ TUTTI_STEPS: 'false' });
  });

  test('a queue for steps cannot be passed', () => {
    const stack = testStack();
    const queues = { steps: shopOrchestrator(stack).starts.queue };
    expect(() => new Orchestrator(stack, 'Other', { system: shop, entry: 'shop.ts', name: 'other', queues })).toThrow(
      /queues of the orchestrator is a queue of steps/,
    );
  });
});

describe('a StepFunction', () => {
  const stack = testStack();
  const orchestrator = shopOrchestrator(stack);
  new StepFunction(stack, 'MoneyMatters', { orchestrator, processes: [pay], timeout: Duration.minutes(1) });
  const resources = resourcesOf(stack);

  test('it has a queue of its own, to which the orchestrator sends the steps of its processes', () => {
    expect(queueNamed(resources, 'trips-steps-money-matters')).toMatchObject({ VisibilityTimeout: 360 });
    expect(variablesOf(resources, 'AdvanceProcesses')).toMatchObject({ TUTTI_STEP_QUEUES: '{"pay":"steps-money-matters"}' });
    expect(roleLines(resources, 'AdvanceProcesses')).toContain('sqs:SendMessage on queue trips-steps-money-matters');
    expect(policyLines(resources, 'AWS::SQS::QueuePolicy')).toContain(
      'account 111111111111: sqs:SendMessage on queue trips-steps-money-matters, if aws:PrincipalArn is role trips-advance-eu-west-1',
    );
  });

  test('it shares the records of all steps, so that a step which moves to another queue still takes effect once', () => {
    const names = properties(resources, 'AWS::DynamoDB::GlobalTable').map((each) => each['TableName']);
    expect(names).toEqual(['trips', 'trips-steps-commands']);
    expect(variablesOf(resources, 'MoneyMattersRunner')).toMatchObject({ TUTTI_COMMAND_TABLE: 'trips-steps-commands' });
  });

  test('its rights on instances, records and values end at its processes', () => {
    const own = 'if each dynamodb:LeadingKeys is *#pay#* and dynamodb:LeadingKeys is there';
    expect(roleLines(resources, 'MoneyMatters')).toEqual([
      `dynamodb:GetItem, dynamodb:Query on table trips, ${own}`,
      `dynamodb:GetItem, dynamodb:UpdateItem on table trips-steps-commands, ${own}`,
      published,
      ownLog,
      's3:GetObject on values orchestrator/*%23pay%23*',
      's3:PutObject on values steps/*',
      `${receive}, sqs:SendMessage on queue trips-steps-money-matters`,
      'sqs:SendMessage on queue trips-steps-money-matters-dead-letter',
    ]);
  });

  test('a second one adds its processes to the routes', () => {
    const other = testStack();
    const made = shopOrchestrator(other);
    new StepFunction(other, 'Money', { orchestrator: made, processes: [pay] });
    new StepFunction(other, 'Goods', { orchestrator: made, processes: [ship], name: 'warehouse' });
    expect(variablesOf(resourcesOf(other), 'AdvanceProcesses')).toMatchObject({
      TUTTI_STEP_QUEUES: '{"pay":"steps-money","ship":"steps-warehouse"}',
    });
  });

  const unlisted = process('unlisted', { input: z.object({}) }, async () => {});
  test.each([
    ['no process', [], /has no processes/],
    ['a process of another system', [unlisted], /has the process unlisted, which is not in the system trips/],
    ['a decider', [views], /has views, which is a decider and has no steps/],
    ['a process of another StepFunction', [pay], /has the process pay, whose steps steps-money-matters runs already/],
  ])('%s is refused', (_, processes, message) => {
    expect(() => new StepFunction(stack, `Wrong${processes.length}${processes[0]?.name}`, { orchestrator, processes })).toThrow(message);
  });

  test('a name that is not kebab-case, another stack and an orchestrator without steps are refused', () => {
    expect(() => new StepFunction(stack, 'Named', { orchestrator, processes: [ship], name: 'Ship it' })).toThrow(/expected kebab-case/);
    const elsewhere = new Stack(testApp(), 'Elsewhere');
    expect(() => new StepFunction(elsewhere, 'Ship', { orchestrator, processes: [ship] })).toThrow(/expected the same stack/);
    const without = testStack();
    const none = shopOrchestrator(without, { steps: false });
    expect(() => new StepFunction(without, 'Ship', { orchestrator: none, processes: [ship] })).toThrow(/has no function for steps/);
  });
});
