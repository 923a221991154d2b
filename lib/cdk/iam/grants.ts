import { Stack } from 'aws-cdk-lib/core';
import type { Grant, IGrantable, PolicyStatement } from 'aws-cdk-lib/aws-iam';
import { deploymentNames } from '../../adapters/aws/deployment-names.ts';
import { listPartitionsOf } from '../../adapters/dynamodb/head-item.ts';
import { LIST_INDEX, REPLY_KEYS_PARTITION } from '../../adapters/dynamodb/tables.ts';
import { ContractError } from '../../contract/errors.ts';
import { eventContract, type AnyEvent } from '../../contract/event.ts';
import { isTenant, TENANT_FORM } from '../../contract/wire/process-id.ts';
import { CLIENT_WRITER, ORCHESTRATOR_WRITER } from '../../ports/payload-store.ts';
import { grantStatements } from './grant-statements.ts';
import type { IOrchestrator, IServiceQueue, ReadOptions } from '../orchestrator-interface.ts';
import { payloadKeys, sentKeys } from '../resources/payload-bucket.ts';
import { serviceStatements } from './service-statements.ts';
import { allow, inPartitions, notInPartitions, publishedBy } from './statement.ts';

/** Partitions of instances: a pid has three parts, and no other partition has as many. */
const INSTANCES = '*#*#*';

/** One allowance for each owner, so that none of them speaks for another; entries of two owners need two requests. */
export function grantPublish(orchestrator: IOrchestrator, grantee: IGrantable, events: readonly AnyEvent[]): Grant {
  return grantStatements(grantee, publishing(orchestrator, events));
}

export function grantService(orchestrator: IOrchestrator, service: string, queue: IServiceQueue, grantee: IGrantable): Grant {
  return grantStatements(grantee, serviceStatements(orchestrator, service, queue));
}

/** A start is a message to the queue of starts; its sender then reads the head, and beside it why the start was refused. */
export function grantStart(orchestrator: IOrchestrator, grantee: IGrantable): Grant {
  return grantStatements(grantee, [
    findingDeployment(orchestrator),
    allow(['sqs:SendMessage'], [orchestrator.startsArn]),
    allow(['dynamodb:GetItem', 'dynamodb:Query'], [orchestrator.tableArn], inPartitions(INSTANCES)),
    allow(['s3:PutObject'], [payloadKeys(orchestrator.payloadBucketArn, CLIENT_WRITER)]),
  ]);
}

/** A signal is an event of the bus; its sender first reads the heads of the instances that it is for. */
export function grantSignal(orchestrator: IOrchestrator, grantee: IGrantable, events: readonly AnyEvent[]): Grant {
  return grantStatements(grantee, [
    findingDeployment(orchestrator),
    ...publishing(orchestrator, events),
    allow(['dynamodb:GetItem', 'dynamodb:BatchGetItem'], [orchestrator.tableArn], inPartitions(INSTANCES)),
  ]);
}

/** A deferred command is answered as its service does it: in the records of that service, and by an event in its name. */
export function grantAnswer(orchestrator: IOrchestrator, service: string, grantee: IGrantable): Grant {
  const table = Stack.of(orchestrator).formatArn({
    account: orchestrator.account,
    service: 'dynamodb',
    resource: 'table',
    resourceName: deploymentNames(orchestrator.name).commandTable(service),
  });
  return grantStatements(grantee, [
    findingDeployment(orchestrator),
    allow(['dynamodb:GetItem', 'dynamodb:UpdateItem'], [table]),
    allow(['events:PutEvents'], [orchestrator.busArn], publishedBy([service])),
    allow(['s3:PutObject'], [payloadKeys(orchestrator.payloadBucketArn, service)]),
  ]);
}

export function grantRead(orchestrator: IOrchestrator, grantee: IGrantable, { tenant }: ReadOptions = {}): Grant {
  return grantStatements(grantee, tenant === undefined ? reading(orchestrator) : readingOf(orchestrator, tenant));
}

export function grantOperate(orchestrator: IOrchestrator, grantee: IGrantable): Grant {
  return grantStatements(grantee, [...reading(orchestrator), allow(['sqs:SendMessage'], [orchestrator.operationsArn])]);
}

function publishing(orchestrator: IOrchestrator, events: readonly AnyEvent[]): readonly PolicyStatement[] {
  const typesOf = new Map<string, Set<string>>();
  for (const { owner, type } of events.map(eventContract)) typesOf.set(owner, (typesOf.get(owner) ?? new Set()).add(type));
  const statements = Array.from(typesOf, ([owner, types]) =>
    allow(['events:PutEvents'], [orchestrator.busArn], publishedBy([owner], [...types])),
  );
  // The data of an event that is too large for the bus.
  const folders = [...typesOf.values()].flatMap((types) => [...types]);
  const large = folders.map((type) => sentKeys(orchestrator.payloadBucketArn, type));
  return [...statements, ...(large.length > 0 ? [allow(['s3:PutObject'], large)] : [])];
}

/** All of the table but the keys of replies: instances of every tenant, and what is parked beside none. */
function reading(orchestrator: IOrchestrator): readonly PolicyStatement[] {
  const { tableArn, payloadBucketArn } = orchestrator;
  return [
    findingDeployment(orchestrator),
    allow(['dynamodb:GetItem', 'dynamodb:BatchGetItem', 'dynamodb:Query'], [tableArn], notInPartitions(REPLY_KEYS_PARTITION)),
    allow(['dynamodb:Query'], [listIndexOf(tableArn)]),
    allow(['s3:GetObject'], [payloadKeys(payloadBucketArn, ORCHESTRATOR_WRITER)]),
  ];
}

/** The keys of instances, of their places in the list and of their large values begin with the tenant. What is parked beside no instance has none. */
function readingOf(orchestrator: IOrchestrator, tenant: string): readonly PolicyStatement[] {
  if (!isTenant(tenant))
    throw new ContractError('CONTRACT_INVALID', `The tenant ${JSON.stringify(tenant)} was to be read: expected ${TENANT_FORM}`, {
      remedy: 'Name the tenant as the events of its instances do.',
    });
  const { tableArn, payloadBucketArn } = orchestrator;
  return [
    findingDeployment(orchestrator),
    allow(['dynamodb:GetItem', 'dynamodb:BatchGetItem', 'dynamodb:Query'], [tableArn], inPartitions(`${tenant}#*#*`)),
    allow(['dynamodb:Query'], [listIndexOf(tableArn)], inPartitions(listPartitionsOf(tenant))),
    allow(['s3:GetObject'], [`${payloadBucketArn}/${ORCHESTRATOR_WRITER}/${encodeURIComponent(`${tenant}#`)}*`]),
  ];
}

const listIndexOf = (tableArn: string): string => `${tableArn}/index/${LIST_INDEX.name}`;

function findingDeployment(orchestrator: IOrchestrator): PolicyStatement {
  const parameters = Stack.of(orchestrator).formatArn({
    account: orchestrator.account,
    service: 'ssm',
    resource: `parameter${deploymentNames(orchestrator.name).parameters}`,
  });
  // A path is asked for with its last slash or without it, and IAM takes them for two.
  return allow(['ssm:GetParametersByPath'], [parameters, `${parameters}/`]);
}
