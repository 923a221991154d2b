import { Duration } from 'aws-cdk-lib/core';
import type { Function as Lambda } from 'aws-cdk-lib/aws-lambda';
import { EventSourceMapping } from 'aws-cdk-lib/aws-lambda';
import { RetentionDays } from 'aws-cdk-lib/aws-logs';
import type { ITopic } from 'aws-cdk-lib/aws-sns';
import type { IGrantable, IPrincipal } from 'aws-cdk-lib/aws-iam';
import { Construct } from 'constructs';
import { ContractError } from '../contract/errors.ts';
import { serviceContract, type AnyService } from '../contract/service.ts';
import { Alarms, logCommand } from './resources/alarms.ts';
import { bundleService } from './bundle/bundle.ts';
import { LambdaFunction } from './bundle/lambda-function.ts';
import { watchServiceLines } from './resources/log-metrics.ts';
import type { IOrchestrator, IServiceQueue } from './orchestrator-interface.ts';
import { checkRegion } from './prop-checks.ts';
import { serviceStatements } from './iam/service-statements.ts';

/** The largest batch without a batching window; with a window, Lambda delays messages to fill a batch. */
const BATCH_SIZE_MAX = 10;
const DEFAULT_CONCURRENCY = 20;

/** Synth throws a `ContractError` that names the value if one is out of its range or does not fit the queue. */
export interface ServiceFunctionProps {
  /** The orchestrator of this stack, or `Orchestrator.fromName`; in the region of this stack. */
  readonly orchestrator: IOrchestrator;
  readonly service: AnyService;
  /** Path of the module that exports `handler`, the result of `serve`, relative to the working directory. */
  readonly entry: string;
  /** Queue of the service. @default the queue that the orchestrator made for the service */
  readonly queue?: IServiceQueue;
  /** Environment variables for the handlers; Lambda allows 4 KB in total. @default only the variables of Tutti */
  readonly environment?: Readonly<Record<string, string>>;
  /**
   * The log line of a failed handler contains the message of the thrown error, which may quote the input.
   * @default false: the line contains the code of the error and its first stack frame
   */
  readonly logMessages?: boolean;
  /** Memory of the function in MB. @default 512 */
  readonly memorySizeMb?: number;
  /** Time limit for a batch of commands: at most a sixth of the visibility timeout of the queue. @default Duration.seconds(30) */
  readonly timeout?: Duration;
  /** Maximum number of concurrent copies; 2 to 1,000. @default 20, so that the backlog of one service leaves concurrency of the account to others */
  readonly maxConcurrency?: number;
  /** Copies reserved for this service, which other functions of the account cannot take; `maxConcurrency` or more. @default none are reserved */
  readonly reservedConcurrency?: number;
  /** Maximum number of commands that one copy receives and runs at once; 1 to 10, since Lambda delays messages to gather more. @default 10 */
  readonly batchSize?: number;
  /** Retention of the log. @default RetentionDays.ONE_MONTH */
  readonly logRetention?: RetentionDays;
  /** SNS topic that each alarm notifies. @default the topic of the orchestrator; if that has none, the alarms are made without an action, and synth warns */
  readonly alarmTopic?: ITopic;
}

/**
 * A service as a Lambda function. It receives the commands of its queue and has the rights of its contract only.
 * @example new ServiceFunction(stack, 'Payments', { orchestrator, service: payments, entry: 'payments/service.ts' });
 */
export class ServiceFunction extends Construct implements IGrantable {
  readonly function: Lambda;
  /** Principal for grants on the service's own resources, such as its database and secrets. */
  readonly grantPrincipal: IPrincipal;

