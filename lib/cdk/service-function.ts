import { Duration, Stack } from 'aws-cdk-lib/core';
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
import { BATCH_SIZE_MAX, checkBatchSize, checkRegion, checkReserved, checkTimeout, SERVICE_CONCURRENCY } from './function-checks.ts';
import { serviceStatements, type SendingSystem } from './iam/service-statements.ts';
import { boundedName } from './resources/aws-limits.ts';
import { PublishedParameters } from './resources/published-parameters.ts';
import { recordsParameter } from '../adapters/aws/deployment-names.ts';
import { GrantingOrchestrator } from './granting-orchestrator.ts';

/** "Lambda quotas". */
const DESCRIPTION_LENGTH_MAX = 256;

/** The one system that sends commands to a service. */
export interface ServedOrchestrator {
  /** The orchestrator of this stack, or `Orchestrator.fromName`; in the region of this stack. */
  readonly orchestrator: IOrchestrator;
  /** Queue of the service. @default the queue that the orchestrator made for the service */
  readonly queue?: IServiceQueue;
  readonly orchestrators?: never;
  readonly queues?: never;
}

/** The systems that send commands to a service. */
export interface ServedOrchestrators {
  /**
   * The systems that share the service, with distinct names: orchestrators of this stack, or `Orchestrator.fromName`. The first keeps the
   * records: its table has those of all systems. The record keys, `task.commandId` and `task.undoes` of each other system begin with its name,
   * since ids of commands do not name their system. Add further systems at the end: another first one means another table, in which
   * no earlier command is found.
   */
  readonly orchestrators: readonly IOrchestrator[];
  /** Queues of the service that its stack owns, by the name of the orchestrator. @default the queues that the orchestrators made for the service */
  readonly queues?: Readonly<Record<string, IServiceQueue>>;
  readonly orchestrator?: never;
  readonly queue?: never;
}

/** Synth throws a `ContractError` that names the value if one is out of its range or does not fit the queue. */
export type ServiceFunctionProps = (ServedOrchestrator | ServedOrchestrators) & ServiceFunctionOptions;

export interface ServiceFunctionOptions {
  readonly service: AnyService;
  /** Path of the module that exports `handler`, the result of `serve`, relative to the working directory. */
  readonly entry: string;
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
  /** Maximum number of concurrent copies for each queue; 2 to 1,000. @default 20, so that the backlog of one service leaves concurrency of the account to others */
  readonly maxConcurrency?: number;
  /** Copies reserved for this service, which other functions of the account cannot take; `maxConcurrency` of each queue or more. @default none are reserved */
  readonly reservedConcurrency?: number;
  /** Maximum number of commands that one copy receives and runs at once; 1 to 10, since Lambda delays messages to gather more. @default 10 */
  readonly batchSize?: number;
  /** Retention of the log. @default RetentionDays.ONE_MONTH */
  readonly logRetention?: RetentionDays;
  /** SNS topic that each alarm notifies. @default the topic of the first orchestrator; if that has none, the alarms are made without an action, and synth warns */
  readonly alarmTopic?: ITopic;
}

/**
 * A service as a Lambda function. It receives the commands of its queue, or of one queue for each system, and has the rights of its contract
 * only. A reply is published on the bus of the system that sent the command.
 * @example new ServiceFunction(stack, 'Payments', { orchestrator, service: payments, entry: 'payments/service.ts' });
 * @example new ServiceFunction(stack, 'Payments', { orchestrators: [trips, orders], service: payments, entry: 'payments/service.ts' });
 */
export class ServiceFunction extends Construct implements IGrantable {
  readonly function: Lambda;
  /** Principal for grants on the service's own resources, such as its database and secrets. */
  readonly grantPrincipal: IPrincipal;

