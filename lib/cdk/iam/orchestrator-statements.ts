import type { PolicyStatement } from 'aws-cdk-lib/aws-iam';
import { DUE_INDEX, LIST_INDEX } from '../../adapters/dynamodb/tables.ts';
import { CLIENT_WRITER, ORCHESTRATOR_WRITER } from '../../ports/payload-store.ts';
import { payloadKeys } from '../resources/payload-bucket.ts';
import { RECEIVE } from './service-statements.ts';
import { allow, publishedBy } from './statement.ts';

/** What the functions of an orchestrator act on. */
export interface OrchestratorResources {
  readonly system: string;
  readonly tableArn: string;
  readonly busArn: string;
  readonly payloadBucketArn: string;
  readonly inboxArn: string;
  readonly startsArn: string;
  readonly operationsArn: string;
  readonly hotLaneArn: string;
  /** Of the four queues of the engine. */
  readonly deadLetterArns: readonly string[];
  readonly services: readonly string[];
  readonly serviceQueueArns: readonly string[];
}

/** Reads and writes single items: no scan, and no delete, since what goes expires. */
export function advanceStatements(at: OrchestratorResources): readonly PolicyStatement[] {
  const payloads = [ORCHESTRATOR_WRITER, CLIENT_WRITER, ...at.services].map((writer) => payloadKeys(at.payloadBucketArn, writer));
  return [
    allow(RECEIVE, [at.inboxArn, at.startsArn, at.operationsArn, at.hotLaneArn]),
    allow(['dynamodb:GetItem', 'dynamodb:BatchGetItem', 'dynamodb:Query', 'dynamodb:PutItem', 'dynamodb:UpdateItem'], [at.tableArn]),
    allow(['sqs:SendMessage'], [at.inboxArn, at.hotLaneArn, ...at.serviceQueueArns]),
    allow(['events:PutEvents'], [at.busArn], publishedBy([at.system])),
    allow(['s3:GetObject'], payloads),
    // Without it S3 says 403 instead of 404, and an event that names a value which is not there would be tried for ever.
    allow(['s3:ListBucket'], [at.payloadBucketArn]),
    allow(['s3:PutObject'], [payloadKeys(at.payloadBucketArn, ORCHESTRATOR_WRITER)]),
  ];
}

export function sweepStatements(at: OrchestratorResources): readonly PolicyStatement[] {
  return [allow(['dynamodb:Query'], [`${at.tableArn}/index/${DUE_INDEX.name}`]), allow(['sqs:SendMessage'], [at.inboxArn])];
}

/** Finds in the list what runs, and reads its heads: no write. */
export function wakeStatements(at: OrchestratorResources): readonly PolicyStatement[] {
  return [
    allow(['dynamodb:Query'], [`${at.tableArn}/index/${LIST_INDEX.name}`]),
    allow(['dynamodb:BatchGetItem'], [at.tableArn]),
    allow(['sqs:SendMessage'], [at.inboxArn]),
  ];
}

/** Moves messages and nothing else: what is to be parked, advance-processes parks. */
export function drainStatements(at: OrchestratorResources): readonly PolicyStatement[] {
  return [allow(RECEIVE, at.deadLetterArns), allow(['sqs:SendMessage'], [at.inboxArn])];
}

/** Only the expiry and the place in the list can be written, and the tag by which large values expire: no state, no journal. */
export function retireStatements(at: OrchestratorResources): readonly PolicyStatement[] {
  return [
    allow(['dynamodb:Query'], [at.tableArn, `${at.tableArn}/index/${LIST_INDEX.name}`]),
    allow(['dynamodb:BatchGetItem'], [at.tableArn]),
    allow(['dynamodb:UpdateItem'], [at.tableArn], { 'ForAllValues:StringEquals': { 'dynamodb:Attributes': RETIRED_ATTRIBUTES } }),
    allow(['s3:PutObjectTagging'], [payloadKeys(at.payloadBucketArn, ORCHESTRATOR_WRITER)]),
    // Without it S3 says 403 instead of 404 of a value that is gone, and its instance would be retired again every hour.
    allow(['s3:ListBucket'], [at.payloadBucketArn]),
  ];
}

/** What the update of a retirement names, in its keys, its change and its condition. */
const RETIRED_ATTRIBUTES: readonly string[] = ['pk', 'sk', 'ttl', 'lsh', 'v', 'st'];