  constructor(scope: Construct, id: string, props: ServiceFunctionProps) {
    super(scope, id);
    const { orchestrator, timeout = Duration.seconds(30), maxConcurrency = DEFAULT_CONCURRENCY } = props;
    const { name } = serviceContract(props.service);
    const queue = props.queue ?? orchestrator.serviceQueue(props.service);
    checkRegion(name, this, orchestrator);
    checkTimeout(name, timeout, queue);
    checkBatchSize(name, props.batchSize ?? BATCH_SIZE_MAX);
    checkReserved(name, maxConcurrency, props.reservedConcurrency);
    const made = new LambdaFunction(this, 'Service', {
      description: `${orchestrator.name}: the service ${name}`,
      bundle: () => bundleService(props.entry),
      environment: {
        ...props.environment,
        ...(props.logMessages && { TUTTI_LOG_MESSAGES: 'true' }),
        TUTTI_NAME: orchestrator.name,
        TUTTI_BUS: orchestrator.busAddress,
        TUTTI_BUCKET: orchestrator.payloadBucketName,
        TUTTI_BUCKET_OWNER: orchestrator.payloadBucketOwner,
        TUTTI_COMMAND_TABLE: queue.commandTable.tableName,
        TUTTI_QUEUE_URL: queue.queue.queueUrl,
        TUTTI_DEAD_LETTER_URL: queue.deadLetterQueue.queueUrl,
      },
      statements: serviceStatements(orchestrator, name, queue),
      memorySizeMb: props.memorySizeMb ?? 512,
      timeout,
      logRetention: props.logRetention ?? RetentionDays.ONE_MONTH,
      reservedConcurrency: props.reservedConcurrency,
      encryptionKey: queue.encryptionKey,
    });
    this.function = made.function;
    this.grantPrincipal = made.role;
    new EventSourceMapping(this, 'Source', {
      target: made.function,
      eventSourceArn: queue.queue.queueArn,
      batchSize: props.batchSize ?? BATCH_SIZE_MAX,
      reportBatchItemFailures: true,
      maxConcurrency,
    });
    const alarms = new Alarms(this, props.alarmTopic ?? orchestrator.alarmTopic);
    alarms.errors(
      this,
      made.function,
      `${orchestrator.name}: the function of the service ${name} fails before it can report results per command. Its commands are redelivered and wait. Run: ${logCommand(made.logGroup)}`,
    );
    watchServiceLines(this, made.logGroup, orchestrator.name, name, alarms);
  }
}

/** A command that is still running must not become visible to another copy. */
function checkTimeout(service: string, timeout: Duration, { visibilityTimeout }: IServiceQueue): void {
  if (visibilityTimeout === undefined || 6 * timeout.toSeconds() <= visibilityTimeout.toSeconds()) return;
  throw new ContractError(
    'CONTRACT_INVALID',
    `The function of ${service} may run for ${timeout.toHumanString()}, and its queue hides a message for ${visibilityTimeout.toHumanString()}: expected at least six times the timeout.`,
    {
      remedy: `Set serviceVisibilityTimeout of the orchestrator, or visibilityTimeout of the ServiceQueue, to ${6 * timeout.toSeconds()} seconds.`,
    },
  );
}

function checkReserved(service: string, maxConcurrency: number, reserved: number | undefined): void {
  if (reserved === undefined || reserved >= maxConcurrency) return;
  throw new ContractError(
    'CONTRACT_INVALID',
    `The function of ${service} has a reservedConcurrency of ${reserved} and a maxConcurrency of ${maxConcurrency}: expected reservedConcurrency to be at least maxConcurrency.`,
    { remedy: 'Raise reservedConcurrency, or lower maxConcurrency: SQS counts a throttled delivery as a failed one.' },
  );
}

function checkBatchSize(service: string, batchSize: number): void {
  if (Number.isInteger(batchSize) && batchSize >= 1 && batchSize <= BATCH_SIZE_MAX) return;
  throw new ContractError(
    'CONTRACT_INVALID',
    `The function of ${service} has a batchSize of ${batchSize}: expected 1 to ${BATCH_SIZE_MAX}.`,
    {
      remedy: 'Correct batchSize, or leave it out. To run more commands at once, raise maxConcurrency.',
    },
  );
}
