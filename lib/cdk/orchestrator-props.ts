import type { Duration, RemovalPolicy } from 'aws-cdk-lib/core';
import type { ITable, WarmThroughput } from 'aws-cdk-lib/aws-dynamodb';
import type { IEventBus } from 'aws-cdk-lib/aws-events';
import type { IKey } from 'aws-cdk-lib/aws-kms';
import type { RetentionDays } from 'aws-cdk-lib/aws-logs';
import type { IBucket } from 'aws-cdk-lib/aws-s3';
import type { ITopic } from 'aws-cdk-lib/aws-sns';
import type { IQueue } from 'aws-cdk-lib/aws-sqs';
import type { System } from '../contract/system.ts';
import type { MetricsSettings } from './resources/system-metrics.ts';
import type { StepSettings } from './step-runner.ts';
import type { ForeignAccount } from './iam/foreign-accounts.ts';

/** Synth throws a `ContractError` that names the prop if a value is out of its range or contradicts another prop. */
export interface OrchestratorProps {
  /** The system to run. Its contracts determine rules, queues and rights. */
  readonly system: System<string>;
  /** Path of the module that exports the system, relative to the working directory, as CDK's own paths are. It is bundled into the functions. */
  readonly entry: string;
  /**
   * Name of the deployment: the prefix of all resource names, and the name that clients connect to. Kebab-case, at most 50 characters; 26
   * with a payload bucket that is made here, since S3 allows 63 for account, region and name together.
   * @default the name of the system
   */
  readonly name?: string;
  /** Event bus for events and replies. @default a bus with the name of the deployment is made; `removalPolicy` decides whether it outlives the stack */
  readonly bus?: IEventBus;
  /**
   * Table with the keys and indexes of Tutti.
   * @default a table with the name of the deployment is made, with point-in-time recovery; `removalPolicy` decides whether it outlives the stack
   */
  readonly table?: ITable;
  /** Bucket for values of more than 100 KB. @default a bucket is made; `removalPolicy` decides whether it outlives the stack */
  readonly payloadBucket?: IBucket;
  /**
   * Queues of services that own their queue, in another stack or account, by the name of the service. Synth throws for a name that is no service of the system.
   * @default a `ServiceQueue` is made for each service of the system
   */
  readonly queues?: Readonly<Record<string, IQueue>>;
  /**
   * Other accounts that may publish, by account id: the events that each publishes and the services that live there. The bus, the bucket
   * and the engine refuse everything else from these accounts, and refuse replies of such a service from the account of this stack.
   * @default a service lives in the account of the queue that `queues` gives it, and no other account publishes events
   */
  readonly accounts?: Readonly<Record<string, ForeignAccount>>;
  /**
   * Time for which closed instances are kept, at least 30 days: until then, a late duplicate of a start finds its instance and is recognised.
   * @default closed instances are kept indefinitely and nothing is deleted
   */
  readonly retention?: Duration;
  /**
   * Allows `client.erase` and `tutti erase`: advance-processes may then delete items of the table, and objects of the bucket.
   * @default false: advance-processes deletes nothing, and refuses an erasure
   */
  readonly erasure?: boolean;
  /**
   * Instances that each tenant may begin in a minute by events and clients; 1 or more. A start above it waits for the next minutes; 15 minutes
   * after it was sent it is parked (`TOO_MANY_STARTS`). Each start then writes a counter.
   * @default every number, and no start is counted
   */
  readonly startsPerMinute?: number;
  /**
   * Longest delay of a timer that waits as a message in the inbox, exact to the second. A later timer is swept once a minute. At most 15 minutes.
   * @default Duration.minutes(15)
   */
  readonly tickThreshold?: Duration;
  /** Maximum number of concurrent copies of advance-processes for the inbox, and the same number again for the queue of starts; 2 to 1,000. @default 50 */
  readonly maxConcurrency?: number;
  /** Maximum number of concurrent copies for the hot lane, each with the events of one instance; 2 to 1,000. @default 20 */
  readonly hotLaneConcurrency?: number;
  /**
   * Copies reserved for advance-processes, which other functions of the account cannot take; at least twice `maxConcurrency` plus `hotLaneConcurrency`.
   * @default none are reserved: advance-processes shares the concurrency of the account with all other functions
   */
  readonly reservedConcurrency?: number;
  /**
   * DynamoDB refuses to delete the table. A first deployment that fails cannot remove such a table, so set this in the second deployment.
   * @default false: `removalPolicy` alone keeps the table when its stack is deleted
   */
  readonly deletionProtection?: boolean;
  /**
   * Key for queues, tables, large values and logs. Dead-letter queues do not use it, so that they still accept messages while the key is unusable.
   * @default keys that AWS owns, which need no rights
   */
  readonly encryptionKey?: IKey;
  /**
   * Throughput that the table and its indexes accept immediately. AWS charges once for it.
   * @default none: a new table accepts 4,000 writes a second and doubles within half an hour
   */
  readonly warmThroughput?: WarmThroughput;
  /** Memory of each function in MB. @default 512 */
  readonly memorySizeMb?: number;
  /**
   * Path of a Node 24 that this machine can run, for the processor of the functions (arm64). It makes the code cache of advance-processes, which
   * shortens cold starts. A new V8 of Lambda refuses the cache until the next deployment, and compiles the code as without one.
   * @default the Node of this process, if it is Node 24 on Linux and arm64; otherwise there is no cache
   */
  readonly codeCacheNode?: string;
  /** Time limit of advance-processes for one batch of events. @default Duration.seconds(20) */
  readonly timeout?: Duration;
  /**
   * Time for which a received message stays hidden in the queues of the engine: at least six times `timeout`, so that no message is processed twice at once.
   * @default Duration.seconds(120)
   */
  readonly visibilityTimeout?: Duration;
  /**
   * The function that runs the bodies of `ctx.run`; `false` leaves it out. An instance that reaches a `ctx.run` is then stuck (`DISPATCH`)
   * until a deployment with the function, and `tutti resume`.
   * @default it is made if the system has an async process, with the defaults of a `ServiceFunction`
   */
  readonly steps?: StepSettings | false;
  /**
   * Time for which a received command stays hidden in the service queues that are made here, unless the receiver sets its own. A
   * `ServiceFunction` may run for a sixth of it.
   * @default Duration.minutes(3)
   */
  readonly serviceVisibilityTimeout?: Duration;
  /** Retention of the logs of the functions. @default RetentionDays.ONE_MONTH */
  readonly logRetention?: RetentionDays;
  /**
   * Exports the spans of runs while they go on, from advance-processes. An export adds no call of AWS but its own request, takes at most 250 ms beside
   * the sends of a batch, and holds no event if it fails.
   * @default none are exported; `tutti trace` makes them of journals
   */
  readonly otlp?: OtlpProps;
  /**
   * CloudWatch metrics of runs, commands and waits, in the namespace `Tutti/<name>`, with a dashboard and two more alarms. The functions write
   * them into their logs, so they make no call; CloudWatch charges for each metric and for the lines.
   * @default none: only the metrics of the alarms
   */
  readonly metrics?: MetricsSettings | true;
  /**
   * advance-processes logs one line for each message that it has decided on and for each command that it has sent, with ids and codes and no
   * data. CloudWatch charges for the lines. @default false: only lines that an operator may act on, and those of `ctx.log`
   */
  readonly activityLog?: boolean;
  /** Address of the console of a team, which the descriptions of the alarms and the dashboard name. @default none: they name `tutti console` */
  readonly consoleUrl?: string;
  /** SNS topic that each alarm notifies, also the alarms of services in this stack. @default the alarms are made without an action, and synth warns */
  readonly alarmTopic?: ITopic;
  /**
   * Fate of table, bus, queues, bucket and command records when the stack is deleted. DESTROY is for temporary stacks. After a failed
   * first deployment with RETAIN, the resources remain and their names are taken.
   * @default RemovalPolicy.RETAIN_ON_UPDATE_OR_DELETE: they remain, except those that a deployment made which is rolled back
   */
  readonly removalPolicy?: RemovalPolicy;
}

/** The collector of the spans, and the runs that it gets. */
export interface OtlpProps {
  /**
   * The base URL of a collector that accepts OTLP with JSON over HTTP, or a whole URL that ends with `/v1/traces`. The functions are in no VPC, so it
   * must be reachable from outside of yours.
   * @default CloudWatch in the region of the stack, with the rights of the function; the account needs Transaction Search
   */
  readonly endpoint?: string;
  /** Headers of each request, such as the key of a vendor. They are in the environment of the function. @default none */
  readonly headers?: Readonly<Record<string, string>>;
  /** The share of runs, from 0 to 1, whose spans are exported while they go on. A run that fails or gets stuck has all its spans at that time. @default 1 */
  readonly sample?: number;
  /** A run that takes at least this long has all its spans at its end, as one that fails. @default no run is slow */
  readonly slow?: Duration;
}
