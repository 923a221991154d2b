import { type Duration, Duration as Time, type RemovalPolicy, Stack } from 'aws-cdk-lib/core';
import type { IKey } from 'aws-cdk-lib/aws-kms';
import { DeduplicationScope, FifoThroughputLimit, Queue, QueueEncryption, RedrivePermission } from 'aws-cdk-lib/aws-sqs';
import type { Construct } from 'constructs';
import { deadLetterName } from '../../adapters/aws/deployment-names.ts';
import type { Alarms } from './alarms.ts';

/** A crashing neighbour sends a message back with it: as many deliveries keep innocents out of the dead-letter queue. */
const RECEIVES_MAX = 20;

export interface QueuePairProps {
  readonly name: string;
  readonly visibilityTimeout: Duration;
  readonly retentionPeriod: Duration;
  readonly removalPolicy: RemovalPolicy;
  readonly alarms: Alarms;
  /** Of the queue; its dead-letter queue stays with SQS's own, which nothing can revoke. @default SQS's own */
  readonly encryptionKey?: IKey;
  readonly watch: QueueWatch;
  /** Deliveries before a message is a dead letter. @default 20 */
  readonly receivesMax?: number;
  /** @default a standard queue */
  readonly fifo?: boolean;
}

/** What the alarms of a queue say, and when. */
export interface QueueWatch {
  /** How long a message may wait for a receiver. */
  readonly ageMax: Duration;
  readonly aged: string;
  readonly dead: string;
  /** Of a queue whose receiver hides messages by its own will: what it says when that finishes none. @default the receiver logs its faults, which have an alarm */
  readonly unfinished?: string;
}

/** A queue and the dead-letter queue of its own, each with its alarms: encrypted by SQS, closed to callers without TLS. */
export interface QueuePair {
  readonly queue: Queue;
  readonly deadLetterQueue: Queue;
}

export function queuePair(
  scope: Construct,
  { name, fifo = false, receivesMax = RECEIVES_MAX, alarms, watch, ...props }: QueuePairProps,
): QueuePair {
  const secured = { encryption: QueueEncryption.SQS_MANAGED, enforceSSL: true, removalPolicy: props.removalPolicy };
  // By its name, because the two queues cannot wait for each other.
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
    // Every group has its own order and throughput; without it one queue takes 300 calls a second.
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
