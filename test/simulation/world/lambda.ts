import type { SQSBatchResponse, SQSEvent, SQSRecord } from 'aws-lambda';
import type { ReceivedMessage } from '../../../lib/ports/message-queue.ts';
import { HOT_LANE } from '../../../lib/format/inbox-message.ts';
import type { SimulatedQueue } from './simulated-queue.ts';

/** The function that an event source mapping calls. */
export type BatchHandler = (event: SQSEvent, context: { getRemainingTimeInMillis(): number }) => Promise<SQSBatchResponse>;

const record = (queue: string, message: ReceivedMessage): SQSRecord => ({
  messageId: message.messageId,
  receiptHandle: message.receiptHandle,
  body: message.body,
  attributes: {
    ApproximateReceiveCount: String(message.receiveCount),
    SentTimestamp: String(message.sentAt),
    SenderId: '',
    ApproximateFirstReceiveTimestamp: '',
  },
  messageAttributes: {},
  md5OfBody: '',
  eventSource: 'aws:sqs',
  // The hot lane is a FIFO queue, and its name says so.
  eventSourceARN: `arn:aws:sqs:local:000000000000:trips-${queue}${queue === HOT_LANE ? '.fifo' : ''}`,
  awsRegion: 'local',
});

/** One invocation by the event source mapping of a queue. Messages that the function does not report as failed are deleted. */
export const invoke = async (
  queue: SimulatedQueue,
  messages: readonly ReceivedMessage[],
  handler: BatchHandler,
  remainingMs: () => number,
): Promise<void> => {
  const response = await handler(
    { Records: messages.map((message) => record(queue.name, message)) },
    { getRemainingTimeInMillis: remainingMs },
  );
  const failed = new Set(response.batchItemFailures.map(({ itemIdentifier }) => itemIdentifier));
  await queue.delete(messages.filter(({ messageId }) => !failed.has(messageId)).map(({ receiptHandle }) => receiptHandle));
};
