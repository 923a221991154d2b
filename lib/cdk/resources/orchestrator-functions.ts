import { Duration, Stack, Validations } from 'aws-cdk-lib/core';
import { Rule, Schedule } from 'aws-cdk-lib/aws-events';
import { LambdaFunction as LambdaTarget } from 'aws-cdk-lib/aws-events-targets';
import type { PolicyStatement } from 'aws-cdk-lib/aws-iam';
import { EventSourceMapping, type Function as Lambda } from 'aws-cdk-lib/aws-lambda';
import type { IKey } from 'aws-cdk-lib/aws-kms';
import { RetentionDays } from 'aws-cdk-lib/aws-logs';
import type { IQueue } from 'aws-cdk-lib/aws-sqs';
import { Construct } from 'constructs';
import { type Alarms, logCommand } from './alarms.ts';
import { bundleFunctions, cachedAdvance, type FunctionName } from '../bundle/bundle.ts';
import { firstEvent } from '../bundle/code-cache/first-event.ts';
import type { System } from '../../contract/system.ts';
import { countLines, watchCounts } from './log-metrics.ts';
import { LambdaFunction, type LambdaBundle } from '../bundle/lambda-function.ts';
import {
  advanceStatements,
  erasureStatements,
  drainStatements,
  retireStatements,
  sweepStatements,
  wakeStatements,
  type OrchestratorResources,
} from '../iam/orchestrator-statements.ts';
import type { OtlpProps } from '../orchestrator-props.ts';
import { allow } from '../iam/statement.ts';
import type { QueuePair } from './queue-pair.ts';

const BATCH_SIZE = 10;

export interface OrchestratorFunctionsProps {
  readonly name: string;
  readonly entry: string;
  readonly system: System<string>;
  /** The Node that makes the code cache of advance-processes. */
  readonly codeCacheNode: string | undefined;
  readonly environment: Readonly<Record<string, string>>;
  readonly resources: OrchestratorResources;
  readonly inbox: QueuePair;
  readonly starts: QueuePair;
  readonly operations: QueuePair;
  readonly hotLane: QueuePair;
  readonly senderRoleName: string;
  readonly maxConcurrency: number;
  readonly hotLaneConcurrency: number;
  readonly reservedConcurrency: number | undefined;
  readonly encryptionKey: IKey | undefined;
  readonly memorySizeMb: number;
  readonly timeout: Duration;
  readonly logRetention: RetentionDays | undefined;
  readonly retention: Duration | undefined;
  readonly otlp: OtlpProps | undefined;
  readonly erasure: boolean;
  readonly alarms: Alarms;
}

/**
 * The functions of an orchestrator, each with its event sources, rights and alarms.
 *
 * Input: the queues, table, bus and bucket of one deployment, and the props of its `Orchestrator`. Output: its Lambda functions.
 * Trunk: lib/cdk/orchestrator.ts makes the resources of this folder, one kind per file, then these functions; each function of `functions/` has
 * one method here; alarms.ts makes the alarms of all.
 */
export class OrchestratorFunctions extends Construct {
  readonly advanceProcesses: LambdaFunction;
  readonly sweepTimers: LambdaFunction;
  readonly wakeOverdue: LambdaFunction;
  readonly drainDeadLetters: LambdaFunction;
  readonly retireClosed: LambdaFunction | undefined;
  readonly #props: OrchestratorFunctionsProps;

  constructor(scope: Construct, id: string, props: OrchestratorFunctionsProps) {
    super(scope, id);
    this.#props = props;
    this.advanceProcesses = this.#makeAdvance();
    this.sweepTimers = this.#makeSweep();
    this.wakeOverdue = this.#makeWake();
    this.drainDeadLetters = this.#makeDrain();
    this.retireClosed = props.retention && this.#makeRetire(props.retention);
    watchCounts(this, props.name, props.alarms);
  }

