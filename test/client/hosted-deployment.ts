import { randomUUID } from 'node:crypto';
import { CreateTableCommand, DeleteTableCommand, DynamoDBClient } from '@aws-sdk/client-dynamodb';
import {
  CreateEventBusCommand,
  DeleteEventBusCommand,
  DeleteRuleCommand,
  EventBridgeClient,
  PutRuleCommand,
  PutTargetsCommand,
  RemoveTargetsCommand,
} from '@aws-sdk/client-eventbridge';
import { CreateBucketCommand, DeleteBucketCommand, DeleteObjectsCommand, ListObjectsV2Command, S3Client } from '@aws-sdk/client-s3';
import { CreateQueueCommand, DeleteQueueCommand, GetQueueAttributesCommand, SQSClient } from '@aws-sdk/client-sqs';
import { DeleteParametersCommand, PutParameterCommand, SSMClient } from '@aws-sdk/client-ssm';
import type { System } from 'tutti';
import { deploymentNames } from '../../lib/adapters/aws/deployment-names.ts';
import { DynamoDbIdempotencyStore } from '../../lib/adapters/dynamodb/idempotency-store.ts';
import { DynamoDbInstanceIndex } from '../../lib/adapters/dynamodb/instance-index.ts';
import { DynamoDbParkingStore } from '../../lib/adapters/dynamodb/parking-store.ts';
import { DynamoDbPayloadStore } from '../../lib/adapters/dynamodb/payload-store.ts';
import { DynamoDbProcessStore } from '../../lib/adapters/dynamodb/process-store.ts';
import { COMMAND_TABLE, createTableInput, MAIN_TABLE } from '../../lib/adapters/dynamodb/tables.ts';
import { EventBridgeEventPublisher } from '../../lib/adapters/eventbridge/event-publisher.ts';
import { S3PayloadStore } from '../../lib/adapters/s3/payload-store.ts';
import { SqsMessageQueue } from '../../lib/adapters/sqs/message-queue.ts';
import { SqsMessageSender } from '../../lib/adapters/sqs/message-sender.ts';
import { deploymentQueueUrls, type QueueUrls } from '../../lib/adapters/sqs/queue-urls.ts';
import { SystemClock } from '../../lib/adapters/system/clock.ts';
import { publishedSystem } from '../../lib/client/aws/published-system.ts';
import { systemContract } from '../../lib/contract/system.ts';
import { InboxPump } from '../../lib/local/inbox-pump.ts';
import { memoryEngine } from '../../lib/testing/memory-engine.ts';
import { Consumer } from '../../lib/service/consumer/consumer.ts';
import { servedParts, type Served } from '../../lib/service/served.ts';
import { LOCALSTACK_ACCOUNT } from '../localstack/endpoint.ts';

/** The endpoint and the credentials come from the environment. There are no timeouts, because LocalStack loads a service at its first call. */
const dynamo = new DynamoDBClient();
const sqs = new SQSClient();
const bus = new EventBridgeClient();
const s3 = new S3Client({ forcePathStyle: true });
const ssm = new SSMClient();

const SWEEP_MS = 500;

export interface HostedDeployment {
  readonly name: string;
  /** Errors after which the host retried. */
  readonly faults: readonly unknown[];
  /** Stops the engine and the services, and deletes the resources. */
  readonly close: () => Promise<void>;
}

/**
 * A system on AWS resources in LocalStack, created with the SDK instead of a deployment. Its engine and its services poll from this
 * process. The resources are those of the constructs that carry messages (no alarms, no grants), under a unique name.
 */
export async function hostDeployment(system: System<string>, services: readonly Served[]): Promise<HostedDeployment> {
  const name = `hosted-${randomUUID().slice(0, 8)}`;
  const made = await makeResources(name, system);
  const faults: unknown[] = [];
  const stopping = new AbortController();
  const running = run(name, system, services, made, { signal: stopping.signal, onFault: (fault) => faults.push(fault) });
  return {
    name,
    faults,
    close: async () => {
      stopping.abort();
      await Promise.all(running);
      await made.delete();
    },
  };
}

interface Resources {
  readonly bucket: string;
  readonly queueUrls: QueueUrls;
  readonly delete: () => Promise<void>;
}

async function makeResources(name: string, system: System<string>): Promise<Resources> {
  const names = deploymentNames(name);
  const contract = systemContract(system);
  const services = [...contract.services.keys()];
  const bucket = `${name}-payloads`;
  const tables = [names.table, ...services.map(names.commandTable)];
  const queues = [
    names.inbox,
    `${names.inbox}-dead-letter`,
    ...services.flatMap((each) => [names.queue(each), `${names.queue(each)}-dead-letter`]),
  ];
  await Promise.all([
    ...tables.map((table) =>
      dynamo.send(new CreateTableCommand(createTableInput(table, table === names.table ? MAIN_TABLE : COMMAND_TABLE))),
    ),
    bus.send(new CreateEventBusCommand({ Name: names.bus })),
    s3.send(new CreateBucketCommand({ Bucket: bucket })),
  ]);
  const urls = await Promise.all(queues.map(makeQueue));
  const hotLane = await makeQueue(names.hotLane);
  const [inboxUrl] = urls as [string];
  await makeRules(names.bus, inboxUrl, contract.name, heardTypes(system));
  const parameters = {
    table: names.table,
    bus: names.bus,
    bucket,
    'bucket-owner': LOCALSTACK_ACCOUNT,
    'inbox-url': inboxUrl,
    // One pump polls all three queues.
    'starts-url': inboxUrl,
    'operations-url': inboxUrl,
    'hot-lane-url': hotLane,
    queues: '{}',
    system: publishedSystem(system),
  };
  await Promise.all(
    Object.entries(parameters).map(([key, Value]) =>
      ssm.send(new PutParameterCommand({ Name: `${names.parameters}/${key}`, Value, Type: 'String', Tier: 'Advanced' })),
    ),
  );
  return {
    bucket,
    queueUrls: deploymentQueueUrls({ name, inboxUrl, hotLaneUrl: hotLane }),
    delete: async () => {
      await ssm.send(new DeleteParametersCommand({ Names: Object.keys(parameters).map((key) => `${names.parameters}/${key}`) }));
      await deleteBus(names.bus);
      await Promise.all([
        ...tables.map((TableName) => dynamo.send(new DeleteTableCommand({ TableName }))),
        ...[...urls, hotLane].map((QueueUrl) => sqs.send(new DeleteQueueCommand({ QueueUrl }))),
        deleteBucket(bucket),
      ]);
    },
  };
}

