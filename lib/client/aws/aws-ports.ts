import { listedProcesses } from '../../contract/catalogue.ts';
import { DynamoDBClient } from '@aws-sdk/client-dynamodb';
import { EventBridgeClient } from '@aws-sdk/client-eventbridge';
import { SQSClient } from '@aws-sdk/client-sqs';
import { SSMClient } from '@aws-sdk/client-ssm';
import { clientSettings } from '../../adapters/aws/client-settings.ts';
import { CLIENT_SDK } from '../../adapters/aws/sdk-packages.ts';
import { DynamoDbIdempotencyStore } from '../../adapters/dynamodb/idempotency-store.ts';
import { DynamoDbInstanceIndex } from '../../adapters/dynamodb/instance-index.ts';
import { DynamoDbParkingStore } from '../../adapters/dynamodb/parking-store.ts';
import { DynamoDbPayloadStore } from '../../adapters/dynamodb/payload-store.ts';
import { DynamoDbProcessStore } from '../../adapters/dynamodb/process-store.ts';
import { EventBridgeEventPublisher } from '../../adapters/eventbridge/event-publisher.ts';
import { S3PayloadStore } from '../../adapters/s3/payload-store.ts';
import { SqsMessageSender } from '../../adapters/sqs/message-sender.ts';
import { readQueueDepth } from '../../adapters/sqs/queue-depth.ts';
import { deploymentQueueUrls, type QueueUrls } from '../../adapters/sqs/queue-urls.ts';
import { SystemClock } from '../../adapters/system/clock.ts';
import { needing } from '../../adapters/system/package-missing.ts';
import { ClientError } from '../../contract/errors.ts';
import type { SystemContract } from '../../contract/runtime-contract.ts';
import { CLIENT_WRITER, ORCHESTRATOR_WRITER } from '../../ports/payload-store.ts';
import { OPERATIONS, STARTS } from '../../format/inbox-message.ts';
import { answerDeferred } from '../../service/consumer/deferred-answer.ts';
import { invalidToken, readTaskToken } from '../../service/task-token.ts';
import { readDeployment, type Deployment } from './aws-deployment.ts';
import { overAws } from './aws-error.ts';
import type { AwsOptions } from './aws-options.ts';
import { storingIn } from '../carried-data.ts';
import type { AnswerRequest, ClientPorts } from '../connection.ts';
import { readPublishedSystem } from './published-system.ts';

/** A deployment, and the ports that reach it. */
export interface OpenedDeployment {
  readonly system: SystemContract;
  readonly ports: OpenedPorts;
}

/** Ports that throw errors of the SDK untranslated. */
export type OpenedPorts = Pick<ClientPorts, 'sender' | 'publisher' | 'store' | 'index' | 'payloads' | 'parking' | 'storeLarge' | 'answer'> &
  Required<Pick<ClientPorts, 'queueDepth'>>;

type Settings = ReturnType<typeof settingsOf>;

/** Finds a deployment by its name and creates the SDK clients, without any further call. */
export async function openDeployment(options: AwsOptions): Promise<OpenedDeployment> {
  const settings = settingsOf(options);
  const ssm = new SSMClient(settings);
  await requireRegion(ssm);
  const deployment = await readDeployment(ssm, options.name);
  const system = readPublishedSystem(deployment.system);
  return { system, ports: portsOf(deployment, system, settings) };
}

/** Reads the caller's ARN from STS. */
export async function callerArn(options: AwsOptions): Promise<string> {
  const { GetCallerIdentityCommand, STSClient } = await needing(
    'Reading the caller identity from STS',
    CLIENT_SDK,
    () => import('@aws-sdk/client-sts'),
  );
  const client = new STSClient(settingsOf(options));
  const { Arn } = await overAws('Reading the caller identity from STS', () => client.send(new GetCallerIdentityCommand({})));
  return Arn ?? 'unknown';
}

function settingsOf({ region, endpoint, credentials }: AwsOptions) {
  return {
    ...clientSettings(),
    ...(region === undefined ? {} : { region }),
    ...(endpoint === undefined ? {} : { endpoint }),
    ...(credentials === undefined ? {} : { credentials }),
  };
}

async function requireRegion(client: SSMClient): Promise<void> {
  try {
    await client.config.region();
  } catch (cause) {
    throw new ClientError('UNREACHABLE', 'No region is known: expected one in the options, in AWS_REGION or in the profile.', {
      cause,
      remedy: 'Name the region, on the command line with --region.',
    });
  }
}

