import { DynamoDBClient } from '@aws-sdk/client-dynamodb';
import { EventBridgeClient } from '@aws-sdk/client-eventbridge';
import { SQSClient } from '@aws-sdk/client-sqs';
import { clientSettings } from '../adapters/aws/client-settings.ts';
import { EnvironmentError, textVariable, type Environment } from '../adapters/aws/environment.ts';
import { DynamoDbIdempotencyStore } from '../adapters/dynamodb/idempotency-store.ts';
import { EventBridgeEventPublisher } from '../adapters/eventbridge/event-publisher.ts';
import { S3PayloadStore } from '../adapters/s3/payload-store.ts';
import { SqsMessageQueue } from '../adapters/sqs/message-queue.ts';
import { SqsMessageSender } from '../adapters/sqs/message-sender.ts';
import { SystemClock } from '../adapters/system/clock.ts';
import type { ConsumerOptions } from './consumer.ts';
import { noticeLine } from './notice-line.ts';
import { servedParts, type Served } from './served.ts';

/** What a deployed service works with, made from the variables that its construct sets. `queueUrl`: where its commands come from. */
export function deployedPorts(served: Served, queueUrl: string, environment: Environment): ConsumerOptions {
  if (queueUrl === '') throw new EnvironmentError('TUTTI_QUEUE_URL', '', "the URL of the service's queue, which poll() was to be given");
  const { contract, records } = servedParts(served);
  const service = contract.name;
  const sqs = new SQSClient(clientSettings());
  const queueUrls = new Map([
    [service, queueUrl],
    [`${service}-dead-letter`, textVariable(environment, 'TUTTI_DEAD_LETTER_URL', "the URL of the service's dead-letter queue")],
  ]);
  return {
    served,
    queue: new SqsMessageQueue({ client: sqs, queueUrl }),
    sender: new SqsMessageSender({ client: sqs, queueUrls: (queue) => queueUrls.get(queue) }),
    store: records ?? commandRecords(environment),
    publisher: new EventBridgeEventPublisher({
      client: new EventBridgeClient(clientSettings()),
      busName: textVariable(environment, 'TUTTI_BUS', "the name of the orchestrator's bus"),
    }),
    payloads: new S3PayloadStore({
      // Most services never see a value that is too large for a message.
      client: async () => new (await import('@aws-sdk/client-s3')).S3Client(clientSettings()),
      bucket: textVariable(environment, 'TUTTI_BUCKET', "the name of the orchestrator's payload bucket"),
      writer: service,
    }),
    clock: new SystemClock(),
    random: Math.random,
    report: (notice) => {
      const line = noticeLine(service, notice);
      if (line !== undefined) process.stderr.write(`${line}\n`);
    },
  };
}

function commandRecords(environment: Environment): DynamoDbIdempotencyStore {
  return new DynamoDbIdempotencyStore({
    client: new DynamoDBClient(clientSettings()),
    table: textVariable(environment, 'TUTTI_COMMAND_TABLE', "the name of the table of the service's commands, or a store given to serve()"),
  });
}
