import { describe, expect, test } from 'vitest';
import { BACKOFF_SECONDS_MAX } from '../../lib/contract/backoff.ts';
import { DRAINED_MS_MAX } from '../../lib/engine/jobs/drain-dead-letters.ts';
import { resourcesOf, testStack, tripsOrchestrator } from './synthesized.ts';

interface QueueProperties {
  readonly QueueName: string;
  readonly MessageRetentionPeriod: number;
  readonly VisibilityTimeout: number;
  readonly RedrivePolicy?: { readonly maxReceiveCount: number };
}

const HOUR_SECONDS = 3_600;
const DAY_SECONDS = 86_400;

const queues = (): readonly QueueProperties[] => {
  const stack = testStack();
  tripsOrchestrator(stack);
  return resourcesOf(stack)
    .filter(({ type }) => type === 'AWS::SQS::Queue')
    .map(({ properties }) => properties as unknown as QueueProperties);
};

/** D3 of lib/engine/jobs/drain-dead-letters.ts. */
describe('no message that is being worked on is older than its queue keeps it', () => {
  const all = queues();
  const ofEngine = all.filter(({ QueueName }) => /-(inbox|hot-lane|starts|operations)(\.fifo)?$/.test(QueueName));

  test.each(ofEngine.map((queue) => [queue.QueueName, queue] as const))('a message is a dead letter of %s within hours', (_name, queue) => {
    const longest = Math.max(BACKOFF_SECONDS_MAX, queue.VisibilityTimeout);
    const inQueue = (queue.RedrivePolicy?.maxReceiveCount ?? Infinity) * longest;
    expect(inQueue).toBeLessThan(6 * HOUR_SECONDS);
    expect(inQueue).toBeLessThan(queue.MessageRetentionPeriod);
  });

  test.each(ofEngine.map((queue) => [queue.QueueName, queue] as const))('a dead letter of %s is kept for a week longer', (name, queue) => {
    const deadLetters = all.find(({ QueueName }) => QueueName.startsWith(name.replace('.fifo', '')) && QueueName.includes('dead-letter'));
    // It may have been in the queue until that would have dropped it: the time of a message goes on in its dead-letter queue.
    expect((deadLetters?.MessageRetentionPeriod ?? 0) - queue.MessageRetentionPeriod).toBeGreaterThanOrEqual(7 * DAY_SECONDS);
  });

  test('what is drained is parked long before any queue would drop it', () => {
    const shortest = Math.min(...ofEngine.map(({ MessageRetentionPeriod }) => MessageRetentionPeriod));
    expect(DRAINED_MS_MAX / 1_000).toBeLessThan(shortest);
  });
});
