import type { ITable } from 'aws-cdk-lib/aws-dynamodb';
import type { Grant, IGrantable } from 'aws-cdk-lib/aws-iam';
import type { IKey } from 'aws-cdk-lib/aws-kms';
import type { ITopic } from 'aws-cdk-lib/aws-sns';
import type { IQueue } from 'aws-cdk-lib/aws-sqs';
import type { IConstruct } from 'constructs';
import type { Duration } from 'aws-cdk-lib/core';
import type { AnyEvent } from '../contract/event.ts';
import type { AnyService } from '../contract/service.ts';

/** The queue of a service, and the table that records its commands. */
export interface IServiceQueue {
  readonly queue: IQueue;
  /** Receives a command when the service has failed it 20 times. */
  readonly deadLetterQueue: IQueue;
  /** Records of the commands that the service has received, so that each takes effect once. */
  readonly commandTable: ITable;
  /** Time for which a received message stays hidden. @default unknown: the timeout of a `ServiceFunction` is not checked against it */
  readonly visibilityTimeout?: Duration;
  /** Key of the queue and of the records. @default a key that AWS owns, or an unknown one, whose rights you grant yourself */
  readonly encryptionKey?: IKey | undefined;
}

/** The instances that a reader may read. */
export interface ReadOptions {
  /** Restricts the right to instances of this tenant. @default instances of every tenant, and events that are parked beside no instance */
  readonly tenant?: string;
}

/** The place of the records of a service. */
export interface AnswerOptions {
  /**
   * Name of the orchestrator whose table has the command records: the first of `orchestrators`, if one `ServiceFunction` serves several.
   * @default this orchestrator
   */
  readonly recordsOf?: string;
}

/** A construct that brings events from outside onto the bus of an orchestrator: a `BusSource` or a `KafkaSource`. */
export interface EventSource {
  /** The events that it brings. */
  readonly events: readonly AnyEvent[];
  /** Makes the resources, in the scope of the source. Called once, by `addSource`. */
  attachTo(orchestrator: IOrchestrator): void;
}

/** A construct that sends events of the bus of an orchestrator elsewhere: a `BusTarget`. */
export interface EventTarget {
  /** Makes the resources, in the scope of the target. Called once, by `addTarget`. */
  attachTo(orchestrator: IOrchestrator): void;
}

/** An orchestrator of this stack or of another, as services, producers and clients use it. */
export interface IOrchestrator extends IConstruct {
  /** Name of the deployment: the prefix of the names of its resources. */
  readonly name: string;
  readonly account: string;
  /** Region of the orchestrator and of all its services. */
  readonly region: string;
  readonly tableArn: string;
  readonly busArn: string;
  /** The bus as PutEvents addresses it: its name, or its ARN if it is in another account. */
  readonly busAddress: string;
  readonly payloadBucketArn: string;
  readonly payloadBucketName: string;
  /** Account of the payload bucket; S3 refuses a request if another account owns the bucket. */
  readonly payloadBucketOwner: string;
  readonly inboxArn: string;
  /** Queue for the starts of clients. */
  readonly startsArn: string;
  /** Queue for the operations of operators: cancel, terminate, resume, resolve. */
  readonly operationsArn: string;
  /** Queues of the services and their dead-letter queues. Of an imported orchestrator: a pattern, since its services are not known. */
  readonly serviceQueueArns: readonly string[];
  /** Role of advance-processes, which sends commands to services. */
  readonly senderRoleArn: string;
  /** SNS topic for the alarms of its services. @default unknown for an imported orchestrator: pass `alarmTopic` to its services */
  readonly alarmTopic?: ITopic | undefined;
  /** Address of its console, which the descriptions of alarms name. @default none */
  readonly consoleUrl?: string | undefined;
  /** The queue that the orchestrator made for a service. Throws a `ContractError` for a service whose queue was passed as `queues`. */
  serviceQueue(service: AnyService): IServiceQueue;

  /**
   * Brings the events of the source onto the bus. Throws a `ContractError` if no process of an orchestrator of this app starts on an event of
   * the source or receives it.
   */
  addSource(source: EventSource): void;
  /** Sends events of the bus to the target. */
  addTarget(target: EventTarget): void;

  /** Lets the grantee publish these events in the name of their owners, and no others. */
  grantPublish(grantee: IGrantable, ...events: readonly AnyEvent[]): Grant;
  /** Lets the grantee act as this service: receive its commands, record them, and publish replies and events in its name. */
  grantService(service: AnyService, grantee: IGrantable): Grant;
  /** Lets the grantee start instances of every process and read the state of an instance. */
  grantStart(grantee: IGrantable): Grant;
  /** Lets the grantee send these events, also to a single instance, and read the state of an instance. */
  grantSignal(grantee: IGrantable, ...events: readonly AnyEvent[]): Grant;
  /** Lets the grantee complete, fail and send heartbeats for deferred commands of this service. */
  grantAnswer(service: AnyService, grantee: IGrantable, options?: AnswerOptions): Grant;
  /** Lets the grantee read instances with their journals and large values. Throws a `ContractError` if `tenant` is malformed. */
  grantRead(grantee: IGrantable, options?: ReadOptions): Grant;
  /** Lets the grantee read how many messages the queues of services have, which the console shows. It reads no message. */
  grantReadQueues(grantee: IGrantable): Grant;
  /** Lets the grantee cancel, terminate, resume and resolve instances, and read them. */
  grantOperate(grantee: IGrantable): Grant;
}
