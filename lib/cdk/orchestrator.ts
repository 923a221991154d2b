import { Duration, RemovalPolicy, Stack, Token } from 'aws-cdk-lib/core';
import type { ITable } from 'aws-cdk-lib/aws-dynamodb';
import { EventBus, type IEventBus } from 'aws-cdk-lib/aws-events';
import type { IBucket } from 'aws-cdk-lib/aws-s3';
import type { ITopic } from 'aws-cdk-lib/aws-sns';
import { Construct } from 'constructs';
import { deploymentNames } from '../adapters/aws/deployment-names.ts';
import { MAIN_TABLE } from '../adapters/dynamodb/tables.ts';
import { publishedSystem } from '../client/aws/published-system.ts';
import { ContractError } from '../contract/errors.ts';
import type { SystemContract } from '../contract/runtime-contract.ts';
import { serviceContract, type AnyService } from '../contract/service.ts';
import { systemContract } from '../contract/system.ts';
import { Alarms } from './resources/alarms.ts';
import {
  checkProps,
  DEFAULT_CONCURRENCY,
  DEFAULT_HOT_LANE_CONCURRENCY,
  DEFAULT_TIMEOUT,
  DEFAULT_VISIBILITY,
  TICK_THRESHOLD_MAX,
} from './checked-props.ts';
import { dynamoTable } from './resources/dynamo-table.ts';
import { admitForeignAccounts, admittedAccounts, publishingAccounts } from './iam/foreign-accounts.ts';
import { GrantingOrchestrator } from './granting-orchestrator.ts';
import { ImportedOrchestrator, type ImportOptions } from './imported-orchestrator.ts';
import { InboxRules } from './resources/inbox-rules.ts';
import { OrchestratorFunctions } from './resources/orchestrator-functions.ts';
import type { IOrchestrator, IServiceQueue } from './orchestrator-interface.ts';
import type { OrchestratorProps } from './orchestrator-props.ts';
import { refuseOthers, rulesOf } from './iam/own-senders.ts';
import { payloadBucket } from './resources/payload-bucket.ts';
import { PublishedParameters } from './resources/published-parameters.ts';
import { queuePair, type QueuePair, type QueueWatch } from './resources/queue-pair.ts';
import { senderRoleArn, senderRoleName } from './iam/sender-role.ts';
import { ServiceQueue } from './service-queue.ts';
import { checkResourceCount } from './resources/stack-limits.ts';

/**
 * Everything that a system runs on: table, bus, rules, queues with their dead-letter queues, functions, alarms.
 * @example import { Orchestrator } from 'tutti/cdk'; new Orchestrator(stack, 'Trips', { system: trips, entry: 'trips/system.ts' });
 */
export class Orchestrator extends GrantingOrchestrator {
  readonly name: string;
  readonly account: string;
  readonly region: string;
  readonly table: ITable;
  readonly bus: IEventBus;
  readonly payloadBucket: IBucket;
  readonly inbox: QueuePair;
  /** Where clients send their starts. */
  readonly starts: QueuePair;
  /** Where operators send their acts. */
  readonly operations: QueuePair;
  /** Where the events of an instance go that many events want at the same time. */
  readonly hotLane: QueuePair;
  readonly functions: OrchestratorFunctions;
  readonly senderRoleArn: string;
  readonly alarmTopic: ITopic | undefined;
  readonly #contract: SystemContract;
  readonly #busName: string;
  readonly #serviceQueues: ReadonlyMap<string, ServiceQueue>;

  /**
   * An orchestrator of another stack, found by the parameters that it has published; of another account, by the names of its resources.
   * @example Orchestrator.fromName(stack, 'Trips', 'trips');
   */
  static fromName(scope: Construct, id: string, name: string, options?: ImportOptions): IOrchestrator {
    return new ImportedOrchestrator(scope, id, name, options);
  }

