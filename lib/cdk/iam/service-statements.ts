import type { PolicyStatement } from 'aws-cdk-lib/aws-iam';
import type { IOrchestrator, IServiceQueue } from '../orchestrator-interface.ts';
import { ORCHESTRATOR_WRITER } from '../../ports/payload-store.ts';
import { payloadKeys } from '../resources/payload-bucket.ts';
import { allow, publishedBy, RECEIVE } from './statement.ts';

/** The rights of a service: receive commands, record them, publish in its own name, and read large values. */
export function serviceStatements(orchestrator: IOrchestrator, service: string, queue: IServiceQueue): readonly PolicyStatement[] {
  const { payloadBucketArn, busArn } = orchestrator;
  return [
    allow(RECEIVE, [queue.queue.queueArn]),
    // Near its last delivery a postponed command is sent again as a new message; a command that failed finally goes to the dead-letter queue.
    allow(['sqs:SendMessage'], [queue.queue.queueArn, queue.deadLetterQueue.queueArn]),
    // Handlers of a `dynamoStore` put items beside their records. IAM evaluates a transaction by its single writes.
    allow(['dynamodb:GetItem', 'dynamodb:UpdateItem', 'dynamodb:PutItem'], [queue.commandTable.tableArn]),
    allow(['events:PutEvents'], [busArn], publishedBy([service])),
    allow(['s3:GetObject'], [payloadKeys(payloadBucketArn, ORCHESTRATOR_WRITER)]),
    allow(['s3:PutObject'], [payloadKeys(payloadBucketArn, service)]),
  ];
}
