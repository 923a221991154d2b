import { DynamoDBClient } from '@aws-sdk/client-dynamodb';
import type { S3Client } from '@aws-sdk/client-s3';
import { EventBridgeClient } from '@aws-sdk/client-eventbridge';
import { SQSClient } from '@aws-sdk/client-sqs';
import { clientSettings } from '../lib/adapters/aws/client-settings.ts';
import { siblingQueueUrl } from '../lib/adapters/aws/deployment-names.ts';
import { DynamoDbInstanceIndex } from '../lib/adapters/dynamodb/instance-index.ts';
import { DynamoDbParkingStore } from '../lib/adapters/dynamodb/parking-store.ts';
import { DynamoDbPayloadStore } from '../lib/adapters/dynamodb/payload-store.ts';
import { DynamoDbProcessStore } from '../lib/adapters/dynamodb/process-store.ts';
import { S3PayloadStore } from '../lib/adapters/s3/payload-store.ts';
import { EventBridgeEventPublisher } from '../lib/adapters/eventbridge/event-publisher.ts';
import { SqsMessageQueue } from '../lib/adapters/sqs/message-queue.ts';
import { SqsMessageSender } from '../lib/adapters/sqs/message-sender.ts';
import { deploymentQueueUrls } from '../lib/adapters/sqs/queue-urls.ts';
import { SystemClock } from '../lib/adapters/system/clock.ts';
import { Engine } from '../lib/engine/engine.ts';
import { frontEndOf } from '../lib/process/front-end.ts';
import { deployedSystem, processesOf } from './deployed-system.ts';
import { faultLine, logLine, type Log } from './log-line.ts';
import { once } from './once.ts';
import { readEnvironment } from './orchestrator-environment.ts';
import type { GivingBack } from './queue-batch.ts';

export interface DeployedPorts {
  readonly engine: Engine;
  readonly queue: (name: string) => GivingBack;
  readonly log: Log;
}

/** Most environments never meet a value of more than 100 KB, and none pays for S3's client before. */
const s3Client = async (): Promise<S3Client> => {
  const { S3Client } = await import('../lib/adapters/s3/loaded-sdk.ts');
  return new S3Client(clientSettings());
};

/** The engine over the resources of the deployment; its warm instances live as long as the environment. */
export const deployedPorts = once((): DeployedPorts => {
  const environment = readEnvironment(process.env);
  const { name, table, bus, bucket, inboxUrl, hotLaneUrl, queues, accounts, tickHorizonMs } = environment;
  const dynamodb = new DynamoDBClient(clientSettings());
  const sqs = new SQSClient(clientSettings());
  const large = new S3PayloadStore({ client: s3Client, bucket, writer: 'orchestrator' });
  const system = deployedSystem();
  const engine = new Engine({
    system,
    frontEndOf,
    store: new DynamoDbProcessStore({ client: dynamodb, table }),
    index: new DynamoDbInstanceIndex({ client: dynamodb, table, processes: processesOf(system) }),
    parking: new DynamoDbParkingStore({ client: dynamodb, table, large }),
    payloads: new DynamoDbPayloadStore({ client: dynamodb, table, large }),
    sender: new SqsMessageSender({ client: sqs, queueUrls: deploymentQueueUrls({ name, inboxUrl, hotLaneUrl, queues }) }),
    publisher: new EventBridgeEventPublisher({ client: new EventBridgeClient(clientSettings()), busName: bus }),
    clock: new SystemClock(),
    accounts,
    hotLane: true,
    tickHorizonMs,
    onFault: (error) => logLine(faultLine(error)),
  });
  const queue = (queueName: string): GivingBack => new SqsMessageQueue({ client: sqs, queueUrl: siblingQueueUrl(inboxUrl, queueName) });
  return { engine, queue, log: logLine };
});
