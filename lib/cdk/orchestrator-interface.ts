import type { ITable } from 'aws-cdk-lib/aws-dynamodb';
import type { Grant, IGrantable } from 'aws-cdk-lib/aws-iam';
import type { IKey } from 'aws-cdk-lib/aws-kms';
import type { ITopic } from 'aws-cdk-lib/aws-sns';
import type { IQueue } from 'aws-cdk-lib/aws-sqs';
import type { IConstruct } from 'constructs';
import type { Duration } from 'aws-cdk-lib/core';
import type { AnyEvent } from '../contract/event.ts';
import type { AnyService } from '../contract/service.ts';

/** Where a service takes its commands from and records them. */
export interface IServiceQueue {
  readonly queue: IQueue;
  /** Where commands go that the service failed too often. */
  readonly deadLetterQueue: IQueue;
  /** Records of the commands that the service has met, so that each takes effect once. */
  readonly commandTable: ITable;
  /** How long a received message stays hidden. @default not known here, so nothing is checked against it */
  readonly visibilityTimeout?: Duration;
  /** What queue and records are encrypted with. @default a key that AWS owns, or one that is not known here */
  readonly encryptionKey?: IKey | undefined;
}

/** What a reader reads. */
export interface ReadOptions {
  /** Only instances of this tenant. @default all of them, and what is parked beside no instance */
  readonly tenant?: string;
}

/** An orchestrator of this stack or of another: what services, producers and clients need of it. */
export interface IOrchestrator extends IConstruct {
  /** The deployment's name, from which those of its resources are made. */
  readonly name: string;
  readonly account: string;
  /** Where it runs, and its services with it. */
  readonly region: string;
  readonly tableArn: string;
  readonly busArn: string;
  /** How PutEvents names the bus: by its name, or where it is another account's by its ARN. */
  readonly busAddress: string;
  readonly payloadBucketArn: string;
  readonly payloadBucketName: string;
  /** The account of the payload bucket. */
  readonly payloadBucketOwner: string;
  readonly inboxArn: string;
  /** The queue to which clients send their starts. */
  readonly startsArn: string;
  /** The queue to which operators send their acts. */
  readonly operationsArn: string;
  /** The role that sends commands to services. */
  readonly senderRoleArn: string;
  /** Is told by the alarms of its services. @default that of another stack is not known here */
  readonly alarmTopic?: ITopic | undefined;
  /** The queue that was made for a service of the system. Throws for a service whose queue was given in `queues`. */
  serviceQueue(service: AnyService): IServiceQueue;

  /** Lets the grantee publish these events, and no others. */
  grantPublish(grantee: IGrantable, ...events: readonly AnyEvent[]): Grant;
  /** Lets the grantee be this service: take its commands, record them, and answer in its name. */
  grantService(service: AnyService, grantee: IGrantable): Grant;
  /** Lets the grantee start instances of every process, and see how an instance stands. */
  grantStart(grantee: IGrantable): Grant;
  /** Lets the grantee send these events, also to one instance, and see how an instance stands. */
  grantSignal(grantee: IGrantable, ...events: readonly AnyEvent[]): Grant;
  /** Lets the grantee complete and fail deferred commands of this service, and beat for them. */
  grantAnswer(service: AnyService, grantee: IGrantable): Grant;
  /** Lets the grantee read instances, their journals and values. */
  grantRead(grantee: IGrantable, options?: ReadOptions): Grant;
  /** Lets the grantee cancel, terminate and resume instances, and read them. */
  grantOperate(grantee: IGrantable): Grant;
}
