import { Effect, PolicyStatement } from 'aws-cdk-lib/aws-iam';

type Conditions = Readonly<Record<string, Readonly<Record<string, string | readonly string[]>>>>;

/** Actions on a queue that an event source mapping or a poller needs. */
export const RECEIVE: readonly string[] = [
  'sqs:ReceiveMessage',
  'sqs:DeleteMessage',
  'sqs:ChangeMessageVisibility',
  'sqs:GetQueueAttributes',
];

/** A statement that allows these actions on these resources. */
export function allow(actions: readonly string[], resources: readonly string[], conditions?: Conditions): PolicyStatement {
  return new PolicyStatement({
    effect: Effect.ALLOW,
    actions: [...actions],
    resources: [...resources],
    ...(conditions && { conditions }),
  });
}

/** Partitions of instances: a pid has three parts, and the keys of all other partitions have fewer. */
export const INSTANCES = '*#*#*';

/**
 * The condition that a DynamoDB request names only partitions of one of these forms. A batch names several; `Null` refuses a request that
 * names none (DynamoDB developer guide, Using IAM policy conditions for fine-grained access control).
 */
export function inPartitions(pattern: string | readonly string[]): Conditions {
  return { 'ForAllValues:StringLike': { 'dynamodb:LeadingKeys': pattern }, Null: { 'dynamodb:LeadingKeys': 'false' } };
}

/** The condition that a DynamoDB request names any partitions except this one. */
export function notInPartitions(partition: string): Conditions {
  return { 'ForAllValues:StringNotEquals': { 'dynamodb:LeadingKeys': partition }, Null: { 'dynamodb:LeadingKeys': 'false' } };
}

/** The condition that a DynamoDB request names no partition of this form. */
export function notInPartitionsLike(pattern: string): Conditions {
  return { 'ForAllValues:StringNotLike': { 'dynamodb:LeadingKeys': pattern }, Null: { 'dynamodb:LeadingKeys': 'false' } };
}

/**
 * The condition that every entry of a PutEvents request has one of these sources (and types). A request has up to ten entries, and
 * `ForAllValues` refuses it if one entry has another source. `ForAllValues` accepts a request without the key, so `Null` refuses that.
 */
export function publishedBy(sources: readonly string[], types?: readonly string[]): Conditions {
  return {
    'ForAllValues:StringEquals': { 'events:source': sources, ...(types && { 'events:detail-type': types }) },
    Null: { 'events:source': 'false', ...(types && { 'events:detail-type': 'false' }) },
  };
}
