import { describe, expect, test } from 'vitest';
import { SqsMessageSender } from '../../../lib/adapters/sqs/message-sender.ts';
import type { SendResult } from '../../../lib/ports/message-sender.ts';
import { sdkError, stubClient } from './stub-client.ts';

const queueUrls = (queue: string): string | undefined => (queue === 'nowhere' ? undefined : `https://sqs/1/${queue}`);

async function sent(answer: unknown, ...bodies: readonly string[]): Promise<readonly SendResult[]> {
  const { client } = stubClient(answer);
  return new SqsMessageSender({ client, queueUrls }).send(
    'work',
    bodies.map((body) => ({ body })),
  );
}

describe('the SQS message sender', () => {
  test('each message gets the result of its own entry, in any order of the response', async () => {
    const answer = {
      Successful: [
        { Id: '2', MessageId: 'm-2' },
        { Id: '0', MessageId: 'm-0' },
      ],
      Failed: [{ Id: '1', SenderFault: true, Code: 'InvalidMessageContents', Message: 'no' }],
    };
    expect(await sent(answer, 'a', 'b', 'c')).toEqual([
      { status: 'sent', messageId: 'm-0' },
      { status: 'failed', senderFault: true, reason: 'InvalidMessageContents: no' },
      { status: 'sent', messageId: 'm-2' },
    ]);
  });

  test.each([
    ['InternalError', false, false],
    ['SomethingNew', true, true],
    ['SomethingNew', false, false],
    ['RequestThrottled', true, false],
    ['KmsThrottled', true, false],
    ['KmsAccessDenied', false, true],
    ['KMS.DisabledException', true, true],
  ])('a failed entry %s with SenderFault %s is a fault of the sender: %s', async (Code, SenderFault, senderFault) => {
    expect(await sent({ Failed: [{ Id: '0', SenderFault, Code }] }, 'a')).toEqual([{ status: 'failed', senderFault, reason: Code }]);
  });

  test('a message that the response names twice or not at all counts as failed', async () => {
    const answer = { Successful: [{ Id: '0', MessageId: 'm-0' }], Failed: [{ Id: '0', SenderFault: false, Code: 'InternalError' }] };
    expect(await sent(answer, 'a', 'b')).toEqual([
      { status: 'failed', senderFault: false, reason: 'InternalError' },
      { status: 'failed', senderFault: false, reason: 'SQS did not say what became of the message.' },
    ]);
  });

  test.each([
    ['QueueDoesNotExist', true],
    ['AWS.SimpleQueueService.NonExistentQueue', true],
    ['InvalidMessageContents', true],
    ['KmsAccessDenied', true],
    ['KmsInvalidState', true],
    ['KmsThrottled', false],
    ['RequestThrottled', false],
    ['ThrottlingException', false],
    ['TimeoutError', false],
    ['AccessDenied', false],
  ])('the failure %s of the whole call is a fault of the sender: %s', async (name, senderFault) => {
    expect(await sent(sdkError(name), 'a', 'b')).toEqual([
      { status: 'failed', senderFault, reason: `${name}: said so` },
      { status: 'failed', senderFault, reason: `${name}: said so` },
    ]);
  });

  test('an unknown queue, a body that is too large and an empty list make no call', async () => {
    const { client, calls } = stubClient();
    const sender = new SqsMessageSender({ client, queueUrls });
    expect(await sender.send('nowhere', [{ body: 'a' }])).toEqual([
      { status: 'failed', senderFault: true, reason: 'There is no queue nowhere.' },
    ]);
    expect(await sender.send('work', [{ body: 'x'.repeat(204_801) }])).toMatchObject([{ status: 'failed', senderFault: true }]);
    expect(await sender.send('work', [])).toEqual([]);
    expect(calls).toEqual([]);
  });

  test('one batch has the group and the delay of each message', async () => {
    const { client, calls } = stubClient({});
    await new SqsMessageSender({ client, queueUrls }).send('work', [
      { body: 'a', groupId: 'acme', delaySeconds: 7 },
      { body: 'b', groupId: '' },
      { body: 'c', groupId: 'two words' },
      { body: 'd', groupId: 'x'.repeat(129) },
    ]);
    expect(calls).toHaveLength(1);
    expect(calls[0]?.input).toEqual({
      QueueUrl: 'https://sqs/1/work',
      Entries: [
        { Id: '0', MessageBody: 'a', MessageGroupId: 'acme', DelaySeconds: 7 },
        { Id: '1', MessageBody: 'b' },
        { Id: '2', MessageBody: 'c', MessageGroupId: expect.stringMatching(/^[0-9a-f]{64}$/) as string },
        { Id: '3', MessageBody: 'd', MessageGroupId: expect.stringMatching(/^[0-9a-f]{64}$/) as string },
      ],
    });
  });

  test('a send to a FIFO queue has a new deduplication id and no delay, because FIFO queues refuse one', async () => {
    const { client, calls } = stubClient({}, {});
    const sender = new SqsMessageSender({ client, queueUrls });
    const message = { body: 'a', groupId: 'default#book-trip#cart-1', delaySeconds: 5 };
    await sender.send('hot-lane.fifo', [message]);
    await sender.send('hot-lane.fifo', [message]);
    const entries = calls.map(({ input }) => (input['Entries'] as Record<string, string>[])[0]);
    expect(entries[0]).toEqual({
      Id: '0',
      MessageBody: 'a',
      MessageGroupId: 'default#book-trip#cart-1',
      MessageDeduplicationId: expect.any(String) as string,
    });
    expect(entries[1]?.['MessageDeduplicationId']).not.toBe(entries[0]?.['MessageDeduplicationId']);
  });
});
