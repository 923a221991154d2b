import { DynamoDBClient } from '@aws-sdk/client-dynamodb';
import { EventBridgeClient } from '@aws-sdk/client-eventbridge';
import type { S3Client } from '@aws-sdk/client-s3';
import { SQSClient } from '@aws-sdk/client-sqs';
import { clientSettings } from '../lib/adapters/aws/client-settings.ts';
import { siblingQueueUrl } from '../lib/adapters/aws/deployment-names.ts';
import { SQS_BODY_BYTES_MAX } from '../lib/adapters/body-limit.ts';
import { DynamoDbInstanceIndex } from '../lib/adapters/dynamodb/instance-index.ts';
import { DynamoDbParkingStore } from '../lib/adapters/dynamodb/parking-store.ts';
import { DynamoDbPayloadStore } from '../lib/adapters/dynamodb/payload-store.ts';
import { DynamoDbProcessStore } from '../lib/adapters/dynamodb/process-store.ts';
import { DynamoDbReplyKeys } from '../lib/adapters/dynamodb/reply-keys.ts';
import { DynamoDbRetirementStore } from '../lib/adapters/dynamodb/retirement-store.ts';
import { EventBridgeEventPublisher } from '../lib/adapters/eventbridge/event-publisher.ts';
import { S3PayloadStore } from '../lib/adapters/s3/payload-store.ts';
import { SqsMessageQueue } from '../lib/adapters/sqs/message-queue.ts';
import { SqsMessageSender } from '../lib/adapters/sqs/message-sender.ts';
import { deploymentQueueUrls } from '../lib/adapters/sqs/queue-urls.ts';
import { SystemClock } from '../lib/adapters/system/clock.ts';
import { once } from './once.ts';
import { readEnvironment } from './orchestrator-environment.ts';
import type { GivingBack } from './queue-batch.ts';

/** The ports of a deployed function. Nothing is made before it is asked for, and each client is made once. */
export const environment = once(() => readEnvironment(process.env));
export const clock = new SystemClock();

const dynamodb = once(() => ({ client: new DynamoDBClient(clientSettings()), table: environment().table }));
const sqs = once(() => new SQSClient(clientSettings()));
const large = once(
  () => new S3PayloadStore({ client: s3Client, bucket: environment().bucket, owner: environment().bucketOwner, writer: 'orchestrator' }),
);

/** Most environments never meet a value of more than 100 KB, and none pays for S3's client before. */
const s3Client = async (): Promise<S3Client> => {
  const { S3Client } = await import('../lib/adapters/s3/loaded-sdk.ts');
  return new S3Client(clientSettings());
};

export const deployedStore = (): DynamoDbProcessStore => new DynamoDbProcessStore(dynamodb());
export const deployedPayloads = (): DynamoDbPayloadStore => new DynamoDbPayloadStore({ ...dynamodb(), large: large() });
export const deployedParking = (): DynamoDbParkingStore => new DynamoDbParkingStore({ ...dynamodb(), large: large() });
/** Only a list needs to know the processes: what is due, and the tenants, are found without. */
export const deployedIndex = (processes: readonly string[] = []): DynamoDbInstanceIndex =>
  new DynamoDbInstanceIndex({ ...dynamodb(), processes });
export const deployedRetirement = (processes: readonly string[]): DynamoDbRetirementStore =>
  new DynamoDbRetirementStore({ ...dynamodb(), processes, large: large() });

export const deployedReplyKeys = (): DynamoDbReplyKeys => new DynamoDbReplyKeys(dynamodb());

export const deployedSender = (): SqsMessageSender =>
  new SqsMessageSender({ client: sqs(), queueUrls: deploymentQueueUrls(environment()) });

/** Sends messages back that SQS has delivered. Other programs may have sent them first, so only the limit of SQS counts, not our own. */
export const deployedDrainSender = (): SqsMessageSender =>
  new SqsMessageSender({ client: sqs(), queueUrls: deploymentQueueUrls(environment()), bodyBytesMax: SQS_BODY_BYTES_MAX });

export const deployedPublisher = (): EventBridgeEventPublisher =>
  new EventBridgeEventPublisher({ client: new EventBridgeClient(clientSettings()), busName: environment().bus });

/** A queue that a function is called with lies beside the inbox. */
export const queueByName = (name: string): GivingBack =>
  new SqsMessageQueue({ client: sqs(), queueUrl: siblingQueueUrl(environment().inboxUrl, name) });
