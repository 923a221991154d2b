import type { PolicyStatement } from 'aws-cdk-lib/aws-iam';
import { STEPS } from '../../contract/steps.ts';
import { ORCHESTRATOR_WRITER } from '../../ports/payload-store.ts';
import type { IOrchestrator, IServiceQueue } from '../orchestrator-interface.ts';
import { payloadKeys } from '../resources/payload-bucket.ts';
import { allow, inPartitions, INSTANCES, publishedBy, RECEIVE } from './statement.ts';

/**
 * The rights of a step runner: those of a service, and to read the heads, journals and values of instances. It writes its command records and
 * no state of an instance. `processes`: only their instances. @default instances of every process
 */
export function stepStatements(
  orchestrator: IOrchestrator,
  { queue, deadLetterQueue, commandTable }: IServiceQueue,
  processes?: readonly string[],
): readonly PolicyStatement[] {
  const { tableArn, payloadBucketArn, busArn } = orchestrator;
  // The id of a command begins with the pid. No part of a pid contains #, so the pattern of a process matches no other.
  const instances = inPartitions(processes?.map((name) => `*#${name}#*`) ?? INSTANCES);
  const values = processes?.map((name) => `${payloadBucketArn}/${ORCHESTRATOR_WRITER}/*${encodeURIComponent(`#${name}#`)}*`);
  return [
    allow(RECEIVE, [queue.queueArn]),
    allow(['sqs:SendMessage'], [queue.queueArn, deadLetterQueue.queueArn]),
    allow(['dynamodb:GetItem', 'dynamodb:UpdateItem'], [commandTable.tableArn], processes && instances),
    allow(['dynamodb:GetItem', 'dynamodb:Query'], [tableArn], instances),
    allow(['events:PutEvents'], [busArn], publishedBy([STEPS])),
    allow(['s3:GetObject'], values ?? [payloadKeys(payloadBucketArn, ORCHESTRATOR_WRITER)]),
    allow(['s3:PutObject'], [payloadKeys(payloadBucketArn, STEPS)]),
  ];
}
