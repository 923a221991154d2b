import { type Duration, Duration as Time, type RemovalPolicy, Stack } from 'aws-cdk-lib/core';
import type { IKey } from 'aws-cdk-lib/aws-kms';
import { DeduplicationScope, FifoThroughputLimit, Queue, QueueEncryption, RedrivePermission } from 'aws-cdk-lib/aws-sqs';
import type { Construct } from 'constructs';
import { deadLetterName } from '../../adapters/aws/deployment-names.ts';
import type { Alarms } from './alarms.ts';

/** A crash returns the whole batch, so healthy messages are redelivered too. A high limit keeps those out of the dead-letter queue. */
const RECEIVES_MAX = 20;

export interface QueuePairProps {
  readonly name: string;
  readonly visibilityTimeout: Duration;
  readonly retentionPeriod: Duration;
  readonly removalPolicy: RemovalPolicy;
  readonly alarms: Alarms;
  /** Key of the queue. Its dead-letter queue uses the key of SQS, which cannot be disabled. @default the key of SQS */
  readonly encryptionKey?: IKey;
  readonly watch: QueueWatch;
  /** Number of receives after which a message becomes a dead letter. @default 20 */
  readonly receivesMax?: number;
  /** @default a standard queue */
  readonly fifo?: boolean;
}

/** Thresholds and descriptions of the alarms of a queue. */
export interface QueueWatch {
  /** Longest time that a message may wait for a receiver. */
  readonly ageMax: Duration;
  /** Description of the alarm for a message that waits longer. */
  readonly aged: string;
  /** Description of the alarm for messages in the dead-letter queue. */
  readonly dead: string;
  /** Description of the alarm for a receiver that hides messages itself and completes none. @default no such alarm: the receiver logs faults, which have an alarm */
  readonly unfinished?: string;
}

/** A queue with its dead-letter queue and their alarms. Both are encrypted and deny requests without TLS. */
export interface QueuePair {
  readonly queue: Queue;
  readonly deadLetterQueue: Queue;
}

export function queuePair(
  scope: Construct,
  { name, fifo = false, receivesMax = RECEIVES_MAX, alarms, watch, ...props }: QueuePairProps,
): QueuePair {
  const secured = { encryption: QueueEncryption.SQS_MANAGED, enforceSSL: true, removalPolicy: props.removalPolicy };
  // A reference by name, because CloudFormation allows no cycle between the two queues.
  const source = Queue.fromQueueArn(scope, 'RedriveSource', Stack.of(scope).formatArn({ service: 'sqs', resource: name }));
  const deadLetterQueue = new Queue(scope, 'DeadLetterQueue', {
    ...secured,
    ...(fifo && { fifo }),
    queueName: deadLetterName(name),
    retentionPeriod: Time.days(14),
    visibilityTimeout: Time.minutes(2),
    redriveAllowPolicy: { redrivePermission: RedrivePermission.BY_QUEUE, sourceQueues: [source] },
  });
  const queue = new Queue(scope, 'Queue', {
    ...secured,
    ...(props.encryptionKey && { encryption: QueueEncryption.KMS, encryptionMasterKey: props.encryptionKey }),
    // High throughput mode: each message group has its own limit. Without it the whole queue allows 300 calls a second.
    ...(fifo && {
      fifo,
      deduplicationScope: DeduplicationScope.MESSAGE_GROUP,
      fifoThroughputLimit: FifoThroughputLimit.PER_MESSAGE_GROUP_ID,
    }),
    queueName: name,
    visibilityTimeout: props.visibilityTimeout,
    retentionPeriod: props.retentionPeriod,
    deadLetterQueue: { queue: deadLetterQueue, maxReceiveCount: receivesMax },
  });
  if (watch.unfinished === undefined) alarms.age(scope, queue, watch.ageMax, watch.aged);
  else {
    alarms.ageOfVisible(scope, queue, watch.ageMax, watch.aged);
    alarms.unfinished(scope, queue, watch.unfinished);
  }
  alarms.deadLetters(scope, deadLetterQueue, watch.dead);
  return { queue, deadLetterQueue };
}