function portsOf(deployment: Deployment, system: SystemContract, settings: Settings): OpenedPorts {
  const client = new DynamoDBClient(settings);
  const { table } = deployment;
  const large = payloadsOf(deployment, settings, ORCHESTRATOR_WRITER);
  const publisher = new BusOfEventBridge(new EventBridgeClient(settings), deployment.bus);
  const sqs = new SQSClient(settings);
  const queueUrls = deploymentQueueUrls({
    name: deployment.name,
    inboxUrl: deployment.inboxUrl,
    hotLaneUrl: deployment.hotLaneUrl,
    queues: { ...deployment.queues, [STARTS]: deployment.startsUrl, [OPERATIONS]: deployment.operationsUrl },
  });
  return {
    sender: new QueuesOfSqs(sqs, queueUrls),
    queueDepth: (service) => readQueueDepth(sqs, queueUrls, service),
    publisher,
    store: new DynamoDbProcessStore({ client, table }),
    index: new DynamoDbInstanceIndex({ client, table, processes: listedProcesses(system) }),
    payloads: new DynamoDbPayloadStore({ client, table, large }),
    parking: new DynamoDbParkingStore({ client, table, large }),
    storeLarge: storingIn(payloadsOf(deployment, settings, CLIENT_WRITER)),
    answer: (request, callers) =>
      answerOver(request, callers, {
        publisher,
        payloads: (service) => payloadsOf(deployment, settings, service),
        records: (service) => new DynamoDbIdempotencyStore({ client, table: deployment.commandTable(service) }),
      }),
  };
}

/** The S3 client is loaded with the first large value, because most clients have none. */
function payloadsOf({ bucket, bucketOwner: owner }: Deployment, settings: Settings, writer: string): S3PayloadStore {
  const client = async () =>
    new (await needing('A large value', CLIENT_SDK, () => import('../../adapters/s3/loaded-sdk.ts'))).S3Client({
      ...settings,
      forcePathStyle: isEmulated(settings),
    });
  return new S3PayloadStore({ client, bucket, owner, writer });
}

/** Emulators do not resolve a host name per bucket. */
function isEmulated({ endpoint }: Settings): boolean {
  return (endpoint ?? process.env['AWS_ENDPOINT_URL_S3'] ?? process.env['AWS_ENDPOINT_URL']) !== undefined;
}

interface ServicePorts {
  readonly publisher: ClientPorts['publisher'];
  readonly payloads: (service: string) => S3PayloadStore;
  readonly records: (service: string) => DynamoDbIdempotencyStore;
}

/** The token names the service: its command records, its payloads, and the source of the published reply. */
async function answerOver({ token, answer }: AnswerRequest, system: SystemContract, ports: ServicePorts): Promise<void> {
  const { service: name } = readTaskToken(token);
  const service = system.services.get(name);
  if (service === undefined) throw invalidToken(`it names the service ${name}, which is not a service of ${system.name}`);
  const { publisher } = ports;
  const clock = new SystemClock();
  await answerDeferred({ token, answer }, { service, store: ports.records(name), publisher, payloads: ports.payloads(name), clock });
}

/** The adapter reports a failed call as failed messages. This port throws the error of the call instead, which says whether it was denied. */
class QueuesOfSqs {
  readonly #client: SQSClient;
  readonly #queueUrls: QueueUrls;

  constructor(client: SQSClient, queueUrls: QueueUrls) {
    this.#client = client;
    this.#queueUrls = queueUrls;
  }

  async send(...args: Parameters<SqsMessageSender['send']>): ReturnType<SqsMessageSender['send']> {
    const { client, throwNoted } = noting(this.#client);
    const results = await new SqsMessageSender({ client, queueUrls: this.#queueUrls }).send(...args);
    throwNoted();
    return results;
  }
}

class BusOfEventBridge {
  readonly #client: EventBridgeClient;
  readonly #busName: string;

  constructor(client: EventBridgeClient, busName: string) {
    this.#client = client;
    this.#busName = busName;
  }

  async publish(...args: Parameters<EventBridgeEventPublisher['publish']>): ReturnType<EventBridgeEventPublisher['publish']> {
    const { client, throwNoted } = noting(this.#client);
    const results = await new EventBridgeEventPublisher({ client, busName: this.#busName }).publish(...args);
    throwNoted();
    return results;
  }
}

interface Sending {
  send(...args: readonly never[]): Promise<unknown>;
}

/** Wraps an SDK client and records the error of a call that failed as a whole. */
function noting<C extends SQSClient | EventBridgeClient>(client: C): { readonly client: C; readonly throwNoted: () => void } {
  let noted: { readonly error: unknown } | undefined;
  const send = async (...args: readonly never[]): Promise<unknown> => {
    try {
      return await (client as unknown as Sending).send(...args);
    } catch (error) {
      noted ??= { error };
      throw error;
    }
  };
  return {
    client: { send } as unknown as C,
    throwNoted: () => {
      if (noted !== undefined) throw noted.error;
    },
  };
}
