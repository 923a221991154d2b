import type { ReceivedMessage } from '../../ports/message-queue.ts';

/** A message that Lambda has received and passes to a function. */
export interface LambdaRecord {
  readonly messageId: string;
  readonly receiptHandle: string;
  readonly body: string;
  readonly attributes: { readonly ApproximateReceiveCount: string; readonly SentTimestamp: string };
}

export function messageOfRecord({ messageId, receiptHandle, body, attributes }: LambdaRecord): ReceivedMessage {
  return {
    messageId,
    receiptHandle,
    body,
    sentAt: Number(attributes.SentTimestamp),
    receiveCount: Number(attributes.ApproximateReceiveCount),
  };
}
