import { GetQueueAttributesCommand, type QueueAttributeName, type SQSClient } from '@aws-sdk/client-sqs';
import type { QueueUrls } from './queue-urls.ts';

const COUNTED = [
  'ApproximateNumberOfMessages',
  'ApproximateNumberOfMessagesDelayed',
  'ApproximateNumberOfMessagesNotVisible',
] as const satisfies readonly QueueAttributeName[];

/** Names of SQS for a caller without the right, and for a queue that does not exist. SQS does not tell the one without rights which it is. */
const UNREADABLE = /AccessDenied|NotAuthorized|NonExistentQueue|QueueDoesNotExist/;

/**
 * Reads how many messages the queue of a service and its dead-letter queue have: two calls, made at once. Messages with a delay, which are
 * those of a retry, count as queued. Undefined if the caller may not read the queue; `dead` is absent if it may not read that one.
 */
export async function readQueueDepth(
  client: SQSClient,
  queueUrls: QueueUrls,
  service: string,
): Promise<{ readonly queued: number; readonly inFlight: number; readonly dead?: number } | undefined> {
  const [own, dead] = await Promise.all([service, `${service}-dead-letter`].map((queue) => countsOf(client, queueUrls(queue))));
  return own && { queued: own.waiting, inFlight: own.inFlight, ...(dead && { dead: dead.waiting }) };
}

async function countsOf(client: SQSClient, url: string | undefined): Promise<{ waiting: number; inFlight: number } | undefined> {
  if (url === undefined) return undefined;
  try {
    const { Attributes = {} } = await client.send(new GetQueueAttributesCommand({ QueueUrl: url, AttributeNames: [...COUNTED] }));
    const [visible, delayed, inFlight] = COUNTED.map((name) => Number(Attributes[name] ?? 0)) as [number, number, number];
    return { waiting: visible + delayed, inFlight };
  } catch (error) {
    if (error instanceof Error && UNREADABLE.test(error.name)) return undefined;
    throw error;
  }
}
