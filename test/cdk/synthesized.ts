import { readFileSync } from 'node:fs';
import { Annotations, App, Stack, type Environment } from 'aws-cdk-lib/core';
import { Template } from 'aws-cdk-lib/assertions';
import { trips } from '../../examples/travel-booking/system.ts';
import { Orchestrator } from '../../lib/cdk/orchestrator.ts';
import type { OrchestratorProps } from '../../lib/cdk/orchestrator-props.ts';

// Its own rules take three seconds; the lane that synthesises the app runs them.
process.env['CDK_VALIDATION'] = 'false';

export const ACCOUNT = '111111111111';
export const REGION = 'eu-west-1';

const flags = JSON.parse(
  readFileSync(new URL('../../node_modules/aws-cdk-lib/recommended-feature-flags.json', import.meta.url), 'utf8'),
) as Readonly<Record<string, unknown>>;

/** An app as `cdk init` makes it, whose functions are not bundled. */
export const testApp = (): App => new App({ context: { ...flags, 'aws:cdk:bundling-stacks': [] } });

/** A stack in a new app, or in `app`. */
export const testStack = (id = 'Trips', app: App = testApp(), env: Environment = { account: ACCOUNT, region: REGION }): Stack => {
  const stack = new Stack(app, id, { env });
  // The alarms of most test stacks need no topic.
  Annotations.of(stack).acknowledgeWarning('tutti/cdk:no-alarm-topic');
  return stack;
};

/** The travel booking as a user deploys it. */
export const tripsOrchestrator = (stack: Stack, props: Partial<OrchestratorProps> = {}): Orchestrator =>
  new Orchestrator(stack, 'Trips', { system: trips, entry: 'examples/travel-booking/system.ts', ...props });

export interface Resource {
  readonly id: string;
  readonly type: string;
  readonly properties: Readonly<Record<string, unknown>>;
  readonly deletionPolicy: string | undefined;
}

interface RawResource {
  readonly Type: string;
  readonly Properties?: Readonly<Record<string, unknown>>;
  readonly DeletionPolicy?: string;
}

/** The resources of a stack, with every reference to another of them, and to account, region and partition, as the text that it becomes. */
export const resourcesOf = (stack: Stack): readonly Resource[] => {
  const raw = (Template.fromStack(stack).toJSON() as { readonly Resources: Readonly<Record<string, RawResource>> }).Resources;
  const evaluate = (value: unknown): unknown => {
    if (Array.isArray(value)) return value.map(evaluate);
    if (typeof value !== 'object' || value === null) return value;
    const entries = Object.entries(value);
    const [[key, argument] = ['', undefined]] = entries;
    if (key === 'Ref') return nameOf(argument as string);
    if (key === 'Fn::GetAtt') return attributeOf(...(argument as [string, string]));
    if (key === 'Fn::Join') {
      const [separator, parts] = argument as [string, readonly unknown[]];
      return parts.map(evaluate).join(separator);
    }
    return Object.fromEntries(entries.map(([name, each]) => [name, evaluate(each)]));
  };
  const pseudo: Readonly<Record<string, string>> = { 'AWS::Partition': 'aws', 'AWS::AccountId': ACCOUNT, 'AWS::Region': REGION };
  const nameOf = (id: string): string => {
    if (pseudo[id] !== undefined) return pseudo[id];
    const { Properties: properties = {} } = raw[id] ?? {};
    const key = ['TableName', 'QueueName', 'BucketName', 'FunctionName'].find((each) => properties[each] !== undefined) ?? 'Name';
    return String(evaluate(properties[key] ?? id));
  };
  const attributeOf = (id: string, attribute: string): string => {
    const name = nameOf(id);
    if (attribute !== 'Arn') return `${name}.${attribute}`;
    return ARNS[raw[id]?.Type ?? '']?.(name) ?? `${raw[id]?.Type}/${id}`;
  };
  return Object.entries(raw).map(([id, { Type, Properties = {}, DeletionPolicy }]) => ({
    id,
    type: Type,
    properties: evaluate(Properties) as Record<string, unknown>,
    deletionPolicy: DeletionPolicy,
  }));
};

const ARNS: Readonly<Record<string, (name: string) => string>> = {
  'AWS::SQS::Queue': (name) => `arn:aws:sqs:${REGION}:${ACCOUNT}:${name}`,
  'AWS::DynamoDB::GlobalTable': (name) => `arn:aws:dynamodb:${REGION}:${ACCOUNT}:table/${name}`,
  'AWS::S3::Bucket': (name) => `arn:aws:s3:::${name}`,
  'AWS::Events::EventBus': (name) => `arn:aws:events:${REGION}:${ACCOUNT}:event-bus/${name}`,
};
