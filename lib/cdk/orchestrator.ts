import { Duration, RemovalPolicy, Stack, Token } from 'aws-cdk-lib/core';
import type { ITable, TableV2 } from 'aws-cdk-lib/aws-dynamodb';
import { EventBus, type IEventBus } from 'aws-cdk-lib/aws-events';
import type { IKey } from 'aws-cdk-lib/aws-kms';
import type { Bucket, IBucket } from 'aws-cdk-lib/aws-s3';
import type { ITopic } from 'aws-cdk-lib/aws-sns';
import type { IQueue } from 'aws-cdk-lib/aws-sqs';
import { Construct } from 'constructs';
import { deadLetterName, deploymentNames } from '../adapters/aws/deployment-names.ts';
import { MAIN_TABLE } from '../adapters/dynamodb/tables.ts';
import { publishedSystem } from '../client/aws/published-system.ts';
import type { PublishingAccounts } from '../contract/accounts.ts';
import { ContractError } from '../contract/errors.ts';
import type { SystemContract } from '../contract/runtime-contract.ts';
import { eventContract } from '../contract/event.ts';
import { serviceContract, type AnyService } from '../contract/service.ts';
import { STEPS } from '../contract/steps.ts';
import { systemContract } from '../contract/system.ts';
import { Alarms, queueCommand } from './resources/alarms.ts';
import { watchSystem, type MetricsSettings } from './resources/system-metrics.ts';
import {
  checkProps,
  DEFAULT_CONCURRENCY,
  DEFAULT_HOT_LANE_CONCURRENCY,
  DEFAULT_TIMEOUT,
  DEFAULT_VISIBILITY,
  TICK_THRESHOLD_MAX,
} from './prop-checks.ts';
import { dynamoTable } from './resources/dynamo-table.ts';
import { admitForeignAccounts, admittedAccounts, publishingAccounts } from './iam/foreign-accounts.ts';
import { GrantingOrchestrator } from './granting-orchestrator.ts';
import { ImportedOrchestrator, type ImportOptions } from './imported-orchestrator.ts';
import { handledTypes } from './resources/event-patterns.ts';
import { InboxRules } from './resources/inbox-rules.ts';
import { OrchestratorFunctions } from './resources/orchestrator-functions.ts';
import type { EventSource, IOrchestrator, IServiceQueue } from './orchestrator-interface.ts';
import type { OrchestratorProps } from './orchestrator-props.ts';
import { refuseOthers, rulesOf, senderRoleArn, senderRoleName } from './iam/senders.ts';
import type { OrchestratorResources } from './iam/orchestrator-statements.ts';
import { payloadBucket } from './resources/payload-bucket.ts';
import { PublishedParameters } from './resources/published-parameters.ts';
import { queuePair, type QueuePair, type QueueWatch } from './resources/queue-pair.ts';
import { type SharedStepParts, StepRoutes } from './resources/step-routes.ts';
import { ServiceQueue } from './service-queue.ts';
import { StepRunner } from './step-runner.ts';
import { checkResourceCount } from './resources/aws-limits.ts';