  constructor(scope: Construct, id: string, props: ServiceFunctionProps) {
    super(scope, id);
    const { timeout = Duration.seconds(30), maxConcurrency = SERVICE_CONCURRENCY, batchSize = BATCH_SIZE_MAX } = props;
    const { name } = serviceContract(props.service);
    const systems = systemsOf(name, props);
    const [{ orchestrator, queue }, ...further] = systems;
    for (const each of systems) {
      checkRegion(name, this, each.orchestrator);
      checkTimeout(name, timeout, each.queue);
    }
    checkBatchSize(name, batchSize);
    checkReserved(name, maxConcurrency * systems.length, props.reservedConcurrency);
    const names = systems.map((each) => each.orchestrator.name).join(', ');
    const made = new LambdaFunction(this, 'Service', {
      description: boundedName(`${names}: the service ${name}`, DESCRIPTION_LENGTH_MAX),
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
        ...(further.length > 0 && { TUTTI_SYSTEMS: this.#furtherSystems(further) }),
      },
      statements: serviceStatements(name, systems),
      memorySizeMb: props.memorySizeMb ?? 512,
      timeout,
      logRetention: props.logRetention ?? RetentionDays.ONE_MONTH,
      reservedConcurrency: props.reservedConcurrency,
      encryptionKey: queue.encryptionKey,
    });
    this.function = made.function;
    this.grantPrincipal = made.role;
    for (const each of further)
      if (each.queue.encryptionKey !== queue.encryptionKey) each.queue.encryptionKey?.grantEncryptDecrypt(made.role);
    for (const each of systems)
      new EventSourceMapping(this, each.queue === queue ? 'Source' : `Source-${each.orchestrator.name}`, {
        target: made.function,
        eventSourceArn: each.queue.queue.queueArn,
        batchSize,
        reportBatchItemFailures: true,
        maxConcurrency,
      });
    const alarms = new Alarms(this, props.alarmTopic ?? orchestrator.alarmTopic, orchestrator.consoleUrl);
    alarms.errors(
      this,
      made.function,
      `${names}: the function of the service ${name} fails before it can report results per command. Its commands are redelivered and wait. Run: ${logCommand(made.logGroup)}`,
    );
    watchServiceLines(this, { logGroup: made.logGroup, name: orchestrator.name, service: name, alarms });
    for (const each of further) this.#announceRecords(name, each.orchestrator, { orchestrator, queue });
  }

  /** JSON of the resources of the systems beside the first, by name. */
  #furtherSystems(systems: readonly SendingSystem[]): string {
    const entries = systems.map(({ orchestrator, queue }) => [
      orchestrator.name,
      {
        queue: queue.queue.queueUrl,
        deadLetter: queue.deadLetterQueue.queueUrl,
        bus: orchestrator.busAddress,
        bucket: orchestrator.payloadBucketName,
        owner: orchestrator.payloadBucketOwner,
      },
    ]);
    return Stack.of(this).toJsonString(Object.fromEntries(entries));
  }

  /** Publishes the table of the records, by which a client of the system finds the record of a deferred command. */
  #announceRecords(service: string, system: IOrchestrator, first: SendingSystem): void {
    const { account, region } = Stack.of(this);
    // A stack makes parameters in its own account only. Clients of the system read those of the system's account.
    if (system.account === account && system.region === region)
      new PublishedParameters(this, `Records-${system.name}`, system.name, {
        [recordsParameter(service)]: first.queue.commandTable.tableName,
      });
    if (system instanceof GrantingOrchestrator) system.keepsRecordsIn(service, first.orchestrator.name);
  }
}

/** The systems of the props with their queues, the first one first. */
function systemsOf(service: string, props: ServiceFunctionProps): readonly [SendingSystem, ...SendingSystem[]] {
  const orchestrators = props.orchestrators ?? [props.orchestrator];
  const systems = orchestrators.map((orchestrator) => ({
    orchestrator,
    queue: (props.orchestrators ? props.queues?.[orchestrator.name] : props.queue) ?? orchestrator.serviceQueue(props.service),
  }));
  const names = orchestrators.map(({ name }) => name);
  const twice = names.find((name, index) => names.indexOf(name) !== index);
  if (twice !== undefined)
    throw new ContractError(
      'CONTRACT_INVALID',
      `The function of ${service} serves two orchestrators of the name ${twice}: expected distinct names, because the record keys name the system.`,
      {
        remedy:
          'List each orchestrator once. Deploy one of two with the same name under another name, or give it a ServiceFunction of its own.',
      },
    );
  const unknown = Object.keys(props.queues ?? {}).find((name) => !names.includes(name));
  if (unknown !== undefined)
    throw new ContractError(
      'CONTRACT_INVALID',
      `The function of ${service} has a queue of ${unknown}: expected queues of ${names.join(', ')}.`,
      { remedy: 'Correct the key of queues, or list the orchestrator.' },
    );
  const [first, ...further] = systems;
  if (first === undefined)
    throw new ContractError('CONTRACT_INVALID', `The function of ${service} serves no orchestrator: expected one or more.`, {
      remedy: 'Pass orchestrator, or list the orchestrators in orchestrators.',
    });
  return [first, ...further];
}
