import { Duration, RemovalPolicy } from 'aws-cdk-lib/core';
import type { ITable } from 'aws-cdk-lib/aws-dynamodb';
import { AccountPrincipal, Effect, type Grant, type IGrantable, PolicyStatement } from 'aws-cdk-lib/aws-iam';
import type { IKey } from 'aws-cdk-lib/aws-kms';
import type { ITopic } from 'aws-cdk-lib/aws-sns';
import type { IQueue } from 'aws-cdk-lib/aws-sqs';
import { Construct } from 'constructs';
import { deploymentNames } from '../adapters/aws/deployment-names.ts';
import { COMMAND_TABLE } from '../adapters/dynamodb/tables.ts';
import { serviceContract, type AnyService } from '../contract/service.ts';
import { QUEUE_RECEIVES_MAX } from '../service/consumer/redelivery.ts';
import { Alarms } from './resources/alarms.ts';
import { checkedName } from './resources/bounded-name.ts';
import { dynamoTable } from './resources/dynamo-table.ts';
import type { IOrchestrator, IServiceQueue } from './orchestrator-interface.ts';
import { queuePair } from './resources/queue-pair.ts';
import { grantService } from './iam/grants.ts';
import { checkRegion } from './resources/same-region.ts';

/** SQS allows 80 characters, of which the dead-letter queue needs 12 for itself. */
const QUEUE_NAME_LENGTH_MAX = 68;
/** A running service takes a command within seconds. */
const WAIT_MAX = Duration.minutes(15);

export interface ServiceQueueProps {
  readonly orchestrator: IOrchestrator;
  readonly service: AnyService;
  /**
   * How long a message that was received stays hidden, where the receiver does not say so itself, as pollers of Tutti do.
   * A function that takes from the queue may run a sixth of it.
   * @default Duration.minutes(3): enough for the default time-out of a `ServiceFunction`
   */
  readonly visibilityTimeout?: Duration;
  /** As for the orchestrator. @default keys that AWS owns */
  readonly encryptionKey?: IKey;
  /** Is told by the alarms. @default the topic of the orchestrator; where it has none, the alarms exist and notify nobody */
  readonly alarmTopic?: ITopic;
  /** What becomes of the queues and the records when the stack is deleted. @default RemovalPolicy.RETAIN_ON_UPDATE_OR_DELETE, as for the orchestrator */
  readonly removalPolicy?: RemovalPolicy;
}

/**
 * What a service takes its commands from, and where it records them. An orchestrator makes one for each of its services; make
 * one yourself in the stack, or the account, of a service that owns its queue, and give `queue` to the orchestrator's `queues`.
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
      // A standard queue counts from the first sending, also in the dead-letter queue, which keeps 14 days ("Setting up dead-letter queue retention").
      retentionPeriod: Duration.days(10),
      removalPolicy,
      ...(props.encryptionKey && { encryptionKey: props.encryptionKey }),
      alarms: new Alarms(this, props.alarmTopic ?? orchestrator.alarmTopic),
      watch: {
        ageMax: WAIT_MAX,
        aged: `${orchestrator.name}: commands of ${this.service} wait for 15 minutes, and nothing takes them: is the service running, and fast enough?`,
        unfinished: `${orchestrator.name}: ${this.service} has received commands for half an hour and finished none: see the log of its handlers.`,
        dead: `${orchestrator.name}: commands of ${this.service} lie in its dead-letter queue: the service failed each of them 20 times. Fix it, then resume the instances.`,
      },
      receivesMax: QUEUE_RECEIVES_MAX,
    });
    pair.queue.addToResourcePolicy(sendingBy(orchestrator, pair.queue.queueArn));
    this.queue = pair.queue;
    this.deadLetterQueue = pair.deadLetterQueue;
    this.commandTable = dynamoTable(this, 'Commands', {
      tableName: names.commandTable(this.service),
      layout: COMMAND_TABLE,
      removalPolicy,
      ...(props.encryptionKey && { encryptionKey: props.encryptionKey }),
    }) as ITable;
  }

  /** Lets the grantee be this service, from this queue. */
  grantService(grantee: IGrantable): Grant {
    return grantService(this.#orchestrator, this.service, this, grantee);
  }
}

/**
 * Only the orchestrator. Said by a condition on its account instead of by the role itself, since SQS refuses a role that does
 * not exist yet: the queue of another account may be there first.
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
