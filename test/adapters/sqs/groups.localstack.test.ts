import { ReceiveMessageCommand } from '@aws-sdk/client-sqs';
import { expect, test } from 'vitest';
import { SqsMessageSender } from '../../../lib/adapters/sqs/message-sender.ts';
import { createQueue, sqs, uniqueName } from '../localstack-clients.ts';

const marks = '!"#$%&\'()*+,-./:;<=>?@[\\]^_`{|}~';

async function groupsIn(QueueUrl: string): Promise<(string | undefined)[]> {
  const { Messages } = await sqs.send(
    new ReceiveMessageCommand({ QueueUrl, MaxNumberOfMessages: 10, MessageSystemAttributeNames: ['MessageGroupId'] }),
  );
  return (Messages ?? []).map(({ Attributes }) => Attributes?.MessageGroupId);
}

test('a standard queue keeps the group of a message, with every mark that SQS allows', async () => {
  const url = await createQueue(uniqueName('groups'));
  const sender = new SqsMessageSender({ client: sqs, queueUrls: () => url });
  const groups = ['default#book-trip#cart-1', marks, 'x'.repeat(128)];
  const results = await sender.send(
    'work',
    groups.map((groupId) => ({ body: 'a', groupId })),
  );
  expect(results.map(({ status }) => status)).toEqual(['sent', 'sent', 'sent']);
  expect(new Set(await groupsIn(url))).toEqual(new Set(groups));
});

test('a FIFO queue accepts the same body twice, ignores a delay, and delivers a group to one receiver at a time', async () => {
  const url = await createQueue(`${uniqueName('groups')}.fifo`);
  const sender = new SqsMessageSender({ client: sqs, queueUrls: () => url });
  const message = { body: 'a', groupId: 'default#book-trip#cart-1', delaySeconds: 5 };
  const results = [...(await sender.send('hot-lane', [message])), ...(await sender.send('hot-lane', [message]))];
  expect(results.map(({ status }) => status)).toEqual(['sent', 'sent']);
  expect(await groupsIn(url)).toEqual([message.groupId, message.groupId]);
  await sender.send('hot-lane', [message]);
  expect(await groupsIn(url)).toEqual([]);
});