  constructor(scope: Construct, id: string, props: OrchestratorProps) {
    super(scope, id);
    checkProps(props);
    checkResourceCount(this);
    const { system, removalPolicy = RemovalPolicy.RETAIN_ON_UPDATE_OR_DELETE, queues = {} } = props;
    const { account, region } = Stack.of(this);
    const contract = systemContract(system);
    this.#contract = contract;
    this.node.addValidation({ validate: () => this.#sharedBus() });
    this.name = props.name ?? system.name;
    this.account = account;
    this.region = region;
    this.senderRoleArn = senderRoleArn(this, this.name, account, region);
    const names = deploymentNames(this.name);
    this.alarmTopic = props.alarmTopic;
    this.#busName = props.bus?.eventBusName ?? names.bus;
    const alarms = new Alarms(this, props.alarmTopic);

    const table =
      props.table ??
      dynamoTable(this, 'Table', {
        tableName: names.table,
        layout: MAIN_TABLE,
        removalPolicy,
        ...(props.deletionProtection && { deletionProtection: true }),
        ...(props.warmThroughput && { warmThroughput: props.warmThroughput }),
        ...(props.encryptionKey && { encryptionKey: props.encryptionKey }),
      });
    const ownBus = props.bus ? undefined : madeBus(this, names.bus, removalPolicy);
    const ownBucket = props.payloadBucket
      ? undefined
      : payloadBucket(this, 'Payloads', {
          name: this.name,
          services: [...contract.services.keys()],
          removalPolicy,
          ...(props.encryptionKey && { encryptionKey: props.encryptionKey }),
        });
    this.table = table as ITable;
    this.bus = (props.bus ?? ownBus) as IEventBus;
    this.payloadBucket = (props.payloadBucket ?? ownBucket) as IBucket;
    const lasting = {
      retentionPeriod: Duration.days(7),
      visibilityTimeout: props.visibilityTimeout ?? DEFAULT_VISIBILITY,
      removalPolicy,
      alarms,
      ...(props.encryptionKey && { encryptionKey: props.encryptionKey }),
    };
    const pair = (id: string, what: string, own: { readonly name: string; readonly fifo?: true }): QueuePair =>
      queuePair(new Construct(this, id), { ...lasting, ...own, watch: drainedQueue(this.name, what) });
    this.inbox = pair('Inbox', 'inbox', { name: names.inbox });
    this.starts = pair('Starts', 'queue of starts', { name: names.starts });
    this.operations = pair('Operations', 'queue of operations', { name: names.operations });
    this.hotLane = pair('HotLane', 'hot lane', { name: names.hotLane, fifo: true });
    this.#serviceQueues = this.#makeServiceQueues(props, removalPolicy);

    const publishing = publishingAccounts({ own: account, accounts: props.accounts ?? {}, queues, system: contract });
    new InboxRules(this, 'Rules', {
      name: this.name,
      system: contract,
      accounts: admittedAccounts(publishing),
      bus: this.bus,
      inbox: this.inbox,
      alarms,
      encryptionKey: props.encryptionKey,
    });
    admitForeignAccounts(this, { publishing, system: contract, bus: ownBus, bucket: ownBucket });

    const queueUrls = Stack.of(this).toJsonString(
      Object.fromEntries(Object.entries(queues).map(([service, queue]) => [service, queue.queueUrl])),
    );
    this.functions = new OrchestratorFunctions(this, 'Functions', {
      name: this.name,
      entry: props.entry,
      system: system.name,
      environment: this.#environment(props, Stack.of(this).toJsonString(publishing), queueUrls),
      resources: {
        system: system.name,
        tableArn: table.tableArn,
        busArn: this.bus.eventBusArn,
        payloadBucketArn: this.payloadBucket.bucketArn,
        inboxArn: this.inbox.queue.queueArn,
        startsArn: this.startsArn,
        operationsArn: this.operationsArn,
        hotLaneArn: this.hotLane.queue.queueArn,
        deadLetterArns: [this.inbox, this.starts, this.operations, this.hotLane].map(({ deadLetterQueue }) => deadLetterQueue.queueArn),
        services: [...contract.services.keys()],
        serviceQueueArns: Array.from(contract.services.keys(), (service) => this.#queueArn(service, queues)),
      },
      inbox: this.inbox,
      starts: this.starts,
      operations: this.operations,
      hotLane: this.hotLane,
      senderRoleName: senderRoleName(this.name, region),
      maxConcurrency: props.maxConcurrency ?? DEFAULT_CONCURRENCY,
      hotLaneConcurrency: props.hotLaneConcurrency ?? DEFAULT_HOT_LANE_CONCURRENCY,
      reservedConcurrency: props.reservedConcurrency,
      encryptionKey: props.encryptionKey,
      memorySizeMb: props.memorySizeMb ?? 512,
      timeout: props.timeout ?? DEFAULT_TIMEOUT,
      logRetention: props.logRetention,
      retention: props.retention,
      alarms,
    });
    const { advanceProcesses, sweepTimers, wakeOverdue, drainDeadLetters } = this.functions;
    const roles = [advanceProcesses, sweepTimers, wakeOverdue, drainDeadLetters].map(({ role }) => role);
    refuseOthers(this.inbox, { roles, rules: rulesOf(this, this.bus, this.name) });
    refuseOthers(this.hotLane, { roles: [advanceProcesses.role] });
    new PublishedParameters(this, 'Parameters', this.name, {
      table: table.tableName,
      bus: this.bus.eventBusName,
      bucket: this.payloadBucket.bucketName,
      'bucket-owner': this.payloadBucketOwner,
      'inbox-url': this.inbox.queue.queueUrl,
      'starts-url': this.starts.queue.queueUrl,
      'operations-url': this.operations.queue.queueUrl,
      'hot-lane-url': this.hotLane.queue.queueUrl,
      queues: queueUrls,
      system: publishedSystem(system),
    });
  }

  get tableArn(): string {
    return this.table.tableArn;
  }

  get busArn(): string {
    return this.bus.eventBusArn;
  }

  get busAddress(): string {
    return this.bus.eventBusName;
  }

  get payloadBucketArn(): string {
    return this.payloadBucket.bucketArn;
  }

  get payloadBucketName(): string {
    return this.payloadBucket.bucketName;
  }

  get payloadBucketOwner(): string {
    return this.payloadBucket.env.account;
  }

  get inboxArn(): string {
    return this.inbox.queue.queueArn;
  }

  get startsArn(): string {
    return this.starts.queue.queueArn;
  }

  get operationsArn(): string {
    return this.operations.queue.queueArn;
  }

  serviceQueue(service: AnyService): IServiceQueue {
    const { name } = serviceContract(service);
    const made = this.#serviceQueues.get(name);
    if (made) return made;
    throw new ContractError('CONTRACT_INVALID', `The orchestrator ${this.name} has made no queue for ${name}.`, {
      remedy: `List ${name} among the services of the system; where its queue was given in queues, use the ServiceQueue that made it.`,
    });
  }

  #environment(props: OrchestratorProps, accounts: string, queueUrls: string): Readonly<Record<string, string>> {
    return {
      TUTTI_NAME: this.name,
      TUTTI_TABLE: this.table.tableName,
      TUTTI_BUS: this.bus.eventBusName,
      TUTTI_BUCKET: this.payloadBucket.bucketName,
      TUTTI_BUCKET_OWNER: this.payloadBucketOwner,
      TUTTI_INBOX_URL: this.inbox.queue.queueUrl,
      TUTTI_HOT_LANE_URL: this.hotLane.queue.queueUrl,
      TUTTI_QUEUES: queueUrls,
      TUTTI_ACCOUNTS: accounts,
      TUTTI_TICK_HORIZON_SECONDS: String((props.tickThreshold ?? TICK_THRESHOLD_MAX).toSeconds()),
    };
  }

  /** Rules hear the answers for a system, whichever deployment has asked, so a second deployment of it on the bus would take them as its own. */
  #sharedBus(): string[] {
    const others = this.node.root.node.findAll().filter((each): each is Orchestrator => each instanceof Orchestrator && each !== this);
    const { name } = this.#contract;
    return others
      .filter((other) => other.#contract.name === name && this.#shares(other))
      .map(
        (other) =>
          `The orchestrators ${this.node.path} and ${other.node.path} both deploy the system ${name} on one bus, and each would hear the starts and the answers of the other. Give each a bus of its own.`,
      );
  }

  /** The bus is the same construct, or has the same name in the same account and region. */
  #shares(other: Orchestrator): boolean {
    const named = !Token.isUnresolved(this.#busName) && this.#busName === other.#busName;
    return this.bus === other.bus || (named && this.account === other.account && this.region === other.region);
  }

  #makeServiceQueues(
    { system, queues = {}, ...props }: OrchestratorProps,
    removalPolicy: RemovalPolicy,
  ): ReadonlyMap<string, ServiceQueue> {
    const scope = new Construct(this, 'Services');
    const own = system['~'].services.filter((service) => queues[serviceContract(service).name] === undefined);
    return new Map(
      own.map((service) => {
        const { name } = serviceContract(service);
        const made = new ServiceQueue(scope, name, {
          orchestrator: this,
          service,
          removalPolicy,
          ...(props.encryptionKey && { encryptionKey: props.encryptionKey }),
          ...(props.serviceVisibilityTimeout && { visibilityTimeout: props.serviceVisibilityTimeout }),
        });
        return [name, made];
      }),
    );
  }

  #queueArn(service: string, queues: NonNullable<OrchestratorProps['queues']>): string {
    return (queues[service] ?? (this.#serviceQueues.get(service) as ServiceQueue).queue).queueArn;
  }
}

function madeBus(scope: Construct, eventBusName: string, removalPolicy: RemovalPolicy): EventBus {
  const bus = new EventBus(scope, 'Bus', { eventBusName });
  bus.applyRemovalPolicy(removalPolicy);
  return bus;
}

/** A queue of the orchestrator, whose dead letters drain-dead-letters takes at once. */
function drainedQueue(name: string, queue: string): QueueWatch {
  return {
    ageMax: Duration.hours(1),
    aged: `${name}: messages have waited an hour in the ${queue}; after 7 days they would be lost.`,
    dead: `${name}: dead letters of the ${queue} are not drained: see the log of drain-dead-letters.`,
  };
}
