import { Fn, Stack } from 'aws-cdk-lib/core';
import { TableV2 } from 'aws-cdk-lib/aws-dynamodb';
import { Queue } from 'aws-cdk-lib/aws-sqs';
import { StringParameter } from 'aws-cdk-lib/aws-ssm';
import { Construct } from 'constructs';
import { deadLetterName, deploymentNames, payloadBucketName } from '../adapters/aws/deployment-names.ts';
import { serviceContract, type AnyService } from '../contract/service.ts';
import { GrantingOrchestrator } from './granting-orchestrator.ts';
import type { IServiceQueue } from './orchestrator-interface.ts';
import { senderRoleArn } from './iam/sender-role.ts';

export interface ImportOptions {
  /** The account of the orchestrator. @default this stack's; its resources are then found by the published parameters */
  readonly account?: string;
  /** The region of the orchestrator, for grants: a service lives in the same, since PutEvents reaches no bus of another. @default this stack's */
  readonly region?: string;
}

/** An orchestrator of another stack, by the names and parameters that it has published. */
export class ImportedOrchestrator extends GrantingOrchestrator {
  readonly name: string;
  readonly account: string;
  readonly region: string;
  readonly tableArn: string;
  readonly busArn: string;
  readonly busAddress: string;
  readonly payloadBucketArn: string;
  readonly payloadBucketName: string;
  readonly payloadBucketOwner: string;
  readonly inboxArn: string;
  readonly startsArn: string;
  readonly operationsArn: string;
  readonly senderRoleArn: string;
  readonly alarmTopic = undefined;
  readonly #queues = new Map<string, IServiceQueue>();

  constructor(scope: Construct, id: string, name: string, options: ImportOptions = {}) {
    super(scope, id);
    const stack = Stack.of(this);
    const { account = stack.account, region = stack.region } = options;
    const names = deploymentNames(name);
    // Parameters are read in their own account and region only; elsewhere the names that they would hold are taken as made.
    const here = account === stack.account && region === stack.region;
    const published = (parameter: string, otherwise: string): string =>
      here ? StringParameter.valueForStringParameter(this, `${names.parameters}/${parameter}`) : otherwise;
    const bus = published('bus', names.bus);
    const bucket = published('bucket', payloadBucketName(name, account, region));
    this.name = name;
    this.account = account;
    this.region = region;
    this.tableArn = this.#arn('dynamodb', `table/${published('table', names.table)}`);
    this.busArn = this.#arn('events', `event-bus/${bus}`);
    this.busAddress = here ? bus : this.busArn;
    this.payloadBucketName = bucket;
    this.payloadBucketOwner = published('bucket-owner', account);
    this.payloadBucketArn = `arn:${stack.partition}:s3:::${bucket}`;
    this.inboxArn = this.#arn('sqs', names.inbox);
    this.startsArn = this.#arn('sqs', names.starts);
    this.operationsArn = this.#arn('sqs', names.operations);
    this.senderRoleArn = senderRoleArn(this, name, account, region);
  }

  serviceQueue(service: AnyService): IServiceQueue {
    const { name } = serviceContract(service);
    const known = this.#queues.get(name);
    if (known) return known;
    const scope = new Construct(this, name);
    const names = deploymentNames(this.name);
    const queue = names.queue(name);
    const found = {
      queue: Queue.fromQueueArn(scope, 'Queue', this.#arn('sqs', queue)),
      deadLetterQueue: Queue.fromQueueArn(scope, 'DeadLetterQueue', this.#arn('sqs', deadLetterName(queue))),
      commandTable: TableV2.fromTableArn(scope, 'Commands', this.#arn('dynamodb', `table/${names.commandTable(name)}`)),
    };
    this.#queues.set(name, found);
    return found;
  }

  #arn(service: string, resource: string): string {
    const { partition } = Stack.of(this);
    return Fn.join(':', ['arn', partition, service, this.region, this.account, resource]);
  }
}
