import type { SQSEvent } from 'aws-lambda';

/** A batch as Lambda passes it. Receipt handles are `receipt of <id>`. */
export const sqsEvent = (
  queue: string,
  messages: readonly { readonly id: string; readonly body: string; readonly receives?: number }[],
): SQSEvent => ({
  Records: messages.map(({ id, body, receives = 1 }) => ({
    messageId: id,
    receiptHandle: `receipt of ${id}`,
    body,
    attributes: {
      ApproximateReceiveCount: String(receives),
      SentTimestamp: '1767225600000',
      SenderId: 'sender',
      ApproximateFirstReceiveTimestamp: '1767225600001',
    },
    messageAttributes: {},
    md5OfBody: '',
    eventSource: 'aws:sqs',
    eventSourceARN: `arn:aws:sqs:eu-central-1:111111111111:${queue}`,
    awsRegion: 'eu-central-1',
  })),
});