  #makeAdvance(): LambdaFunction {
    const { name, resources, inbox, starts, operations, hotLane, maxConcurrency, hotLaneConcurrency, timeout, senderRoleName, alarms } =
      this.#props;
    const made = this.#make('AdvanceProcesses', 'advance-processes', {
      description: `${name}: applies events to process instances, commits, sends commands`,
      statements: [
        ...advanceStatements(resources),
        ...(this.#props.erasure ? erasureStatements(resources) : []),
        ...this.#traceStatements(),
      ],
      environment: { ...this.#traceEnvironment(), ...(this.#props.erasure && { TUTTI_ERASURE: 'true' }) },
      timeout,
      roleName: senderRoleName,
      reservedConcurrency: this.#props.reservedConcurrency,
    });
    this.#consume(made.function, 'Inbox', inbox.queue, maxConcurrency);
    this.#consume(made.function, 'Starts', starts.queue, maxConcurrency);
    // Operations are rare, and without a maximum Lambda polls an idle queue less often.
    this.#consume(made.function, 'Operations', operations.queue);
    // Lambda also runs at most one copy per message group, but each contended instance is a group.
    this.#consume(made.function, 'HotLane', hotLane.queue, hotLaneConcurrency);
    if (this.#props.otlp && this.#props.otlp.endpoint === undefined)
      Validations.of(made.role).acknowledge({ id: 'AwsSolutions-IAM5[Resource::*]', reason: 'xray:PutTraceSegments knows no resource.' });
    alarms.throttles(
      made,
      made.function,
      `${name}: Lambda throttles advance-processes, so events wait; messages throttled 20 times become dead letters. Set reservedConcurrency, or raise the account's quota of concurrent executions. Run: aws lambda get-account-settings`,
    );
    return made;
  }

