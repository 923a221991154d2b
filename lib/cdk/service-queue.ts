import { Duration, RemovalPolicy } from 'aws-cdk-lib/core';
import type { ITable } from 'aws-cdk-lib/aws-dynamodb';
import { AccountPrincipal, Effect, type Grant, type IGrantable, PolicyStatement } from 'aws-cdk-lib/aws-iam';
import type { IKey } from 'aws-cdk-lib/aws-kms';
import type { ITopic } from 'aws-cdk-lib/aws-sns';
import type { IQueue } from 'aws-cdk-lib/aws-sqs';
import { Construct } from 'constructs';
import { deadLetterName, deploymentNames } from '../adapters/aws/deployment-names.ts';
import { COMMAND_TABLE } from '../adapters/dynamodb/tables.ts';
import { serviceContract, type AnyService } from '../contract/service.ts';
import { QUEUE_RECEIVES_MAX } from '../service/consumer/redelivery.ts';
import { Alarms, queueCommand } from './resources/alarms.ts';
import { checkedName } from './resources/aws-limits.ts';
import { dynamoTable } from './resources/dynamo-table.ts';
import type { IOrchestrator, IServiceQueue } from './orchestrator-interface.ts';
import { queuePair } from './resources/queue-pair.ts';
import { grantService } from './iam/grants.ts';
import { checkRegion } from './function-checks.ts';

/** SQS allows 80 characters, and the name of the dead-letter queue has 12 more than that of its queue. */
const QUEUE_NAME_LENGTH_MAX = 68;
/** A running service receives a command within seconds. */
const WAIT_MAX = Duration.minutes(15);

export interface ServiceQueueProps {
  /** The orchestrator that sends the commands; only its role may send to the queue. In the region of this stack, else synth throws. */
  readonly orchestrator: IOrchestrator;
  readonly service: AnyService;
  /**
   * Time for which a received message stays hidden, unless the receiver sets its own, as the pollers of Tutti do.
   * A function that receives from the queue may run for a sixth of it.
   * @default Duration.minutes(3): enough for the default timeout of a `ServiceFunction`
   */
  readonly visibilityTimeout?: Duration;
  /** Table of the command records, if the service has one already. @default a table is made */
  readonly commandTable?: ITable;
  /** Key for the queue and the records; the dead-letter queue does not use it. @default keys that AWS owns */
  readonly encryptionKey?: IKey;
  /** SNS topic that each alarm notifies. @default the topic of the orchestrator; if that has none, the alarms are made without an action, and synth warns */
  readonly alarmTopic?: ITopic;
  /**
   * Fate of the queues and the records when the stack is deleted.
   * @default RemovalPolicy.RETAIN_ON_UPDATE_OR_DELETE: they remain, except those that a deployment made which is rolled back
   */
  readonly removalPolicy?: RemovalPolicy;
}

/**
 * The queue of a service, its dead-letter queue, and the table that records its commands. An orchestrator makes one for each of its
 * services. For a service that owns its queue, make one in the stack or account of the service, and pass `queue` to the orchestrator's `queues`.
 * @example new ServiceQueue(stack, 'Flights', { service: flights, orchestrator: Orchestrator.fromName(stack, 'Trips', 'trips') });
 */
export class ServiceQueue extends Construct implements IServiceQueue {
  readonly service: string;
  readonly queue: IQueue;
  readonly deadLetterQueue: IQueue;
  readonly commandTable: ITable;
  readonly visibilityTimeout: Duration;
  readonly encryptionKey: IKey | undefined;
  readonly #orchestrator: IOrchestrator;

  constructor(scope: Construct, id: string, props: ServiceQueueProps) {
    super(scope, id);
    const { orchestrator, removalPolicy = RemovalPolicy.RETAIN_ON_UPDATE_OR_DELETE, visibilityTimeout = Duration.minutes(3) } = props;
    const names = deploymentNames(orchestrator.name);
    this.#orchestrator = orchestrator;
    this.service = serviceContract(props.service).name;
    checkRegion(this.service, this, orchestrator);
    this.visibilityTimeout = visibilityTimeout;
    this.encryptionKey = props.encryptionKey;
    const name = checkedName(
      `queue of ${this.service}`,
      names.queue(this.service),
      QUEUE_NAME_LENGTH_MAX,
      'Shorten the name of the service or that of the orchestrator.',
    );
    const pair = queuePair(this, {
      name,
      visibilityTimeout,
      // A dead letter keeps the send time of its message, so of the 14 days of the dead-letter queue at least four remain
      // ("Setting up dead-letter queue retention").
      retentionPeriod: Duration.days(10),
      removalPolicy,
      ...(props.encryptionKey && { encryptionKey: props.encryptionKey }),
      alarms: new Alarms(this, props.alarmTopic ?? orchestrator.alarmTopic, orchestrator.consoleUrl),
      watch: {
        ageMax: WAIT_MAX,
        aged: `${orchestrator.name}: the oldest command of the service ${this.service} has waited for 15 minutes. The service is not running, or is too slow. Start it, or raise its concurrency. Run: ${queueCommand(name)}`,
        unfinished: `${orchestrator.name}: the service ${this.service} has received commands for half an hour and finished none. Its handlers or a system that they call fail: read the log of the service. Run: tutti list --stack ${orchestrator.name} --status running, then tutti why for one of the instances.`,
        dead: `${orchestrator.name}: the dead-letter queue of the service ${this.service} holds messages: commands that failed 20 times, or messages that are no commands. Fix the service, then resume the stuck instances. Run: tutti list --stack ${orchestrator.name} --status stuck, and ${queueCommand(deadLetterName(name))}`,
      },
      receivesMax: QUEUE_RECEIVES_MAX,
    });
    pair.queue.addToResourcePolicy(sendingBy(orchestrator, pair.queue.queueArn));
    this.queue = pair.queue;
    this.deadLetterQueue = pair.deadLetterQueue;
    this.commandTable =
      props.commandTable ??
      (dynamoTable(this, 'Commands', {
        tableName: names.commandTable(this.service),
        layout: COMMAND_TABLE,
        removalPolicy,
        ...(props.encryptionKey && { encryptionKey: props.encryptionKey }),
      }) as ITable);
  }

  /** Lets the grantee act as this service, with this queue. */
  grantService(grantee: IGrantable): Grant {
    return grantService(this.#orchestrator, this.service, this, grantee);
  }
}

/**
 * Lets only the role of the orchestrator send. The principal is its account, and a condition names the role, because SQS refuses a
 * principal that does not exist yet, and a queue in another account may be deployed first.
 */
function sendingBy(orchestrator: IOrchestrator, queueArn: string): PolicyStatement {
  return new PolicyStatement({
    sid: 'OrchestratorSends',
    effect: Effect.ALLOW,
    principals: [new AccountPrincipal(orchestrator.account)],
    actions: ['sqs:SendMessage'],
    resources: [queueArn],
    conditions: { ArnEquals: { 'aws:PrincipalArn': orchestrator.senderRoleArn } },
  });
}
