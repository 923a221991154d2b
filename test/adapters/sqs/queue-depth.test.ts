import { describe, expect, test } from 'vitest';
import { readQueueDepth } from '../../../lib/adapters/sqs/queue-depth.ts';
import { sdkError, stubClient } from './stub-client.ts';

const queueUrls = (queue: string): string | undefined => (queue.startsWith('nowhere') ? undefined : `https://sqs/1/${queue}`);
const counts = (visible: number, delayed: number, inFlight: number): object => ({
  Attributes: {
    ApproximateNumberOfMessages: String(visible),
    ApproximateNumberOfMessagesDelayed: String(delayed),
    ApproximateNumberOfMessagesNotVisible: String(inFlight),
  },
});

describe('the depth of a queue', () => {
  test('it counts delayed messages as queued, and reads the dead-letter queue beside it', async () => {
    const { client, calls } = stubClient(counts(3, 2, 1), counts(4, 0, 0));
    expect(await readQueueDepth(client, queueUrls, 'stock')).toEqual({ queued: 5, inFlight: 1, dead: 4 });
    expect(calls.map(({ input }) => input['QueueUrl'])).toEqual(['https://sqs/1/stock', 'https://sqs/1/stock-dead-letter']);
  });

  test('it is unknown to a caller without the right, and for a queue that the deployment does not have', async () => {
    const denied = stubClient(sdkError('AccessDenied'), sdkError('AccessDenied'));
    expect(await readQueueDepth(denied.client, queueUrls, 'stock')).toBeUndefined();
    const { client, calls } = stubClient();
    expect(await readQueueDepth(client, queueUrls, 'nowhere')).toBeUndefined();
    expect(calls).toEqual([]);
  });

  test('the dead letters of a queue of another account may be unreadable', async () => {
    const { client } = stubClient(counts(1, 0, 0), sdkError('AWS.SimpleQueueService.NonExistentQueue'));
    expect(await readQueueDepth(client, queueUrls, 'stock')).toEqual({ queued: 1, inFlight: 0 });
  });

  test('an outage is an error and no empty queue', async () => {
    const { client } = stubClient(sdkError('ServiceUnavailable'), counts(0, 0, 0));
    await expect(readQueueDepth(client, queueUrls, 'stock')).rejects.toThrow('said so');
  });
});
