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
describe('no message expires in a queue while it is retried', () => {
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
    // A message may become a dead letter just before its queue would delete it, and a dead-letter queue counts from the same send time.
    expect((deadLetters?.MessageRetentionPeriod ?? 0) - queue.MessageRetentionPeriod).toBeGreaterThanOrEqual(7 * DAY_SECONDS);
  });

  test('a drained message is parked long before its queue would delete it', () => {
    const shortest = Math.min(...ofEngine.map(({ MessageRetentionPeriod }) => MessageRetentionPeriod));
    expect(DRAINED_MS_MAX / 1_000).toBeLessThan(shortest);
  });
});
