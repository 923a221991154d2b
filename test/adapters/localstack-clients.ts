import { randomUUID } from 'node:crypto';
import { EventBridgeClient } from '@aws-sdk/client-eventbridge';
import { CreateQueueCommand, DeleteQueueCommand, GetQueueAttributesCommand, SQSClient } from '@aws-sdk/client-sqs';
import { afterAll } from 'vitest';

/**
 * The endpoint and the credentials are the environment's. Without the time-outs of production: the first call to each service of
 * LocalStack takes seconds, and creating is not repeatable.
 */
export const sqs = new SQSClient();
export const eventBridge = new EventBridgeClient();

const made: string[] = [];

afterAll(async () => {
  await Promise.all(made.splice(0).map((QueueUrl) => sqs.send(new DeleteQueueCommand({ QueueUrl }))));
});

/** A name that no other test has. */
export function uniqueName(prefix: string): string {
  return `${prefix}-${randomUUID().slice(0, 8)}`;
}

/** Makes a queue, which is deleted after the tests of the file. */
export async function createQueue(name: string, attributes: Record<string, string> = {}): Promise<string> {
  const fifo = name.endsWith('.fifo') ? { FifoQueue: 'true' } : {};
  const { QueueUrl } = await sqs.send(new CreateQueueCommand({ QueueName: name, Attributes: { ...fifo, ...attributes } }));
  made.push(QueueUrl as string);
  return QueueUrl as string;
}

export async function queueArn(QueueUrl: string): Promise<string> {
  const { Attributes } = await sqs.send(new GetQueueAttributesCommand({ QueueUrl, AttributeNames: ['QueueArn'] }));
  return Attributes?.['QueueArn'] as string;
}
