import { Duration } from 'aws-cdk-lib/core';
import type { Function as Lambda } from 'aws-cdk-lib/aws-lambda';
import { EventSourceMapping } from 'aws-cdk-lib/aws-lambda';
import { RetentionDays } from 'aws-cdk-lib/aws-logs';
import type { ITopic } from 'aws-cdk-lib/aws-sns';
import type { IGrantable, IPrincipal } from 'aws-cdk-lib/aws-iam';
import { Construct } from 'constructs';
import { ContractError } from '../contract/errors.ts';
import { serviceContract, type AnyService } from '../contract/service.ts';
import { Alarms } from './resources/alarms.ts';
import { bundleService } from './bundle/bundle.ts';
import { LambdaFunction } from './bundle/lambda-function.ts';
import { watchServiceLines } from './resources/log-metrics.ts';
import type { IOrchestrator, IServiceQueue } from './orchestrator-interface.ts';
import { checkRegion } from './resources/same-region.ts';
import { serviceStatements } from './iam/service-statements.ts';

/** Lambda takes more only from a mapping that waits for them. */
const BATCH_SIZE_MAX = 10;
const DEFAULT_CONCURRENCY = 20;

export interface ServiceFunctionProps {
  readonly orchestrator: IOrchestrator;
  readonly service: AnyService;
  /** The module that exports `handler`, which `serve` has returned. A path from the working directory. */
  readonly entry: string;
  /** @default the queue that the orchestrator has made for the service */
  readonly queue?: IServiceQueue;
  /** What the handlers find in `process.env`. @default nothing of yours */
  readonly environment?: Readonly<Record<string, string>>;
  /**
   * Log lines of failed handlers hold the message of what was thrown, in which a handler may quote its input.
   * @default false: they name its code and its place
   */
  readonly logMessages?: boolean;
  /** @default 512 */
  readonly memorySizeMb?: number;
  /** How long a batch of commands may take: a sixth of the queue's visibility time-out, or less. @default Duration.seconds(30) */
  readonly timeout?: Duration;
  /** How many copies run at the same time at the most; 2 or more. @default 20, so that the backlog of one service leaves the account's copies to others */
  readonly maxConcurrency?: number;
  /** Copies that are kept for this service, whatever else runs in the account; `maxConcurrency` or more. @default none are kept */
  readonly reservedConcurrency?: number;
  /** How many commands one copy gets at once, and runs side by side; 10 or less, since Lambda would wait to gather more. @default 10 */
  readonly batchSize?: number;
  /** @default RetentionDays.ONE_MONTH */
  readonly logRetention?: RetentionDays;
  /** Is told by the alarms. @default the topic of the orchestrator; where it has none, the alarms exist and notify nobody */
  readonly alarmTopic?: ITopic;
}

/**
 * A service as a Lambda function: takes its commands from its queue and may do what its contract says, and nothing else.
 * @example new ServiceFunction(stack, 'Payments', { orchestrator, service: payments, entry: 'payments/service.ts' });
 */
export class ServiceFunction extends Construct implements IGrantable {
  readonly function: Lambda;
  /** For grants on what the service itself needs: its database, its secrets. */
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
    alarms.errors(this, made.function, `${orchestrator.name}: the function of ${name} keeps failing: see its log.`);
    watchServiceLines(this, made.logGroup, orchestrator.name, name, alarms);
  }
}

/** A command that is still running must not be handed to another copy. */
function checkTimeout(service: string, timeout: Duration, { visibilityTimeout }: IServiceQueue): void {
  if (visibilityTimeout === undefined || 6 * timeout.toSeconds() <= visibilityTimeout.toSeconds()) return;
  throw new ContractError(
    'CONTRACT_INVALID',
    `The function of ${service} may run ${timeout.toHumanString()}, and its queue hides a message for ${visibilityTimeout.toHumanString()}: expected six times as long.`,
    {
      remedy: `Set serviceVisibilityTimeout of the orchestrator, or visibilityTimeout of the ServiceQueue, to ${6 * timeout.toSeconds()} seconds.`,
    },
  );
}

function checkReserved(service: string, maxConcurrency: number, reserved: number | undefined): void {
  if (reserved === undefined || reserved >= maxConcurrency) return;
  throw new ContractError(
    'CONTRACT_INVALID',
    `The function of ${service} would have ${reserved} copies reserved, and its queue may ask for ${maxConcurrency}: expected as many or more.`,
    { remedy: 'Raise reservedConcurrency, or lower maxConcurrency: a delivery that gets no copy counts as a failed one.' },
  );
}

function checkBatchSize(service: string, batchSize: number): void {
  if (Number.isInteger(batchSize) && batchSize >= 1 && batchSize <= BATCH_SIZE_MAX) return;
  throw new ContractError(
    'CONTRACT_INVALID',
    `The function of ${service} would get ${batchSize} commands at once: expected 1 to ${BATCH_SIZE_MAX}.`,
    {
      remedy: 'Correct batchSize, or leave it out; more copies run side by side, as maxConcurrency allows.',
    },
  );
}
