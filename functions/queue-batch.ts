import type { SQSBatchResponse, SQSEvent } from 'aws-lambda';
import { messageOfRecord } from '../lib/adapters/sqs/lambda-record.ts';
import type { AdvanceResult } from '../lib/engine/engine.ts';
import type { MessageQueue, ReceivedMessage } from '../lib/ports/message-queue.ts';
import { faultLine, type Log } from './log-line.ts';

export type GivingBack = Pick<MessageQueue, 'changeVisibility'>;

/** The name of the queue that a batch comes from; all of a batch come from one. */
export const queueNameOf = ({ Records: [first] }: SQSEvent): string => first?.eventSourceARN.split(':').at(-1) ?? '';

export const receivedMessages = (event: SQSEvent): readonly ReceivedMessage[] => event.Records.map(messageOfRecord);

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
