import type { PolicyStatement } from 'aws-cdk-lib/aws-iam';
import { DUE_INDEX, LIST_INDEX } from '../../adapters/dynamodb/tables.ts';
import { FLOW_PARTITIONS } from '../../format/stored-flow.ts';
import { CLIENT_WRITER, ORCHESTRATOR_WRITER } from '../../ports/payload-store.ts';
import { payloadKeys } from '../resources/payload-bucket.ts';
import { allow, inPartitions, INSTANCES, publishedBy, RECEIVE } from './statement.ts';

/** The resources that the functions of an orchestrator use. */
export interface OrchestratorResources {
  readonly system: string;
  readonly tableArn: string;
  readonly busArn: string;
  readonly payloadBucketArn: string;
  readonly inboxArn: string;
  readonly startsArn: string;
  readonly operationsArn: string;
  readonly hotLaneArn: string;
  /** Dead-letter queues of the four queues of the engine. */
  readonly deadLetterArns: readonly string[];
  readonly services: readonly string[];
  readonly serviceQueueArns: readonly string[];
}

/** Removes what is stored of an erased instance. advance-processes may list the bucket already. */
export function erasureStatements(at: OrchestratorResources): readonly PolicyStatement[] {
  const writers = [ORCHESTRATOR_WRITER, ...at.services];
  return [
    allow(['dynamodb:DeleteItem'], [at.tableArn], inPartitions(INSTANCES)),
    allow(
      ['s3:DeleteObject'],
      writers.map((writer) => payloadKeys(at.payloadBucketArn, writer)),
    ),
  ];
}

/** Reads and writes single items. No scan; no delete, because items are removed by their expiry. */
export function advanceStatements(at: OrchestratorResources): readonly PolicyStatement[] {
  const payloads = [ORCHESTRATOR_WRITER, CLIENT_WRITER, ...at.services].map((writer) => payloadKeys(at.payloadBucketArn, writer));
  return [
    allow(RECEIVE, [at.inboxArn, at.startsArn, at.operationsArn, at.hotLaneArn]),
    allow(['dynamodb:GetItem', 'dynamodb:BatchGetItem', 'dynamodb:Query', 'dynamodb:PutItem', 'dynamodb:UpdateItem'], [at.tableArn]),
    // At the end of the pause of a process or a service: what it has paused and parked.
    allow(['dynamodb:Query'], [`${at.tableArn}/index/${LIST_INDEX.name}`]),
    allow(['sqs:SendMessage'], [at.inboxArn, at.hotLaneArn, ...at.serviceQueueArns]),
    allow(['events:PutEvents'], [at.busArn], publishedBy([at.system])),
    allow(['s3:GetObject'], payloads),
    // Without this right S3 replies 403 instead of 404 for a missing value, and the engine would retry its event indefinitely.
    allow(['s3:ListBucket'], [at.payloadBucketArn]),
    allow(['s3:PutObject'], [payloadKeys(at.payloadBucketArn, ORCHESTRATOR_WRITER)]),
  ];
}

/** Queries due instances, and stores the graphs of the processes. It reads and writes no instance. */
export function sweepStatements(at: OrchestratorResources): readonly PolicyStatement[] {
  return [
    allow(['dynamodb:Query'], [`${at.tableArn}/index/${DUE_INDEX.name}`]),
    allow(['dynamodb:Query', 'dynamodb:PutItem'], [at.tableArn], inPartitions(FLOW_PARTITIONS)),
    allow(['sqs:SendMessage'], [at.inboxArn]),
  ];
}

/** Queries the list of running instances and reads their heads. No write. */
export function wakeStatements(at: OrchestratorResources): readonly PolicyStatement[] {
  return [
    allow(['dynamodb:Query'], [`${at.tableArn}/index/${LIST_INDEX.name}`]),
    allow(['dynamodb:BatchGetItem'], [at.tableArn]),
    allow(['sqs:SendMessage'], [at.inboxArn]),
  ];
}

/** Moves messages only. It sends an event that must be parked to the inbox, and advance-processes parks it. */
export function drainStatements(at: OrchestratorResources): readonly PolicyStatement[] {
  return [allow(RECEIVE, at.deadLetterArns), allow(['sqs:SendMessage'], [at.inboxArn])];
}

/** May write only the expiry, the list entry, and the tag by which large values expire. No state, no journal. */
export function retireStatements(at: OrchestratorResources): readonly PolicyStatement[] {
  return [
    allow(['dynamodb:Query'], [at.tableArn, `${at.tableArn}/index/${LIST_INDEX.name}`]),
    allow(['dynamodb:BatchGetItem'], [at.tableArn]),
    allow(['dynamodb:UpdateItem'], [at.tableArn], { 'ForAllValues:StringEquals': { 'dynamodb:Attributes': RETIRED_ATTRIBUTES } }),
    allow(['s3:PutObjectTagging'], [payloadKeys(at.payloadBucketArn, ORCHESTRATOR_WRITER)]),
    // Without this right S3 replies 403 instead of 404 for a deleted value, and its instance would be retired again every hour.
    allow(['s3:ListBucket'], [at.payloadBucketArn]),
  ];
}

/** All attributes that the update of a retirement names: keys, changes and condition. */
const RETIRED_ATTRIBUTES: readonly string[] = ['pk', 'sk', 'ttl', 'lsh', 'v', 'st'];
