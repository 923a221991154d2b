import { Stack } from 'aws-cdk-lib/core';
import { Grant, type GrantOnPrincipalOptions, type IGrantable, type PolicyStatement } from 'aws-cdk-lib/aws-iam';
import { deploymentNames } from '../../adapters/aws/deployment-names.ts';
import { listPartitionsOf } from '../../adapters/dynamodb/head-item.ts';
import { LIST_INDEX, REPLY_KEYS_PARTITION } from '../../adapters/dynamodb/tables.ts';
import { ContractError } from '../../contract/errors.ts';
import { eventContract, type AnyEvent } from '../../contract/event.ts';
import { isTenant, TENANT_FORM } from '../../contract/wire/process-id.ts';
import { CLIENT_WRITER, ORCHESTRATOR_WRITER } from '../../ports/payload-store.ts';
import type { AnswerOptions, IOrchestrator, IServiceQueue, ReadOptions } from '../orchestrator-interface.ts';
import { keyPrefixOf } from '../../service/store.ts';
import { payloadKeys, sentKeys } from '../resources/payload-bucket.ts';
import { serviceStatements } from './service-statements.ts';
import { allow, inPartitions, INSTANCES, notInPartitions, notInPartitionsLike, publishedBy } from './statement.ts';

/**
 * Input: an orchestrator by its names and ARNs, and a grantee. Output: a `Grant` whose statements allow one role of a caller.
 * Trunk: lib/cdk/granting-orchestrator.ts calls each grant here; lib/cdk/iam/service-statements.ts and lib/cdk/iam/orchestrator-statements.ts
 * list rights of services and functions; lib/cdk/iam/statement.ts builds a statement and its conditions.
 */

/** One statement per owner, so that an owner's right does not extend to types of another. Entries of two owners need two requests. */
export function grantPublish(orchestrator: IOrchestrator, grantee: IGrantable, events: readonly AnyEvent[]): Grant {
  return grantStatements(grantee, publishing(orchestrator, events));
}

export function grantService(orchestrator: IOrchestrator, service: string, queue: IServiceQueue, grantee: IGrantable): Grant {
  return grantStatements(grantee, serviceStatements(service, [{ orchestrator, queue }]));
}

/** A start is a message to the queue of starts. The client then reads the head or, beside it, the reason for a refusal. */
export function grantStart(orchestrator: IOrchestrator, grantee: IGrantable): Grant {
  return grantStatements(grantee, [
    findingDeployment(orchestrator),
    allow(['sqs:SendMessage'], [orchestrator.startsArn]),
    allow(['dynamodb:GetItem', 'dynamodb:Query'], [orchestrator.tableArn], inPartitions(INSTANCES)),
    allow(['s3:PutObject'], [payloadKeys(orchestrator.payloadBucketArn, CLIENT_WRITER)]),
  ]);
}

/** A signal is an event on the bus. The client first reads the heads of the instances that it addresses. */
export function grantSignal(orchestrator: IOrchestrator, grantee: IGrantable, events: readonly AnyEvent[]): Grant {
  return grantStatements(grantee, [
    findingDeployment(orchestrator),
    ...publishing(orchestrator, events),
    allow(['dynamodb:GetItem', 'dynamodb:BatchGetItem'], [orchestrator.tableArn], inPartitions(INSTANCES)),
  ]);
}

/**
 * Replying to a deferred command needs the rights of its service: its command records, and an event in its name. The table may hold records of
 * other systems, whose keys name them; the grant is for the records of this system alone.
 */
export function grantAnswer(
  orchestrator: IOrchestrator,
  service: string,
  grantee: IGrantable,
  { recordsOf = orchestrator.name }: AnswerOptions = {},
): Grant {
  const table = Stack.of(orchestrator).formatArn({
    account: orchestrator.account,
    service: 'dynamodb',
    resource: 'table',
    resourceName: deploymentNames(recordsOf).commandTable(service),
  });
  const ownRecords =
    recordsOf === orchestrator.name ? notInPartitionsLike(`*${keyPrefixOf('')}*`) : inPartitions(`${keyPrefixOf(orchestrator.name)}*`);
  return grantStatements(grantee, [
    findingDeployment(orchestrator),
    allow(['dynamodb:GetItem', 'dynamodb:UpdateItem'], [table], ownRecords),
    allow(['events:PutEvents'], [orchestrator.busArn], publishedBy([service])),
    allow(['s3:PutObject'], [payloadKeys(orchestrator.payloadBucketArn, service)]),
  ]);
}

