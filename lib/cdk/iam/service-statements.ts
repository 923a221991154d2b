import type { PolicyStatement } from 'aws-cdk-lib/aws-iam';
import type { IOrchestrator, IServiceQueue } from '../orchestrator-interface.ts';
import { ORCHESTRATOR_WRITER } from '../../ports/payload-store.ts';
import { payloadKeys } from '../resources/payload-bucket.ts';
import { allow, publishedBy } from './statement.ts';

/** What a service may do: take commands, record them, answer in its own name, and read what is too large for a message. */
export function serviceStatements(orchestrator: IOrchestrator, service: string, queue: IServiceQueue): readonly PolicyStatement[] {
  const { payloadBucketArn, busArn } = orchestrator;
  return [
    allow(RECEIVE, [queue.queue.queueArn]),
    // A command that was put off near its last delivery is sent anew; one that failed for good goes to the dead-letter queue.
    allow(['sqs:SendMessage'], [queue.queue.queueArn, queue.deadLetterQueue.queueArn]),
    // PutItem is for what the handlers of a `dynamoStore` put beside their records; IAM knows no transaction but by its parts.
    allow(['dynamodb:GetItem', 'dynamodb:UpdateItem', 'dynamodb:PutItem'], [queue.commandTable.tableArn]),
    allow(['events:PutEvents'], [busArn], publishedBy([service])),
    allow(['s3:GetObject'], [payloadKeys(payloadBucketArn, ORCHESTRATOR_WRITER)]),
    allow(['s3:PutObject'], [payloadKeys(payloadBucketArn, service)]),
  ];
}

/** What an event source of Lambda, or a poller, needs of a queue. */
export const RECEIVE: readonly string[] = [
  'sqs:ReceiveMessage',
  'sqs:DeleteMessage',
  'sqs:ChangeMessageVisibility',
  'sqs:GetQueueAttributes',
];
