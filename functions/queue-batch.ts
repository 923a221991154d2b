import type { SQSBatchResponse, SQSEvent } from 'aws-lambda';
import { messageOfRecord } from '../lib/adapters/sqs/lambda-record.ts';
import type { AdvanceResult } from '../lib/engine/engine.ts';
import type { Channel, MessageQueue, ReceivedMessage } from '../lib/ports/message-queue.ts';
import { faultLine, type Log } from './log-line.ts';

export type GivingBack = Pick<MessageQueue, 'changeVisibility'>;

/** The name of the queue that a batch comes from; all of a batch come from one. */
export const queueNameOf = ({ Records: [first] }: SQSEvent): string => first?.eventSourceARN.split(':').at(-1) ?? '';

/** A queue of requests or its dead-letter queue, by its name; every other queue of the engine is of the inbox. */
const channelOf = (queue: string): Channel => (/-(starts|operations)(?:-dead-letter)?$/.exec(queue)?.[1] as Channel | undefined) ?? 'inbox';

/** SQS writes the id of the principal that has sent a message into its attribute `SenderId`. */
export const receivedMessages = (event: SQSEvent): readonly ReceivedMessage[] => {
  const channel = channelOf(queueNameOf(event));
  return event.Records.map((record) => ({ ...messageOfRecord(record), channel, senderId: record.attributes.SenderId }));
};

/**
 * Lambda deletes what is not named here. What is given back comes again when its new visibility ends; where that could not be
 * set, when that of the queue does.
 */
export const batchResponse = async (event: SQSEvent, result: AdvanceResult, queue: GivingBack, log: Log): Promise<SQSBatchResponse> => {
  const done = new Set(result.acknowledge);
  const failed = event.Records.filter(({ receiptHandle }) => !done.has(receiptHandle));
  if (result.giveBack.length > 0) await queue.changeVisibility(result.giveBack).catch((error: unknown) => log(faultLine(error)));
  return { batchItemFailures: failed.map(({ messageId }) => ({ itemIdentifier: messageId })) };
};
