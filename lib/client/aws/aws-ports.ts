import { DynamoDBClient } from '@aws-sdk/client-dynamodb';
import { EventBridgeClient } from '@aws-sdk/client-eventbridge';
import { SQSClient } from '@aws-sdk/client-sqs';
import { SSMClient } from '@aws-sdk/client-ssm';
import { clientSettings } from '../../adapters/aws/client-settings.ts';
import { deploymentNames } from '../../adapters/aws/deployment-names.ts';
import { CLIENT_SDK } from '../../adapters/aws/sdk-packages.ts';
import { DynamoDbIdempotencyStore } from '../../adapters/dynamodb/idempotency-store.ts';
import { DynamoDbInstanceIndex } from '../../adapters/dynamodb/instance-index.ts';
import { DynamoDbParkingStore } from '../../adapters/dynamodb/parking-store.ts';
import { DynamoDbPayloadStore } from '../../adapters/dynamodb/payload-store.ts';
import { DynamoDbProcessStore } from '../../adapters/dynamodb/process-store.ts';
import { EventBridgeEventPublisher } from '../../adapters/eventbridge/event-publisher.ts';
import { S3PayloadStore } from '../../adapters/s3/payload-store.ts';
import { SqsMessageSender } from '../../adapters/sqs/message-sender.ts';
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

/** A deployment that was found, and the ports that reach it. */
export interface OpenedDeployment {
  readonly system: SystemContract;
  readonly ports: OpenedPorts;
}

/** Errors of the SDK leave them as they are, except where a port says otherwise of a failure: see `send` and `publish`. */
export type OpenedPorts = Pick<ClientPorts, 'sender' | 'publisher' | 'store' | 'index' | 'payloads' | 'parking' | 'storeLarge' | 'answer'>;

type Settings = ReturnType<typeof settingsOf>;

/** Finds a deployment by its name and makes the clients of the SDK; no other call is made yet. */
export async function openDeployment(options: AwsOptions): Promise<OpenedDeployment> {
  const settings = settingsOf(options);
  const ssm = new SSMClient(settings);
  await requireRegion(ssm);
  const deployment = await readDeployment(ssm, options.name);
  const system = readPublishedSystem(deployment.system);
  return { system, ports: portsOf(deployment, system, settings) };
}

/** The caller's ARN, as STS knows it. */
export async function callerArn(options: AwsOptions): Promise<string> {
  const { GetCallerIdentityCommand, STSClient } = await needing(
    'Asking STS who the caller is',
    CLIENT_SDK,
    () => import('@aws-sdk/client-sts'),
  );
  const client = new STSClient(settingsOf(options));
  const { Arn } = await overAws('Asking STS who the caller is', () => client.send(new GetCallerIdentityCommand({})));
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
  return {
    sender: new QueuesOfSqs(
      new SQSClient(settings),
      deploymentQueueUrls({
        name: deployment.name,
        inboxUrl: deployment.inboxUrl,
        hotLaneUrl: deployment.hotLaneUrl,
        queues: { ...deployment.queues, [STARTS]: deployment.startsUrl, [OPERATIONS]: deployment.operationsUrl },
      }),
    ),
    publisher,
    store: new DynamoDbProcessStore({ client, table }),
    index: new DynamoDbInstanceIndex({ client, table, processes: [...system.processes.keys()] }),
    payloads: new DynamoDbPayloadStore({ client, table, large }),
    parking: new DynamoDbParkingStore({ client, table, large }),
    storeLarge: storingIn(payloadsOf(deployment, settings, CLIENT_WRITER)),
    answer: (request, callers) =>
      answerOver(request, callers, {
        publisher,
        payloads: (service) => payloadsOf(deployment, settings, service),
        records: (service) => new DynamoDbIdempotencyStore({ client, table: deploymentNames(deployment.name).commandTable(service) }),
      }),
  };
}

/** Most clients never see a large value, so S3 is loaded with the first. */
function payloadsOf({ bucket, bucketOwner: owner }: Deployment, settings: Settings, writer: string): S3PayloadStore {
  const client = async () =>
    new (await needing('A large value', CLIENT_SDK, () => import('../../adapters/s3/loaded-sdk.ts'))).S3Client({
      ...settings,
      forcePathStyle: isEmulated(settings),
    });
  return new S3PayloadStore({ client, bucket, owner, writer });
}

/** Emulators have no host name for each bucket. */
function isEmulated({ endpoint }: Settings): boolean {
  return (endpoint ?? process.env['AWS_ENDPOINT_URL_S3'] ?? process.env['AWS_ENDPOINT_URL']) !== undefined;
}

interface ServicePorts {
  readonly publisher: ClientPorts['publisher'];
  readonly payloads: (service: string) => S3PayloadStore;
  readonly records: (service: string) => DynamoDbIdempotencyStore;
}

/** The records and the payloads are those of the service that the token names, and so is the source of what is published. */
async function answerOver({ token, answer }: AnswerRequest, system: SystemContract, ports: ServicePorts): Promise<void> {
  const { service: name } = readTaskToken(token);
  const service = system.services.get(name);
  if (service === undefined) throw invalidToken(`it is of the service ${name}, which is none of ${system.name}`);
  const { publisher } = ports;
  const clock = new SystemClock();
  await answerDeferred({ token, answer }, { service, store: ports.records(name), publisher, payloads: ports.payloads(name), clock });
}

/** The adapter tells a failed call as failed messages; a client is told by the error whether it was denied. */
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

/** A client that notes the error of a call that failed as a whole. */
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