export function grantRead(orchestrator: IOrchestrator, grantee: IGrantable, { tenant }: ReadOptions = {}): Grant {
  return grantStatements(grantee, tenant === undefined ? reading(orchestrator) : readingOf(orchestrator, tenant));
}

export function grantReadQueues(orchestrator: IOrchestrator, grantee: IGrantable): Grant {
  const { serviceQueueArns } = orchestrator;
  return grantStatements(grantee, serviceQueueArns.length === 0 ? [] : [allow(['sqs:GetQueueAttributes'], serviceQueueArns)]);
}

export function grantOperate(orchestrator: IOrchestrator, grantee: IGrantable): Grant {
  return grantStatements(grantee, [...reading(orchestrator), allow(['sqs:SendMessage'], [orchestrator.operationsArn])]);
}

/** The rights to publish these events, also with data that is too large for the bus. */
export function publishing(orchestrator: IOrchestrator, events: readonly AnyEvent[]): readonly PolicyStatement[] {
  const typesOf = new Map<string, Set<string>>();
  for (const { owner, type } of events.map(eventContract)) typesOf.set(owner, (typesOf.get(owner) ?? new Set()).add(type));
  const statements = Array.from(typesOf, ([owner, types]) =>
    allow(['events:PutEvents'], [orchestrator.busArn], publishedBy([owner], [...types])),
  );
  // Event data that is too large for the bus.
  const folders = [...typesOf.values()].flatMap((types) => [...types]);
  const large = folders.map((type) => sentKeys(orchestrator.payloadBucketArn, type));
  return [...statements, ...(large.length > 0 ? [allow(['s3:PutObject'], large)] : [])];
}

/** The whole table except the reply keys: instances of every tenant, and events that are parked beside no instance. */
function reading(orchestrator: IOrchestrator): readonly PolicyStatement[] {
  const { tableArn, payloadBucketArn } = orchestrator;
  return [
    findingDeployment(orchestrator),
    allow(['dynamodb:GetItem', 'dynamodb:BatchGetItem', 'dynamodb:Query'], [tableArn], notInPartitions(REPLY_KEYS_PARTITION)),
    allow(['dynamodb:Query'], [listIndexOf(tableArn)]),
    allow(['s3:GetObject'], [payloadKeys(payloadBucketArn, ORCHESTRATOR_WRITER)]),
  ];
}

/** The keys of instances, list entries and large values begin with the tenant. An event that is parked beside no instance has no tenant, so this allows none of those. */
function readingOf(orchestrator: IOrchestrator, tenant: string): readonly PolicyStatement[] {
  if (!isTenant(tenant))
    throw new ContractError(
      'CONTRACT_INVALID',
      `grantRead of the orchestrator got the tenant ${JSON.stringify(tenant)}: expected ${TENANT_FORM}`,
      {
        remedy: 'Pass the tenant as the events of its instances spell it.',
      },
    );
  const { tableArn, payloadBucketArn } = orchestrator;
  return [
    findingDeployment(orchestrator),
    allow(['dynamodb:GetItem', 'dynamodb:BatchGetItem', 'dynamodb:Query'], [tableArn], inPartitions(`${tenant}#*#*`)),
    allow(['dynamodb:Query'], [listIndexOf(tableArn)], inPartitions(listPartitionsOf(tenant))),
    allow(['s3:GetObject'], [`${payloadBucketArn}/${ORCHESTRATOR_WRITER}/${encodeURIComponent(`${tenant}#`)}*`]),
  ];
}

function listIndexOf(tableArn: string): string {
  return `${tableArn}/index/${LIST_INDEX.name}`;
}

function findingDeployment(orchestrator: IOrchestrator): PolicyStatement {
  const parameters = Stack.of(orchestrator).formatArn({
    account: orchestrator.account,
    service: 'ssm',
    resource: `parameter${deploymentNames(orchestrator.name).parameters}`,
  });
  // Callers may request the path with or without its final slash, and IAM treats the two as different resources.
  return allow(['ssm:GetParametersByPath'], [parameters, `${parameters}/`]);
}

/** Adds the statements to a grantee. An imported, immutable grantee gets none, and CDK warns. */
function grantStatements(grantee: IGrantable, statements: readonly PolicyStatement[]): Grant {
  const grants = statements.map((statement) => {
    const conditions = statement.conditions as GrantOnPrincipalOptions['conditions'];
    const allowed = { grantee, actions: statement.actions, resourceArns: statement.resources };
    return Grant.addToPrincipal(conditions && Object.keys(conditions).length > 0 ? { ...allowed, conditions } : allowed);
  });
  const [first = Grant.drop(grantee, 'nothing to allow'), ...others] = grants;
  return others.reduce((all, grant) => all.combine(grant), first);
}