  #traceEnvironment(): Readonly<Record<string, string>> {
    const { otlp } = this.#props;
    if (!otlp) return {};
    const { endpoint, headers, sample, slow } = otlp;
    const { region, urlSuffix } = Stack.of(this);
    const settings = {
      endpoint: endpoint ?? `https://xray.${region}.${urlSuffix}`,
      ...(endpoint === undefined && { isCloudWatch: true }),
      ...(headers && { headers }),
      ...(sample !== undefined && { sample }),
      ...(slow && { slowMs: slow.toMilliseconds() }),
    };
    return { TUTTI_OTLP: Stack.of(this).toJsonString(settings) };
  }

  /** The action has no resource. */
  #traceStatements(): readonly PolicyStatement[] {
    const { otlp } = this.#props;
    return otlp && otlp.endpoint === undefined ? [allow(['xray:PutTraceSegments'], ['*'])] : [];
  }

  #makeSweep(): LambdaFunction {
    const { name, resources } = this.#props;
    const made = this.#make('SweepTimers', 'sweep-timers', {
      description: `${name}: wakes instances whose timers are due`,
      statements: sweepStatements(resources),
      timeout: Duration.seconds(50),
      every: Duration.minutes(1),
    });
    return this.#schedule(
      made,
      Duration.minutes(1),
      `${name}: sweep-timers has not run for 15 minutes, so timers of more than 15 minutes do not fire. Check that its schedule is enabled and that Lambda is available. Run: ${logCommand(made.logGroup)}`,
    );
  }

  #makeWake(): LambdaFunction {
    const { name, resources } = this.#props;
    const made = this.#make('WakeOverdue', 'wake-overdue', {
      description: `${name}: wakes running instances whose timers are overdue`,
      statements: wakeStatements(resources),
      // A run reads every running instance.
      timeout: Duration.minutes(15),
      every: Duration.hours(1),
    });
    const meaning = `${name}: wake-overdue has not run for two hours: timers whose message was lost do not fire, and the alarms for stuck and parked end although the cause remains. Check that its schedule is enabled and that Lambda is available. Run: ${logCommand(made.logGroup)}`;
    return this.#schedule(made, Duration.hours(1), meaning);
  }

  #makeDrain(): LambdaFunction {
    const { name, resources, inbox, starts, operations, hotLane } = this.#props;
    const made = this.#make('DrainDeadLetters', 'drain-dead-letters', {
      description: `${name}: sends dead letters back to the inbox; after a day to be parked`,
      statements: drainStatements(resources),
      timeout: Duration.seconds(20),
    });
    this.#consume(made.function, 'Inbox', inbox.deadLetterQueue);
    this.#consume(made.function, 'Starts', starts.deadLetterQueue);
    this.#consume(made.function, 'Operations', operations.deadLetterQueue);
    this.#consume(made.function, 'HotLane', hotLane.deadLetterQueue);
    return made;
  }

  #makeRetire(retention: Duration): LambdaFunction {
    const { name, resources } = this.#props;
    const made = this.#make('RetireClosed', 'retire-closed', {
      description: `${name}: lets instances expire that closed ${retention.toDays()} days ago`,
      statements: retireStatements(resources),
      timeout: Duration.minutes(5),
      every: Duration.hours(1),
    });
    return this.#schedule(
      made,
      Duration.hours(1),
      `${name}: retire-closed has not run for two hours, so closed instances do not expire. Nothing is lost. Check that its schedule is enabled and that Lambda is available. Run: ${logCommand(made.logGroup)}`,
    );
  }

  #make(
    id: string,
    which: FunctionName,
    {
      every,
      environment = {},
      ...own
    }: {
      readonly description: string;
      readonly statements: readonly PolicyStatement[];
      readonly timeout: Duration;
      /** Interval of its schedule. @default queues call it */
      readonly every?: Duration;
      readonly environment?: Readonly<Record<string, string>>;
      readonly roleName?: string;
      readonly reservedConcurrency?: number | undefined;
    },
  ): LambdaFunction {
    const { memorySizeMb, logRetention = RetentionDays.ONE_MONTH, alarms, name, retention, encryptionKey } = this.#props;
    const made = new LambdaFunction(this, id, {
      ...own,
      bundle: () => bundled(this.#props, which),
      // advance-processes refuses a start that is older than the retention: retire-closed may have removed its instance.
      environment: { ...this.#props.environment, ...environment, ...(retention && { TUTTI_RETENTION_DAYS: String(retention.toDays()) }) },
      memorySizeMb,
      logRetention,
      encryptionKey,
    });
    alarms.errors(
      made,
      made.function,
      `${name}: the function ${which} fails as a whole: every call ends with an error. Events are redelivered and wait meanwhile. Run: ${logCommand(made.logGroup)}`,
      every,
    );
    countLines(made, made.logGroup, name, which);
    return made;
  }

  #consume(target: Lambda, id: string, queue: IQueue, maxConcurrency?: number): void {
    new EventSourceMapping(target, `${id}Source`, {
      target,
      eventSourceArn: queue.queueArn,
      batchSize: BATCH_SIZE,
      reportBatchItemFailures: true,
      ...(maxConcurrency !== undefined && { maxConcurrency }),
    });
  }

  /** No retries and no old events: the next run does the work of a failed one. */
  #schedule(made: LambdaFunction, every: Duration, notRun: string): LambdaFunction {
    const target = new LambdaTarget(made.function, { retryAttempts: 0, maxEventAge: Duration.minutes(1) });
    new Rule(made, 'Schedule', { schedule: Schedule.rate(every), targets: [target] });
    made.function.configureAsyncInvoke({ retryAttempts: 0 });
    this.#props.alarms.notRun(made, made.function, every, notRun);
    return made;
  }
}

/** A Node of another processor makes a cache that the function does not read, and one of another system a cache that V8 may refuse. */
function isNodeOfFunctions(): boolean {
  return process.version.startsWith('v24.') && process.arch === 'arm64' && process.platform === 'linux';
}

type BundleProps = Pick<OrchestratorFunctionsProps, 'entry' | 'system' | 'codeCacheNode'>;

/** The bundle of one function. The warnings of the shared build are reported once, for advance-processes. */
function bundled({ entry, system, codeCacheNode }: BundleProps, which: FunctionName): LambdaBundle {
  const { folders, warnings } = bundleFunctions({ entry, system: system.name });
  if (which !== 'advance-processes') return { folder: folders[which] };
  const node = codeCacheNode ?? (isNodeOfFunctions() ? process.execPath : undefined);
  if (node === undefined) return { folder: folders[which], warnings };
  const cached = cachedAdvance({ entry, system: system.name, node, event: firstEvent(system) });
  if (typeof cached !== 'string') return { ...cached, warnings };
  const missing = `advance-processes has no code cache, so its cold starts take longer: ${cached}.`;
  return { folder: folders[which], warnings: codeCacheNode === undefined ? warnings : [...warnings, missing] };
}