/**
 * All resources of a deployment: table, bus, rules, queues with their dead-letter queues, functions, alarms.
 *
 * Input: a system and props. Output: the constructs, grants and published parameters of one deployment.
 * Trunk: lib/cdk/prop-checks.ts refuses props; lib/cdk/resources/ makes one kind of resource per file; lib/cdk/iam/ writes rights and policies;
 * lib/cdk/bundle/ builds the code of the functions; lib/cdk/service-queue.ts and lib/cdk/service-function.ts add the services;
 * lib/cdk/step-runner.ts and lib/cdk/step-function.ts run the bodies of `ctx.run`.
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
  /** Queue for the starts of clients. */
  readonly starts: QueuePair;
  /** Queue for the operations of operators: cancel, terminate, resume, resolve. */
  readonly operations: QueuePair;
  /** FIFO queue for the events of contended instances: one message group per instance. */
  readonly hotLane: QueuePair;
  readonly functions: OrchestratorFunctions;
  readonly senderRoleArn: string;
  readonly alarmTopic: ITopic | undefined;
  readonly consoleUrl: string | undefined;
  /** The queues of steps; each `StepFunction` adds its own. */
  readonly stepRoutes: StepRoutes;
  readonly #contract: SystemContract;
  /** Names of the services that have a queue of this deployment. */
  readonly #services: readonly string[];
  readonly #names: ReturnType<typeof deploymentNames>;
  readonly #alarms: Alarms;
  readonly #busName: string;
  readonly #passedQueues: readonly IQueue[];
  readonly #serviceQueues: ReadonlyMap<string, ServiceQueue>;
  /** Undefined for `steps: false`, and for a system that has deciders only. */
  readonly #steps: StepRunner | undefined;

  /**
   * An orchestrator of another stack, found by its published parameters or, in another account or region, by the default names of its resources.
   * @example Orchestrator.fromName(stack, 'Trips', 'trips');
   */
  static fromName(scope: Construct, id: string, name: string, options?: ImportOptions): IOrchestrator {
    return new ImportedOrchestrator(scope, id, name, options);
  }

  constructor(scope: Construct, id: string, props: OrchestratorProps) {
    super(scope, id);
    checkProps(props);
    checkResourceCount(this);
    const { account, region } = Stack.of(this);
    this.name = props.name ?? props.system.name;
    this.account = account;
    this.region = region;
    this.senderRoleArn = senderRoleArn(this, this.name, account, region);
    this.alarmTopic = props.alarmTopic;
    this.consoleUrl = props.consoleUrl;
    this.#contract = systemContract(props.system);
    this.#names = deploymentNames(this.name);
    this.#busName = props.bus?.eventBusName ?? this.#names.bus;
    this.#alarms = new Alarms(this, props.alarmTopic, props.consoleUrl);
    this.node.addValidation({ validate: () => this.#sharedBus() });

    this.#passedQueues = Object.values(props.queues ?? {});
    this.#services = [...this.#contract.services.keys()].filter((service) => service !== STEPS || props.steps !== false);

    // Construct ids and the order of creation determine the template, so that both stay as they are.
    const kept = keptProps(props);
    const own = {
      table: props.table ? undefined : this.#makeTable(props, kept),
      bus: props.bus ? undefined : this.#makeBus(kept),
      bucket: props.payloadBucket ? undefined : this.#makeBucket(kept),
    };
    this.table = (props.table ?? own.table) as ITable;
    this.bus = (props.bus ?? own.bus) as IEventBus;
    this.payloadBucket = (props.payloadBucket ?? own.bucket) as IBucket;
    const { inbox, starts, operations, hotLane } = this.#makeQueues(props, kept);
    this.inbox = inbox;
    this.starts = starts;
    this.operations = operations;
    this.hotLane = hotLane;
    const serviceQueues = this.#makeServiceQueues(props, kept);
    this.#steps = this.#services.includes(STEPS) ? this.#makeSteps(props, kept) : undefined;
    this.#serviceQueues = this.#steps ? new Map([...serviceQueues, [STEPS, this.#steps.queue]]) : serviceQueues;

    const { accounts = {}, queues = {} } = props;
    const publishing = publishingAccounts({ own: account, accounts, queues, system: this.#contract });
    this.#makeRules(admittedAccounts(publishing), props.encryptionKey);
    admitForeignAccounts(this, { publishing, system: this.#contract, bus: own.bus, bucket: own.bucket });

    const queueUrls = this.#queueUrls(queues);
    const environment = this.#environment(props, publishing, queueUrls);
    this.functions = this.#makeFunctions(props, environment);
    this.stepRoutes = new StepRoutes(this.#contract, this.#sharedStepParts(props, kept), this.functions.advanceProcesses, environment);
    if (props.metrics) this.#watchSystem(props.metrics === true ? {} : props.metrics);
    this.#refuseOtherSenders();
    this.#publishParameters(props.system, queueUrls);
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

  get serviceQueueArns(): readonly string[] {
    const own = [...this.#serviceQueues].flatMap(([service, { queue, deadLetterQueue }]) =>
      service === STEPS ? [] : [queue.queueArn, deadLetterQueue.queueArn],
    );
    return [...own, ...this.#passedQueues.flatMap(({ queueArn }) => [queueArn, deadLetterName(queueArn)])];
  }

  serviceQueue(service: AnyService): IServiceQueue {
    const { name } = serviceContract(service);
    const made = this.#serviceQueues.get(name);
    if (made) return made;
    throw new ContractError('CONTRACT_INVALID', `The orchestrator ${this.name} made no queue for the service ${name}.`, {
      remedy: `List ${name} among the services of the system. If its queue was passed as queues, use the ServiceQueue that made it.`,
    });
  }

  override addSource(source: EventSource): void {
    const handled = new Set([...handledTypes(this.#contract).values()].flat());
    const unheard = source.events.map(eventContract).find(({ type }) => !handled.has(type));
    if (unheard !== undefined)
      throw new ContractError(
        'CONTRACT_INVALID',
        `A source brings ${unheard.type}, which no process of ${this.#contract.name} starts on or receives.`,
        {
          remedy: `Leave ${unheard.type} out of the source, or let a process start on it or receive it.`,
        },
      );
    super.addSource(source);
  }

  /**
   * The function that runs the bodies of `ctx.run`, for grants on what they use. Throws a `ContractError` if there is none: for
   * `steps: false`, and for a system that has deciders only.
   * @example bookings.grantReadWriteData(orchestrator.steps);
   */
  get steps(): StepRunner {
    if (this.#steps) return this.#steps;
    throw new ContractError('CONTRACT_INVALID', `The orchestrator ${this.name} has no function for steps.`, {
      remedy: 'Leave out steps: false. Steps belong to async processes; a system that has deciders only has none.',
    });
  }

  #makeTable({ deletionProtection, warmThroughput }: OrchestratorProps, kept: KeptProps): TableV2 {
    return dynamoTable(this, 'Table', {
      tableName: this.#names.table,
      layout: MAIN_TABLE,
      ...kept,
      ...(deletionProtection && { deletionProtection }),
      ...(warmThroughput && { warmThroughput }),
    });
  }

  #makeBus({ removalPolicy }: KeptProps): EventBus {
    const bus = new EventBus(this, 'Bus', { eventBusName: this.#names.bus });
    bus.applyRemovalPolicy(removalPolicy);
    return bus;
  }

  #makeBucket(kept: KeptProps): Bucket {
    return payloadBucket(this, 'Payloads', { name: this.name, services: this.#services, ...kept });
  }

  #makeQueues({ visibilityTimeout = DEFAULT_VISIBILITY }: OrchestratorProps, kept: KeptProps): EngineQueues {
    const { inbox, starts, operations, hotLane } = this.#names;
    const shared = { retentionPeriod: Duration.days(7), visibilityTimeout, alarms: this.#alarms, ...kept };
    const make = (id: string, what: string, own: { readonly name: string; readonly fifo?: true }): QueuePair =>
      queuePair(new Construct(this, id), { ...shared, ...own, watch: drainedQueue(this.name, what, own.name) });
    return {
      inbox: make('Inbox', 'inbox', { name: inbox }),
      starts: make('Starts', 'queue of starts', { name: starts }),
      operations: make('Operations', 'queue of operations', { name: operations }),
      hotLane: make('HotLane', 'queue of contended instances', { name: hotLane, fifo: true }),
    };
  }

  #makeServiceQueues({ system, queues = {}, ...props }: OrchestratorProps, kept: KeptProps): ReadonlyMap<string, ServiceQueue> {
    const scope = new Construct(this, 'Services');
    const own = system['~'].services.filter((service) => queues[serviceContract(service).name] === undefined);
    return new Map(
      own.map((service) => {
        const { name } = serviceContract(service);
        const made = new ServiceQueue(scope, name, {
          orchestrator: this,
          service,
          ...kept,
          ...(props.serviceVisibilityTimeout && { visibilityTimeout: props.serviceVisibilityTimeout }),
        });
        return [name, made];
      }),
    );
  }

  #makeSteps(props: OrchestratorProps, kept: KeptProps): StepRunner {
    return new StepRunner(this, 'Steps', {
      ...props.steps,
      ...this.#sharedStepParts(props, kept),
      orchestrator: this,
      name: STEPS,
    });
  }

  #sharedStepParts({ entry, system, serviceVisibilityTimeout }: OrchestratorProps, kept: KeptProps): SharedStepParts {
    return { tableName: this.table.tableName, entry, system: system.name, visibilityTimeout: serviceVisibilityTimeout, ...kept };
  }

  #makeRules(accounts: readonly string[], encryptionKey: IKey | undefined): void {
    const { name, bus, inbox } = this;
    new InboxRules(this, 'Rules', { name, system: this.#contract, accounts, bus, inbox, alarms: this.#alarms, encryptionKey });
  }

  #makeFunctions(props: OrchestratorProps, environment: Readonly<Record<string, string>>): OrchestratorFunctions {
    return new OrchestratorFunctions(this, 'Functions', {
      name: this.name,
      entry: props.entry,
      system: props.system,
      codeCacheNode: props.codeCacheNode,
      environment,
      resources: this.#functionResources(props),
      inbox: this.inbox,
      starts: this.starts,
      operations: this.operations,
      hotLane: this.hotLane,
      senderRoleName: senderRoleName(this.name, this.region),
      maxConcurrency: props.maxConcurrency ?? DEFAULT_CONCURRENCY,
      hotLaneConcurrency: props.hotLaneConcurrency ?? DEFAULT_HOT_LANE_CONCURRENCY,
      reservedConcurrency: props.reservedConcurrency,
      encryptionKey: props.encryptionKey,
      memorySizeMb: props.memorySizeMb ?? 512,
      timeout: props.timeout ?? DEFAULT_TIMEOUT,
      logRetention: props.logRetention,
      retention: props.retention,
      otlp: props.otlp,
      erasure: props.erasure ?? false,
      alarms: this.#alarms,
    });
  }

  #functionResources({ system, queues = {} }: OrchestratorProps): OrchestratorResources {
    const pairs = [this.inbox, this.starts, this.operations, this.hotLane];
    return {
      system: system.name,
      tableArn: this.tableArn,
      busArn: this.busArn,
      payloadBucketArn: this.payloadBucketArn,
      inboxArn: this.inboxArn,
      startsArn: this.startsArn,
      operationsArn: this.operationsArn,
      hotLaneArn: this.hotLane.queue.queueArn,
      deadLetterArns: pairs.map(({ deadLetterQueue }) => deadLetterQueue.queueArn),
      services: this.#services,
      serviceQueueArns: this.#services.map(
        (service) => (queues[service] ?? (this.#serviceQueues.get(service) as ServiceQueue).queue).queueArn,
      ),
    };
  }

  /** JSON of the URLs of queues that services own, by service. */
  #queueUrls(queues: NonNullable<OrchestratorProps['queues']>): string {
    return Stack.of(this).toJsonString(Object.fromEntries(Object.entries(queues).map(([service, queue]) => [service, queue.queueUrl])));
  }

  #environment(props: OrchestratorProps, publishing: PublishingAccounts, queueUrls: string): Readonly<Record<string, string>> {
    return {
      TUTTI_NAME: this.name,
      TUTTI_TABLE: this.table.tableName,
      TUTTI_BUS: this.bus.eventBusName,
      TUTTI_BUCKET: this.payloadBucket.bucketName,
      TUTTI_BUCKET_OWNER: this.payloadBucketOwner,
      TUTTI_INBOX_URL: this.inbox.queue.queueUrl,
      TUTTI_HOT_LANE_URL: this.hotLane.queue.queueUrl,
      TUTTI_QUEUES: queueUrls,
      ...(props.steps === false && { TUTTI_STEPS: 'false' }),
      ...(this.#contract.schedules && { TUTTI_SCHEDULES: 'true' }),
      ...(props.startsPerMinute !== undefined && { TUTTI_STARTS_PER_MINUTE: String(props.startsPerMinute) }),
      ...(props.metrics && { TUTTI_METRICS: metricsVariable(props.metrics) }),
      ...(props.activityLog === true && { TUTTI_ACTIVITY_LOG: 'true' }),
      TUTTI_ACCOUNTS: Stack.of(this).toJsonString(publishing),
      TUTTI_TICK_HORIZON_SECONDS: String((props.tickThreshold ?? TICK_THRESHOLD_MAX).toSeconds()),
    };
  }

  #watchSystem(settings: MetricsSettings): void {
    const { consoleUrl } = this;
    const queues = new Map(Array.from(this.#serviceQueues, ([service, { queue }]) => [service, queue]));
    watchSystem(new Construct(this, 'Metrics'), {
      ...settings,
      name: this.name,
      alarms: this.#alarms,
      queues,
      inbox: this.inbox.queue,
      consoleUrl,
    });
  }

  #refuseOtherSenders(): void {
    const { advanceProcesses, sweepTimers, wakeOverdue, drainDeadLetters } = this.functions;
    const roles = [advanceProcesses, sweepTimers, wakeOverdue, drainDeadLetters].map(({ role }) => role);
    refuseOthers(this.inbox, { roles, rules: rulesOf(this, this.bus, this.name) });
    refuseOthers(this.hotLane, { roles: [advanceProcesses.role] });
  }

  #publishParameters(system: OrchestratorProps['system'], queueUrls: string): void {
    new PublishedParameters(this, 'Parameters', this.name, {
      table: this.table.tableName,
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

  /** A rule matches replies by the name of the system, not of the deployment, so a second deployment on the bus would receive them too. */
  #sharedBus(): string[] {
    const others = this.node.root.node.findAll().filter((each): each is Orchestrator => each instanceof Orchestrator && each !== this);
    const { name } = this.#contract;
    return others
      .filter((other) => other.#contract.name === name && this.#shares(other))
      .map(
        (other) =>
          `The orchestrators ${this.node.path} and ${other.node.path} both deploy the system ${name} on one bus, so each would receive the events and replies of the other. Pass a bus of its own to each.`,
      );
  }

  /** True if the other bus is the same construct, or has the same name in the same account and region. */
  #shares(other: Orchestrator): boolean {
    const named = !Token.isUnresolved(this.#busName) && this.#busName === other.#busName;
    return this.bus === other.bus || (named && this.account === other.account && this.region === other.region);
  }
}

/** Fate and encryption of a resource that may outlive the stack. */
interface KeptProps {
  readonly removalPolicy: RemovalPolicy;
  readonly encryptionKey?: IKey;
}

function keptProps({ removalPolicy = RemovalPolicy.RETAIN_ON_UPDATE_OR_DELETE, encryptionKey }: OrchestratorProps): KeptProps {
  return { removalPolicy, ...(encryptionKey && { encryptionKey }) };
}

type EngineQueues = Pick<Orchestrator, 'inbox' | 'starts' | 'operations' | 'hotLane'>;

/** Alarms of a queue whose dead-letter queue is drained by drain-dead-letters. */
function drainedQueue(name: string, what: string, queueName: string): QueueWatch {
  return {
    ageMax: Duration.hours(1),
    aged: `${name}: the oldest message of the ${what} has waited for an hour; SQS deletes it after 7 days. advance-processes is throttled, disabled or fails: look at its alarms. Run: ${queueCommand(queueName)}`,
    dead: `${name}: the dead-letter queue of the ${what} has held messages for 10 minutes: drain-dead-letters does not send them back. Read its log. Nothing is lost for 7 days. Run: ${queueCommand(deadLetterName(queueName))}`,
  };
}

function metricsVariable(metrics: MetricsSettings | true): string {
  const { processes = [], services = [] } = metrics === true ? {} : metrics;
  return JSON.stringify({ processes, services });
}
