import { Fn, Stack } from 'aws-cdk-lib/core';
import { TableV2 } from 'aws-cdk-lib/aws-dynamodb';
import { Queue } from 'aws-cdk-lib/aws-sqs';
import { StringParameter } from 'aws-cdk-lib/aws-ssm';
import { Construct } from 'constructs';
import { deadLetterName, deploymentNames, payloadBucketName } from '../adapters/aws/deployment-names.ts';
import { serviceContract, type AnyService } from '../contract/service.ts';
import { GrantingOrchestrator } from './granting-orchestrator.ts';
import type { IServiceQueue } from './orchestrator-interface.ts';
import { senderRoleArn } from './iam/senders.ts';

export interface ImportOptions {
  /** Account of the orchestrator. @default the account of this stack; the published parameters then name its resources */
  readonly account?: string;
  /** Region of the orchestrator. Grants work from another region; a `ServiceFunction` or `ServiceQueue` there makes synth throw. @default the region of this stack */
  readonly region?: string;
}

/** An orchestrator of another stack, found by its published parameters or, in another account or region, by the names that it gives its resources. */
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
  readonly serviceQueueArns: readonly string[];
  readonly senderRoleArn: string;
  readonly alarmTopic = undefined;
  readonly consoleUrl = undefined;
  readonly #queues = new Map<string, IServiceQueue>();

  constructor(scope: Construct, id: string, name: string, options: ImportOptions = {}) {
    super(scope, id);
    const stack = Stack.of(this);
    const { account = stack.account, region = stack.region } = options;
    const names = deploymentNames(name);
    // A stack reads parameters of its own account and region only. Elsewhere the default names are used, so resources that were brought are not found.
    const here = account === stack.account && region === stack.region;
    const published = (parameter: string, defaultName: string): string =>
      here ? StringParameter.valueForStringParameter(this, `${names.parameters}/${parameter}`) : defaultName;
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
    this.serviceQueueArns = [this.#arn('sqs', names.queue('*'))];
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