async function makeQueue(name: string): Promise<string> {
  const Attributes: Record<string, string> = name.endsWith('.fifo') ? { FifoQueue: 'true' } : {};
  const { QueueUrl } = await sqs.send(new CreateQueueCommand({ QueueName: name, Attributes }));
  return QueueUrl as string;
}

const RULES = ['heard', 'replies'] as const;

/** The rules of the constructs: the events that processes receive, and the replies to this system. */
async function makeRules(busName: string, inboxUrl: string, system: string, heard: readonly string[]): Promise<void> {
  const { Attributes } = await sqs.send(new GetQueueAttributesCommand({ QueueUrl: inboxUrl, AttributeNames: ['QueueArn'] }));
  const Arn = Attributes?.['QueueArn'] as string;
  const patterns = { heard: { 'detail-type': heard }, replies: { detail: { replyto: [system] } } };
  for (const rule of RULES) {
    await bus.send(new PutRuleCommand({ Name: rule, EventBusName: busName, EventPattern: JSON.stringify(patterns[rule]) }));
    await bus.send(new PutTargetsCommand({ Rule: rule, EventBusName: busName, Targets: [{ Id: 'inbox', Arn }] }));
  }
}

function heardTypes(system: System<string>): readonly string[] {
  const versions = [...systemContract(system).processes.values()].flat();
  return [...new Set(versions.flatMap(({ startOn, receives }) => [...startOn, ...receives].map(({ event }) => event.type)))];
}

async function deleteBus(busName: string): Promise<void> {
  for (const rule of RULES) {
    await bus.send(new RemoveTargetsCommand({ Rule: rule, EventBusName: busName, Ids: ['inbox'] }));
    await bus.send(new DeleteRuleCommand({ Name: rule, EventBusName: busName }));
  }
  await bus.send(new DeleteEventBusCommand({ Name: busName }));
}

async function deleteBucket(Bucket: string): Promise<void> {
  const { Contents = [] } = await s3.send(new ListObjectsV2Command({ Bucket }));
  if (Contents.length > 0)
    await s3.send(new DeleteObjectsCommand({ Bucket, Delete: { Objects: Contents.map(({ Key }) => ({ Key: Key as string })) } }));
  await s3.send(new DeleteBucketCommand({ Bucket }));
}

interface Running {
  readonly signal: AbortSignal;
  readonly onFault: (fault: unknown) => void;
}

function run(
  name: string,
  system: System<string>,
  services: readonly Served[],
  { bucket, queueUrls }: Resources,
  { signal, onFault }: Running,
): readonly Promise<void>[] {
  const names = deploymentNames(name);
  const { table } = names;
  const clock = new SystemClock();
  const large = new S3PayloadStore({ client: s3, bucket, owner: LOCALSTACK_ACCOUNT, writer: 'orchestrator' });
  const sender = new SqsMessageSender({ client: sqs, queueUrls });
  const publisher = new EventBridgeEventPublisher({ client: bus, busName: names.bus });
  const engine = memoryEngine({
    system,
    ports: {
      store: new DynamoDbProcessStore({ client: dynamo, table }),
      index: new DynamoDbInstanceIndex({ client: dynamo, table, processes: [...systemContract(system).processes.keys()] }),
      sender,
      publisher,
      payloads: new DynamoDbPayloadStore({ client: dynamo, table, large }),
      parking: new DynamoDbParkingStore({ client: dynamo, table, large }),
    },
    clock,
    onFault,
  });
  const queue = (called: string): SqsMessageQueue => new SqsMessageQueue({ client: sqs, queueUrl: queueUrls(called) as string });
  const pump = new InboxPump({
    queue: queue('inbox'),
    advance: (messages) => engine.advance(messages),
    advanceSuspect: (message) => engine.advanceSuspect(message),
    inFlightMax: 1,
    signal,
    failed: onFault,
  });
  const consumers = services.map((served) => {
    const service = servedParts(served).contract.name;
    return new Consumer({
      served,
      queue: queue(service),
      store: new DynamoDbIdempotencyStore({ client: dynamo, table: names.commandTable(service) }),
      publisher,
      payloads: new S3PayloadStore({ client: s3, bucket, owner: LOCALSTACK_ACCOUNT, writer: service }),
      clock,
      sender,
      random: Math.random,
    });
  });
  const sweep = async (): Promise<void> => {
    while (!signal.aborted) {
      await engine.sweep().catch(onFault);
      await clock.sleep(SWEEP_MS, signal);
    }
  };
  return [pump.run(), sweep(), ...consumers.map((consumer) => consumer.poll(signal))];
}
