import { describe, expect, test } from 'vitest';
import { SqsMessageQueue } from '../../../lib/adapters/sqs/message-queue.ts';
import { later, sdkError, stubClient } from './stub-client.ts';

const queueUrl = 'https://sqs/1/work';
const options = { max: 10, waitSeconds: 20, visibilitySeconds: 60 };

describe('the SQS message queue', () => {
  test('a receive requests the count and time of messages, and a long poll has a time-out that is long enough', async () => {
    const Attributes = { ApproximateReceiveCount: '3', SentTimestamp: '1795255200123' };
    const { client, calls } = stubClient({ Messages: [{ MessageId: 'm', ReceiptHandle: 'h', Body: 'b', Attributes }] });
    const messages = await new SqsMessageQueue({ client, queueUrl }).receive({ ...options, max: 25 });
    expect(messages).toEqual([{ messageId: 'm', receiptHandle: 'h', body: 'b', receiveCount: 3, sentAt: 1_795_255_200_123 }]);
    expect(calls).toEqual([
      {
        name: 'ReceiveMessageCommand',
        input: {
          QueueUrl: queueUrl,
          MaxNumberOfMessages: 10,
          WaitTimeSeconds: 20,
          VisibilityTimeout: 60,
          MessageSystemAttributeNames: ['ApproximateReceiveCount', 'SentTimestamp'],
        },
        options: { requestTimeout: 22_000 },
      },
    ]);
  });

  test('no request is made after the signal has aborted', async () => {
    const { client, calls } = stubClient();
    expect(await new SqsMessageQueue({ client, queueUrl }).receive({ ...options, signal: AbortSignal.abort() })).toEqual([]);
    expect(calls).toEqual([]);
  });

  test('an aborted signal ends the wait, and messages that still arrive are returned to the queue', async () => {
    const stop = new AbortController();
    const poll = later();
    const { client, calls } = stubClient(poll.promise, {});
    const waiting = new SqsMessageQueue({ client, queueUrl }).receive({ ...options, signal: stop.signal });
    stop.abort();
    expect(await waiting).toEqual([]);
    expect(calls).toHaveLength(1);
    poll.resolve({ Messages: [{ MessageId: 'm', ReceiptHandle: 'h', Body: 'b' }] });
    await new Promise((resolve) => setImmediate(resolve));
    expect(calls[1]).toMatchObject({
      name: 'ChangeMessageVisibilityBatchCommand',
      input: { Entries: [{ Id: '0', ReceiptHandle: 'h', VisibilityTimeout: 0 }] },
    });
  });

  test('a request that fails after the abort is ignored, and one that fails before is thrown', async () => {
    const stop = new AbortController();
    const poll = later();
    const waiting = new SqsMessageQueue({ client: stubClient(poll.promise).client, queueUrl }).receive({ ...options, signal: stop.signal });
    stop.abort();
    poll.reject(sdkError('TimeoutError'));
    expect(await waiting).toEqual([]);
    const { client } = stubClient(sdkError('AccessDenied'), sdkError('AccessDenied'));
    const denied = new SqsMessageQueue({ client, queueUrl });
    await expect(denied.receive({ ...options, signal: new AbortController().signal })).rejects.toThrow('said so');
    await expect(denied.receive(options)).rejects.toThrow('said so');
  });

  test('a delete returns the handles whose entries failed, even for a handle that is given twice', async () => {
    const { client, calls } = stubClient({ Successful: [{ Id: '0' }], Failed: [{ Id: '1' }, { Id: '2' }] });
    expect(await new SqsMessageQueue({ client, queueUrl }).delete(['a', 'a', 'b'])).toEqual(['a', 'b']);
    expect(calls[0]?.input['Entries']).toEqual([
      { Id: '0', ReceiptHandle: 'a' },
      { Id: '1', ReceiptHandle: 'a' },
      { Id: '2', ReceiptHandle: 'b' },
    ]);
  });

  test('a change of visibility returns the handles that failed, and hides a message for at most twelve hours', async () => {
    const { client, calls } = stubClient({ Failed: [{ Id: '1', SenderFault: true, Code: 'MessageNotInflight' }] });
    const changes = [
      { receiptHandle: 'a', seconds: 100_000 },
      { receiptHandle: 'b', seconds: 0 },
    ];
    expect(await new SqsMessageQueue({ client, queueUrl }).changeVisibility(changes)).toEqual(['b']);
    expect(calls[0]?.input['Entries']).toEqual([
      { Id: '0', ReceiptHandle: 'a', VisibilityTimeout: 43_200 },
      { Id: '1', ReceiptHandle: 'b', VisibilityTimeout: 0 },
    ]);
  });

  test('long polls use connections of their own, so that other requests do not wait', async () => {
    const poller = stubClient({ Messages: [] });
    const { client, calls } = stubClient({});
    const queue = new SqsMessageQueue({ client, receiver: poller.client, queueUrl });
    await queue.receive(options);
    await queue.delete(['a']);
    expect([poller.calls.map(({ name }) => name), calls.map(({ name }) => name)]).toEqual([
      ['ReceiveMessageCommand'],
      ['DeleteMessageBatchCommand'],
    ]);
  });

  test('ten handles need one call, eleven need two, and none need no call', async () => {
    const handles = Array.from({ length: 11 }, (_, index) => `h-${index}`);
    const { client, calls } = stubClient({}, {}, { Failed: [{ Id: '0' }] });
    const queue = new SqsMessageQueue({ client, queueUrl });
    expect(await queue.delete([])).toEqual([]);
    expect(await queue.delete(handles.slice(0, 10))).toEqual([]);
    expect(calls).toHaveLength(1);
    expect(await queue.delete(handles)).toEqual(['h-10']);
    expect(calls).toHaveLength(3);
  });
});
