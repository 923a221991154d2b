import { Duration, type RemovalPolicy } from 'aws-cdk-lib/core';
import type { ITable } from 'aws-cdk-lib/aws-dynamodb';
import type { IGrantable, IPrincipal, PolicyStatement } from 'aws-cdk-lib/aws-iam';
import type { IKey } from 'aws-cdk-lib/aws-kms';
import { EventSourceMapping, type Function as Lambda } from 'aws-cdk-lib/aws-lambda';
import { RetentionDays } from 'aws-cdk-lib/aws-logs';
import { Construct } from 'constructs';
import { service } from '../contract/service.ts';
import { bundleStepRunner } from './bundle/bundle.ts';
import { LambdaFunction } from './bundle/lambda-function.ts';
import { stepStatements } from './iam/step-statements.ts';
import type { IOrchestrator } from './orchestrator-interface.ts';
import { Alarms, logCommand } from './resources/alarms.ts';
import { watchServiceLines } from './resources/log-metrics.ts';
import { BATCH_SIZE_MAX, checkBatchSize, checkReserved, SERVICE_CONCURRENCY } from './function-checks.ts';
import type { ServiceFunctionOptions } from './service-function.ts';
import { ServiceQueue } from './service-queue.ts';

/** The settings of the function that runs steps; those of a `ServiceFunction`. A step may run for `timeout`, and each body has its own limit. */
export interface StepSettings extends Pick<
  ServiceFunctionOptions,
  | 'environment'
  | 'logMessages'
  | 'memorySizeMb'
  | 'timeout'
  | 'maxConcurrency'
  | 'reservedConcurrency'
  | 'batchSize'
  | 'logRetention'
  | 'alarmTopic'
> {}

/** The system whose steps a runner runs, and what its queue shares with the other queues of the deployment. */
export interface StepRunnerProps extends StepSettings {
  readonly orchestrator: IOrchestrator;
  readonly tableName: string;
  readonly entry: string;
  readonly system: string;
  /** Name of the queue after that of the deployment. */
  readonly name: string;
  /** Names of the processes whose steps it runs. @default those that no `StepFunction` has */
  readonly processes?: readonly string[];
  /** Table of the command records. @default a table is made */
  readonly commandTable?: ITable;
  /** The least time for which a received message stays hidden; six times `timeout` if that is longer. @default Duration.minutes(3) */
  readonly visibilityTimeout?: Duration | undefined;
  readonly removalPolicy: RemovalPolicy;
  readonly encryptionKey?: IKey;
}

/**
 * The function that runs the bodies of `ctx.run`, with its queue. It replays the journal of an instance to find the body, so it reads heads,
 * journals and values; it writes its command records only. Grant it what the steps need.
 * @example table.grantReadWriteData(orchestrator.steps);
 */
export class StepRunner extends Construct implements IGrantable {
  readonly function: Lambda;
  /** Principal for grants on what the steps use, such as tables, buckets and secrets. */
  readonly grantPrincipal: IPrincipal;
  readonly queue: ServiceQueue;

  constructor(scope: Construct, id: string, props: StepRunnerProps) {
    super(scope, id);
    const { orchestrator, name, processes, timeout = Duration.seconds(30), maxConcurrency = SERVICE_CONCURRENCY } = props;
    const { visibilityTimeout = Duration.minutes(3) } = props;
    checkBatchSize(name, props.batchSize ?? BATCH_SIZE_MAX);
    checkReserved(name, maxConcurrency, props.reservedConcurrency);
    this.queue = new ServiceQueue(this, 'Queue', {
      orchestrator,
      service: service(name, {}),
      visibilityTimeout: Duration.seconds(Math.max(6 * timeout.toSeconds(), visibilityTimeout.toSeconds())),
      removalPolicy: props.removalPolicy,
      ...(props.commandTable && { commandTable: props.commandTable }),
      ...(props.encryptionKey && { encryptionKey: props.encryptionKey }),
      ...(props.alarmTopic && { alarmTopic: props.alarmTopic }),
    });
    const made = new LambdaFunction(this, 'Runner', {
      description: `${orchestrator.name}: runs the steps of ${processes?.join(', ') ?? 'its processes'}`,
      bundle: () => bundleStepRunner({ entry: props.entry, system: props.system }),
      environment: {
        ...props.environment,
        ...(props.logMessages && { TUTTI_LOG_MESSAGES: 'true' }),
        TUTTI_NAME: orchestrator.name,
        TUTTI_TABLE: props.tableName,
        TUTTI_BUS: orchestrator.busAddress,
        TUTTI_BUCKET: orchestrator.payloadBucketName,
        TUTTI_BUCKET_OWNER: orchestrator.payloadBucketOwner,
        TUTTI_COMMAND_TABLE: this.queue.commandTable.tableName,
        TUTTI_QUEUE_URL: this.queue.queue.queueUrl,
        TUTTI_DEAD_LETTER_URL: this.queue.deadLetterQueue.queueUrl,
      },
      statements: stepStatements(orchestrator, this.queue, processes),
      memorySizeMb: props.memorySizeMb ?? 512,
      timeout,
      logRetention: props.logRetention ?? RetentionDays.ONE_MONTH,
      reservedConcurrency: props.reservedConcurrency,
      encryptionKey: props.encryptionKey,
    });
    this.function = made.function;
    this.grantPrincipal = made.role;
    new EventSourceMapping(this, 'Source', {
      target: made.function,
      eventSourceArn: this.queue.queue.queueArn,
      batchSize: props.batchSize ?? BATCH_SIZE_MAX,
      reportBatchItemFailures: true,
      maxConcurrency,
    });
    const alarms = new Alarms(this, props.alarmTopic ?? orchestrator.alarmTopic, orchestrator.consoleUrl);
    alarms.errors(
      this,
      made.function,
      `${orchestrator.name}: the function of ${name} fails before it can report results per step. Its steps are redelivered and wait. Run: ${logCommand(made.logGroup)}`,
    );
    watchServiceLines(this, { logGroup: made.logGroup, name: orchestrator.name, service: name, alarms });
  }

  /** Adds a right to the role of the function, for what a step uses. */
  addToRolePolicy(statement: PolicyStatement): void {
    this.function.addToRolePolicy(statement);
  }

  /** Adds an environment variable that steps can read. */
  addEnvironment(key: string, value: string): this {
    this.function.addEnvironment(key, value);
    return this;
  }
}
