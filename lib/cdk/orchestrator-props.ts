import type { Duration, RemovalPolicy } from 'aws-cdk-lib/core';
import type { ITable, WarmThroughput } from 'aws-cdk-lib/aws-dynamodb';
import type { IEventBus } from 'aws-cdk-lib/aws-events';
import type { IKey } from 'aws-cdk-lib/aws-kms';
import type { RetentionDays } from 'aws-cdk-lib/aws-logs';
import type { IBucket } from 'aws-cdk-lib/aws-s3';
import type { ITopic } from 'aws-cdk-lib/aws-sns';
import type { IQueue } from 'aws-cdk-lib/aws-sqs';
import type { System } from '../contract/system.ts';
import type { ForeignAccount } from './iam/foreign-accounts.ts';

export interface OrchestratorProps {
  /** What it runs. Rules, queues and rights are made from its contracts. */
  readonly system: System<string>;
  /** The module that exports the system; bundled into the functions. A path from the working directory, as CDK's own are. */
  readonly entry: string;
  /** What its resources are called, and what clients call it. @default the system's name */
  readonly name?: string;
  /** @default a bus of this name is made, and retained on delete */
  readonly bus?: IEventBus;
  /** One with the keys and indexes of Tutti. @default a table of this name is made, retained on delete, point-in-time recovery on */
  readonly table?: ITable;
  /** Where values of more than 100 KB lie. @default a bucket is made, and retained on delete */
  readonly payloadBucket?: IBucket;
  /** Queues that services own, by the name of the service: those of other stacks and accounts. @default a `ServiceQueue` is made for each service of the system */
  readonly queues?: Readonly<Record<string, IQueue>>;
  /**
   * What other accounts may publish: by the id of each, the events, and the services that live there. Bus, bucket and engine take from
   * an account nothing else, and from the account of the stack nothing of a service that lives in another.
   * @default a service lives in the account of the queue that `queues` gives it, and no other account publishes
   */
  readonly accounts?: Readonly<Record<string, ForeignAccount>>;
  /** How long closed instances are kept; 30 days or more, since a late copy of a start must still meet its instance. @default for ever: nothing is deleted */
  readonly retention?: Duration;
  /** Timers nearer than this wait in the inbox and are exact to the second; later ones are swept every minute. 15 minutes or less. @default Duration.minutes(15) */
  readonly tickThreshold?: Duration;
  /** How many copies of advance-processes take from the inbox at the same time at the most. @default 50 */
  readonly maxConcurrency?: number;
  /** How many take from the hot lane, each the events of one instance. 2 or more. @default 20 */
  readonly hotLaneConcurrency?: number;
  /** Copies that are kept for advance-processes, whatever else runs in the account; as many as all its queues may ask for, or more. @default none are kept: all functions of the account share its copies */
  readonly reservedConcurrency?: number;
  /**
   * DynamoDB refuses to delete the table while it is on. A first deployment that fails cannot remove its table then: switch it on with the second.
   * @default false: `removalPolicy` alone keeps the table when its stack is deleted
   */
  readonly deletionProtection?: boolean;
  /** Encrypts queues, tables, values and logs, but not dead-letter queues, which must take what a broken key keeps out of the others. @default keys that AWS owns, which need no rights */
  readonly encryptionKey?: IKey;
  /** What table and indexes take from the first second on; without it a new table takes 4,000 writes a second and doubles within half an hour. AWS charges once for it. @default none */
  readonly warmThroughput?: WarmThroughput;
  /** Of each function. @default 512 */
  readonly memorySizeMb?: number;
  /** Of advance-processes: how long one batch of events may take. @default Duration.seconds(20) */
  readonly timeout?: Duration;
  /** Of the inbox and the hot lane: six times `timeout` or more, so that no message is handled twice at once. @default Duration.seconds(120) */
  readonly visibilityTimeout?: Duration;
  /** Of the service queues that are made here, unless the receiver asks for its own; a `ServiceFunction` may run a sixth of it. @default Duration.minutes(3) */
  readonly serviceVisibilityTimeout?: Duration;
  /** @default RetentionDays.ONE_MONTH */
  readonly logRetention?: RetentionDays;
  /** Who is told by the alarms. @default alarms exist and notify nobody */
  readonly alarmTopic?: ITopic;
  /**
   * What becomes of table, bus, queues, bucket and command records when the stack is deleted. DESTROY is for stacks to throw away; with
   * RETAIN a first deployment that fails leaves its names taken.
   * @default RemovalPolicy.RETAIN_ON_UPDATE_OR_DELETE: they stay, but for those that a deployment has made which is rolled back
   */
  readonly removalPolicy?: RemovalPolicy;
}
