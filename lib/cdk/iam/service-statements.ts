import type { PolicyStatement } from 'aws-cdk-lib/aws-iam';
import type { IOrchestrator, IServiceQueue } from '../orchestrator-interface.ts';
import { ORCHESTRATOR_WRITER } from '../../ports/payload-store.ts';
import { payloadKeys } from '../resources/payload-bucket.ts';
import { allow, publishedBy, RECEIVE } from './statement.ts';

/** A system that sends commands to a service, and the queue of those commands. */
export interface SendingSystem {
  readonly orchestrator: IOrchestrator;
  readonly queue: IServiceQueue;
}

/**
 * The rights of a service: receive commands, record them, publish in its own name, and read large values. The records of all systems are in
 * the table of the first.
 */
export function serviceStatements(service: string, systems: readonly [SendingSystem, ...SendingSystem[]]): readonly PolicyStatement[] {
  const [first] = systems;
  const queues = systems.map(({ queue }) => queue);
  const buckets = systems.map(({ orchestrator }) => orchestrator.payloadBucketArn);
  return [
    allow(
      RECEIVE,
      queues.map(({ queue }) => queue.queueArn),
    ),
    // Near its last delivery a postponed command is sent again as a new message; a command that failed finally goes to the dead-letter queue.
    allow(
      ['sqs:SendMessage'],
      queues.flatMap(({ queue, deadLetterQueue }) => [queue.queueArn, deadLetterQueue.queueArn]),
    ),
    // Handlers of a `dynamoStore` put items beside their records. IAM evaluates a transaction by its single writes.
    allow(['dynamodb:GetItem', 'dynamodb:UpdateItem', 'dynamodb:PutItem'], [first.queue.commandTable.tableArn]),
    allow(
      ['events:PutEvents'],
      systems.map(({ orchestrator }) => orchestrator.busArn),
      publishedBy([service]),
    ),
    allow(
      ['s3:GetObject'],
      buckets.map((bucket) => payloadKeys(bucket, ORCHESTRATOR_WRITER)),
    ),
    allow(
      ['s3:PutObject'],
      buckets.map((bucket) => payloadKeys(bucket, service)),
    ),
  ];
}
