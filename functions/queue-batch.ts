import type { SQSBatchResponse, SQSEvent } from 'aws-lambda';
import { messageOfRecord } from '../lib/adapters/sqs/lambda-record.ts';
import type { AdvanceResult } from '../lib/engine/engine.ts';
import type { Channel, MessageQueue, ReceivedMessage } from '../lib/ports/message-queue.ts';
import { faultLine, type Log } from './log-line.ts';

export type GivingBack = Pick<MessageQueue, 'changeVisibility'>;

/** Returns the name of the queue of a batch; all records of a batch come from one queue. */
export function queueNameOf({ Records: [first] }: SQSEvent): string {
  return first?.eventSourceARN.split(':').at(-1) ?? '';
}

/**
 * Returns the channel of a queue by its name. Every queue that is neither a request queue nor its dead-letter queue belongs to the inbox.
 */
function channelOf(queue: string): Channel {
  return (/-(starts|operations)(?:-dead-letter)?$/.exec(queue)?.[1] as Channel | undefined) ?? 'inbox';
}

/** Converts SQS records. SQS sets the attribute `SenderId` to the id of the principal that sent the message. */
export function receivedMessages(event: SQSEvent): readonly ReceivedMessage[] {
  const channel = channelOf(queueNameOf(event));
  return event.Records.map((record) => ({ ...messageOfRecord(record), channel, senderId: record.attributes.SenderId }));
}

/**
 * Returns the batch item failures; Lambda deletes the other messages. A returned message is redelivered when its new visibility timeout
 * ends, or, if that could not be set, when the queue's own timeout ends.
 */
export async function batchResponse(event: SQSEvent, result: AdvanceResult, queue: GivingBack, log: Log): Promise<SQSBatchResponse> {
  const done = new Set(result.acknowledge);
  const failed = event.Records.filter(({ receiptHandle }) => !done.has(receiptHandle));
  if (result.giveBack.length > 0) await queue.changeVisibility(result.giveBack).catch((error: unknown) => log(faultLine(error)));
  return { batchItemFailures: failed.map(({ messageId }) => ({ itemIdentifier: messageId })) };
}
