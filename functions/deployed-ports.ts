import { DynamoDBClient } from '@aws-sdk/client-dynamodb';
import { EventBridgeClient } from '@aws-sdk/client-eventbridge';
import type { S3Client } from '@aws-sdk/client-s3';
import { SQSClient } from '@aws-sdk/client-sqs';
import { clientSettings } from '../lib/adapters/aws/client-settings.ts';
import { siblingQueueUrl } from '../lib/adapters/aws/deployment-names.ts';
import { SQS_BODY_BYTES_MAX } from '../lib/contract/wire/wire.ts';
import { DynamoDbParkingStore } from '../lib/adapters/dynamodb/parking-store.ts';
import { DynamoDbPayloadStore } from '../lib/adapters/dynamodb/payload-store.ts';
import { DynamoDbProcessStore } from '../lib/adapters/dynamodb/process-store.ts';
import { DynamoDbReplyKeys } from '../lib/adapters/dynamodb/reply-keys.ts';
import { EventBridgeEventPublisher } from '../lib/adapters/eventbridge/event-publisher.ts';
import { S3PayloadStore } from '../lib/adapters/s3/payload-store.ts';
import { SqsMessageQueue } from '../lib/adapters/sqs/message-queue.ts';
import { SqsMessageSender } from '../lib/adapters/sqs/message-sender.ts';
import { deploymentQueueUrls } from '../lib/adapters/sqs/queue-urls.ts';
import { SystemClock } from '../lib/adapters/system/clock.ts';
import { once } from './once.ts';
import { readEnvironment } from './orchestrator-environment.ts';
import type { GivingBack } from './queue-batch.ts';

/** The ports of a deployed function. Each is created when it is used, and each client is created once. */
export const environment = once(() => readEnvironment(process.env));
export const clock = new SystemClock();

const dynamodb = once(() => ({ client: new DynamoDBClient(clientSettings()), table: environment().table }));
const sqs = once(() => new SQSClient(clientSettings()));
const large = once(
  () => new S3PayloadStore({ client: s3Client, bucket: environment().bucket, owner: environment().bucketOwner, writer: 'orchestrator' }),
);

/** Loads S3's client for the first value of more than 100 KB; most environments never need it. */
async function s3Client(): Promise<S3Client> {
  const { S3Client } = await import('../lib/adapters/s3/loaded-sdk.ts');
  return new S3Client(clientSettings());
}

/** The table, and the bucket of its large values. */
export function tableWithLarge() {
  return { ...dynamodb(), large: large() };
}

/** A client that signs requests to endpoints for which the SDK has none. */
export function sdkClient(): DynamoDBClient {
  return dynamodb().client;
}

export function deployedStore(): DynamoDbProcessStore {
  return new DynamoDbProcessStore(dynamodb());
}
export function deployedPayloads(): DynamoDbPayloadStore {
  return new DynamoDbPayloadStore(tableWithLarge());
}
export function deployedParking(): DynamoDbParkingStore {
  return new DynamoDbParkingStore(tableWithLarge());
}

export function deployedReplyKeys(): DynamoDbReplyKeys {
  return new DynamoDbReplyKeys(dynamodb());
}

export function deployedSender(): SqsMessageSender {
  return new SqsMessageSender({ client: sqs(), queueUrls: deploymentQueueUrls(environment()) });
}

/** Sends messages again that SQS has delivered. Other programs may have sent them, so the limit of SQS applies, not Tutti's own. */
export function deployedDrainSender(): SqsMessageSender {
  return new SqsMessageSender({ client: sqs(), queueUrls: deploymentQueueUrls(environment()), bodyBytesMax: SQS_BODY_BYTES_MAX });
}

export function deployedPublisher(): EventBridgeEventPublisher {
  return new EventBridgeEventPublisher({ client: new EventBridgeClient(clientSettings()), busName: environment().bus });
}

/** A queue that triggers a function. It is in the account and region of the inbox, so its URL follows from its name. */
export function queueByName(name: string): GivingBack {
  return new SqsMessageQueue({ client: sqs(), queueUrl: siblingQueueUrl(environment().inboxUrl, name) });
}
