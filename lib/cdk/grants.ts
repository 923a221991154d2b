import { Stack } from 'aws-cdk-lib/core';
import type { Grant, IGrantable, PolicyStatement } from 'aws-cdk-lib/aws-iam';
import { deploymentNames } from '../adapters/aws/deployment-names.ts';
import { LIST_INDEX } from '../adapters/dynamodb/tables.ts';
import { CLIENT_WRITER } from '../adapters/s3/payload-store.ts';
import { eventContract, type AnyEvent } from '../contract/event.ts';
import type { SystemContract } from '../contract/runtime-contract.ts';
import { heardTypes } from './event-patterns.ts';
import { grantStatements } from './grant-statements.ts';
import type { IOrchestrator, IServiceQueue } from './orchestrator-interface.ts';
import { ORCHESTRATOR_WRITER, payloadKeys, sentKeys } from './payload-bucket.ts';
import { serviceStatements } from './service-statements.ts';
import { allow, publishedBy } from './statement.ts';

/** One allowance for each owner, so that none of them speaks for another; entries of two owners need two requests. */
export function grantPublish(orchestrator: IOrchestrator, grantee: IGrantable, events: readonly AnyEvent[]): Grant {
  const typesOf = new Map<string, Set<string>>();
  for (const { owner, type } of events.map(eventContract)) typesOf.set(owner, (typesOf.get(owner) ?? new Set()).add(type));
  const statements = Array.from(typesOf, ([owner, types]) =>
    allow(['events:PutEvents'], [orchestrator.busArn], publishedBy([owner], [...types])),
  );
  // The data of an event that is too large for the bus.
  const folders = [...typesOf.values()].flatMap((types) => [...types]);
  const large = folders.map((type) => sentKeys(orchestrator.payloadBucketArn, type));
  return grantStatements(grantee, [...statements, ...(large.length > 0 ? [allow(['s3:PutObject'], large)] : [])]);
}

export function grantService(orchestrator: IOrchestrator, service: string, queue: IServiceQueue, grantee: IGrantable): Grant {
  return grantStatements(grantee, serviceStatements(orchestrator, service, queue));
}

export function grantRead(orchestrator: IOrchestrator, grantee: IGrantable): Grant {
  return grantStatements(grantee, reading(orchestrator));
}

export function grantOperate(orchestrator: IOrchestrator, grantee: IGrantable): Grant {
  return grantStatements(grantee, [...reading(orchestrator), allow(['sqs:SendMessage'], [orchestrator.operationsArn])]);
}

/**
 * A client starts by a message to the queue of starts, signals by an event that a process hears, and answers a deferred command as the service
 * would: in its records, and by an event in its name.
 */
export function grantClient(orchestrator: IOrchestrator, system: SystemContract, grantee: IGrantable): Grant {
  const services = [...system.services.keys()];
  const sources = [...new Set([...heardTypes(system).keys(), ...services])];
  return grantStatements(grantee, [
    ...reading(orchestrator),
    allow(['sqs:SendMessage'], [orchestrator.startsArn]),
    allow(['events:PutEvents'], [orchestrator.busArn], publishedBy(sources)),
    allow(['s3:PutObject'], [payloadKeys(orchestrator.payloadBucketArn, CLIENT_WRITER)]),
    ...(services.length > 0 ? answering(orchestrator, services) : []),
  ]);
}

function answering(orchestrator: IOrchestrator, services: readonly string[]): readonly PolicyStatement[] {
  const names = deploymentNames(orchestrator.name);
  const tables = services.map((service) =>
    Stack.of(orchestrator).formatArn({
      account: orchestrator.account,
      service: 'dynamodb',
      resource: 'table',
      resourceName: names.commandTable(service),
    }),
  );
  const payloads = services.map((service) => payloadKeys(orchestrator.payloadBucketArn, service));
  return [allow(['dynamodb:GetItem', 'dynamodb:UpdateItem'], tables), allow(['s3:PutObject'], payloads)];
}

function reading(orchestrator: IOrchestrator): readonly PolicyStatement[] {
  const parameters = Stack.of(orchestrator).formatArn({
    account: orchestrator.account,
    service: 'ssm',
    resource: `parameter${deploymentNames(orchestrator.name).parameters}`,
  });
  return [
    // A path is asked for with its last slash or without it, and IAM takes them for two.
    allow(['ssm:GetParametersByPath'], [parameters, `${parameters}/`]),
    allow(['dynamodb:GetItem', 'dynamodb:BatchGetItem', 'dynamodb:Query'], [orchestrator.tableArn]),
    allow(['dynamodb:Query'], [`${orchestrator.tableArn}/index/${LIST_INDEX.name}`]),
    allow(['s3:GetObject'], [payloadKeys(orchestrator.payloadBucketArn, ORCHESTRATOR_WRITER)]),
  ];
}
