import type { Condition } from '../iam/condition.ts';
import { listed } from '../iam/condition.ts';
import type { Statement } from '../iam/decide.ts';
import { ACCOUNT, REGION, type Resource } from '../synthesized.ts';

/** The rights in a template, and the queues that each function reads. */

interface Document {
  readonly Statement: readonly RawStatement[];
}

interface RawStatement {
  readonly Sid?: string;
  readonly Effect: 'Allow' | 'Deny';
  readonly Action: string | readonly string[];
  readonly Resource?: string | readonly string[];
  readonly Principal?: NonNullable<Statement['Principal']>;
  readonly Condition?: Condition;
}

export interface Role {
  readonly id: string;
  readonly arn: string;
  readonly statements: readonly Statement[];
}

/** Inline policies of the role, and policies that grants have made for it. */
export function rolesOf(resources: readonly Resource[]): readonly Role[] {
  const attached = resources.filter(({ type }) => type === 'AWS::IAM::Policy' || type === 'AWS::IAM::ManagedPolicy');
  return resources
    .filter(({ type }) => type === 'AWS::IAM::Role')
    .map(({ id, properties }) => {
      const inline = (properties['Policies'] ?? []) as readonly { readonly PolicyDocument: Document }[];
      const managed = (properties['ManagedPolicyArns'] ?? []) as readonly string[];
      const others = attached.filter(
        (policy) =>
          ((policy.properties['Roles'] ?? []) as readonly string[]).includes(id) ||
          managed.some((reference) => reference.includes(policy.id)),
      );
      const documents = [
        ...inline.map((policy) => policy.PolicyDocument),
        ...others.map((policy) => policy.properties['PolicyDocument'] as Document),
      ];
      return { id, arn: roleArn(id, properties), statements: documents.flatMap((document) => statementsOf(id, document)) };
    });
}

function roleArn(id: string, properties: Resource['properties']): string {
  return `arn:aws:iam::${ACCOUNT}:role/${(properties['RoleName'] as string | undefined) ?? id}`;
}

/** By the ARN of the resource: those of queues and buckets, and of buses, which have one resource for each statement. */
export function resourcePolicies(resources: readonly Resource[]): ReadonlyMap<string, readonly Statement[]> {
  const policies = new Map<string, readonly Statement[]>();
  const roles = new Map(rolesOf(resources).map(({ id, arn }) => [id, arn]));
  const add = (arn: string, statements: readonly Statement[]): void =>
    void policies.set(arn, [...(policies.get(arn) ?? []), ...statements]);
  for (const { id, type, properties } of resources) {
    const document = withRoleArns(properties['PolicyDocument'] as Document, roles);
    if (type === 'AWS::SQS::QueuePolicy')
      for (const queue of properties['Queues'] as readonly string[]) add(queueArn(queue), statementsOf(id, document));
    if (type === 'AWS::S3::BucketPolicy') add(`arn:aws:s3:::${String(properties['Bucket'])}`, statementsOf(id, document));
    if (type === 'AWS::Events::EventBusPolicy') {
      const bus = `arn:aws:events:${REGION}:${ACCOUNT}:event-bus/${String(properties['EventBusName'])}`;
      add(bus, statementsOf(id, { Statement: [properties['Statement'] as RawStatement] }));
    }
  }
  return policies;
}

/** A reference to the ARN of a role, which the synthesized properties name by its logical id. */
function withRoleArns<D extends Document | undefined>(document: D, roles: ReadonlyMap<string, string>): D {
  if (document === undefined) return document;
  const text = JSON.stringify(document).replaceAll(/AWS::IAM::Role\/(\w+)/g, (found, id: string) => roles.get(id) ?? found);
  return JSON.parse(text) as D;
}

export const queueArn = (name: string): string => `arn:aws:sqs:${REGION}:${ACCOUNT}:${name}`;

function statementsOf(owner: string, { Statement: statements }: Document): readonly Statement[] {
  return statements.map((raw) => ({
    ...raw,
    name: `${owner}: ${raw.Sid ?? listed(raw.Action).join(', ')} on ${listed(raw.Resource ?? '*').join(', ')}`,
    Resource: raw.Resource ?? '*',
  }));
}

export interface DeployedFunction {
  readonly id: string;
  readonly role: string;
  readonly environment: Readonly<Record<string, string>>;
  /** The queues that Lambda reads for it. */
  readonly queues: readonly string[];
  readonly logGroup: string;
}

export function functionsOf(resources: readonly Resource[]): readonly DeployedFunction[] {
  const mappings = resources.filter(({ type }) => type === 'AWS::Lambda::EventSourceMapping');
  return (
    resources
      // CDK's own function copies files at a deployment.
      .filter(({ type, properties }) => type === 'AWS::Lambda::Function' && String(properties['Runtime']).startsWith('nodejs'))
      .map(({ id, properties }) => ({
        id,
        role: String(properties['Role']).replace('AWS::IAM::Role/', ''),
        environment: (properties['Environment'] as { readonly Variables: Readonly<Record<string, string>> }).Variables,
        queues: mappings
          .filter((mapping) => mapping.properties['FunctionName'] === id)
          .map((mapping) => String(mapping.properties['EventSourceArn']).split(':').at(-1) as string),
        logGroup: `AWS::Logs::LogGroup/${(properties['LoggingConfig'] as { readonly LogGroup: string }).LogGroup}`,
      }))
  );
}

export interface DeployedRule {
  readonly arn: string;
  /** Name of the bus. */
  readonly bus: string;
  readonly pattern: Readonly<Record<string, unknown>>;
  readonly queues: readonly string[];
}

/** Rules with an event pattern, without scheduled rules. */
export function rulesOf(resources: readonly Resource[]): readonly DeployedRule[] {
  return resources
    .filter(({ type, properties }) => type === 'AWS::Events::Rule' && properties['EventPattern'] !== undefined)
    .map(({ properties }) => ({
      arn: `arn:aws:events:${REGION}:${ACCOUNT}:rule/${String(properties['EventBusName'])}/${String(properties['Name'])}`,
      bus: String(properties['EventBusName']),
      pattern: properties['EventPattern'] as Record<string, unknown>,
      queues: (properties['Targets'] as readonly { readonly Arn: string }[]).map(({ Arn }) => Arn.split(':').at(-1) as string),
    }));
}

/** Patterns of EventBridge as the constructs write them: lists of texts, and `exists: false`. */
export function matchesPattern(pattern: Readonly<Record<string, unknown>>, event: unknown): boolean {
  return Object.entries(pattern).every(([key, wanted]) => {
    const value = (event as Readonly<Record<string, unknown>> | undefined)?.[key];
    if (!Array.isArray(wanted)) return matchesPattern(wanted as Record<string, unknown>, value);
    return wanted.some((each: unknown) =>
      typeof each === 'object' ? (each as { readonly exists?: boolean }).exists === (value !== undefined) : each === value,
    );
  });
}
