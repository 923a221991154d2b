import { DynamoDBClient } from '@aws-sdk/client-dynamodb';
import { EventBridgeClient } from '@aws-sdk/client-eventbridge';
import { SQSClient } from '@aws-sdk/client-sqs';
import { clientSettings } from '../../adapters/aws/client-settings.ts';
import { EnvironmentError, textVariable, type Environment } from '../../adapters/aws/environment.ts';
import { FUNCTION_SDK } from '../../adapters/aws/sdk-packages.ts';
import { DynamoDbIdempotencyStore } from '../../adapters/dynamodb/idempotency-store.ts';
import { EventBridgeEventPublisher } from '../../adapters/eventbridge/event-publisher.ts';
import { S3PayloadStore } from '../../adapters/s3/payload-store.ts';
import { SqsMessageQueue } from '../../adapters/sqs/message-queue.ts';
import { SqsMessageSender } from '../../adapters/sqs/message-sender.ts';
import { SystemClock } from '../../adapters/system/clock.ts';
import { needing } from '../../adapters/system/package-missing.ts';
import type { ConsumerOptions } from '../consumer/consumer.ts';
import { logText } from '../../contract/log-line.ts';
import { noticeLine } from './notice-line.ts';
import { servedParts, type Served } from '../served.ts';
import { systemOf } from './served-systems.ts';

const SOCKETS_MIN = 50;

/**
 * The AWS adapters of a deployed service, made from the variables that its construct sets. `queueUrl`: the queue of its commands, which
 * determines the system whose bus and bucket are used.
 */
export function deployedPorts(served: Served, queueUrl: string, environment: Environment): ConsumerOptions {
  if (queueUrl === '')
    throw new EnvironmentError('TUTTI_QUEUE_URL', '', "the URL of the service's queue, as the option queueUrl of poll()");
  const { contract, records, slots } = servedParts(served);
  const service = contract.name;
  const clock = new SystemClock();
  const settings = settingsFor(slots);
  const sqs = new SQSClient(settings);
  const system = systemOf(queueUrl, environment);
  const queueUrls = new Map([
    [service, queueUrl],
    [`${service}-dead-letter`, system.deadLetterUrl],
  ]);
  return {
    served,
    queue: new SqsMessageQueue({ client: sqs, receiver: new SQSClient(settings), queueUrl }),
    sender: new SqsMessageSender({ client: sqs, queueUrls: (queue) => queueUrls.get(queue) }),
    store: records ?? commandRecords(environment, settings),
    keyPrefix: system.keyPrefix,
    publisher: new EventBridgeEventPublisher({ client: new EventBridgeClient(settings), busName: system.bus }),
    payloads: new S3PayloadStore({
      // S3's client is loaded for the first value that is too large for a message; most services never have one.
      client: async () =>
        new (await needing('A large value', FUNCTION_SDK, () => import('../../adapters/s3/loaded-sdk.ts'))).S3Client({
          ...settings,
          requestHandler: { ...settings.requestHandler, ...clientSettings().requestHandler },
        }),
      bucket: system.bucket,
      owner: system.bucketOwner,
      writer: service,
    }),
    clock,
    wholeSeconds: true,
    random: Math.random,
    onLog: (line) => void process.stderr.write(`${logText(line, { service, system: system.name })}\n`),
    report: (notice) => {
      const messages = environment['TUTTI_LOG_MESSAGES'] === 'true';
      const line = noticeLine(notice, { service, system: system.name, now: clock.now(), messages });
      if (line !== undefined) process.stderr.write(`${line}\n`);
    },
  };
}

type Settings = ReturnType<typeof settingsFor>;

/** The common settings, with a connection for each command that runs: the SDK's own limit is 50. */
function settingsFor(slots: number) {
  const settings = clientSettings();
  const agent = { maxSockets: Math.max(slots, SOCKETS_MIN) };
  return { ...settings, requestHandler: { ...settings.requestHandler, httpAgent: agent, httpsAgent: agent } };
}

function commandRecords(environment: Environment, settings: Settings): DynamoDbIdempotencyStore {
  return new DynamoDbIdempotencyStore({
    client: new DynamoDBClient(settings),
    table: textVariable(environment, 'TUTTI_COMMAND_TABLE', "the name of the table of the service's commands, or a store given to serve()"),
  });
}
