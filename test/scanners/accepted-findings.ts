import type { AcceptedFinding } from './finding.ts';

const FUNCTIONS = ['*/Functions/*/Function/Resource', '*/Service/Function/Resource', '*/Steps/Runner/Function/Resource'];
const LOGS = ['*/Functions/*/Log/Resource', '*/Service/Log/Resource', '*/Steps/Runner/Log/Resource'];
const BUCKET = ['*/Orchestrator/Payloads/Resource'];

const CONCURRENCY =
  'The event source mappings bound the copies of a function. Reserved concurrency is taken from all other functions of the account, so it is a prop (reservedConcurrency) and no default.';
const FED_BY_QUEUE =
  'The function is called by a queue, which keeps its messages and has a dead-letter queue of its own, or by a schedule, whose next call does what one has missed.';
const OWN_KEYS =
  'Encrypted with a key that AWS owns, which needs no rights and costs nothing. The prop encryptionKey brings a key of your own.';
const NO_VPC =
  'The functions reach only services of AWS, by TLS and IAM. A VPC would add endpoints and cost, and protect nothing that lies in it.';
const VALUES =
  'Values are written once under their own hash and never changed. The journal names them, and point-in-time recovery of the table is documented with the expiry of the bucket.';
const ACCESS_LOG = 'Each value is written by a commit that the journal records; a log of requests to the bucket adds cost and no evidence.';

/** Accepted findings of the scanners in the templates of the two examples, each with its reason. Remove an entry that no scanner reports any more. */
export const ACCEPTED_FINDINGS: readonly AcceptedFinding[] = [
  {
    tool: 'cdk-nag',
    rule: 'Annotation::tutti/cdk:no-alarm-topic',
    at: ['TravelBooking', 'OrderFulfilment'],
    reason: 'The examples are deployed for trials, and their alarms have no action. The warning is for users.',
  },
  {
    tool: 'cdk-nag',
    rule: 'HIPAA.Security-CloudWatchAlarmAction',
    at: ['*/Orchestrator/*larm/Resource', '*/*-fault-alarm/Resource', '*/ErrorsAlarm/Resource'],
    reason: 'The same as no-alarm-topic: with the prop alarmTopic each of these alarms has an action.',
  },
  { tool: 'cdk-nag', rule: 'HIPAA.Security-CloudWatchLogGroupEncrypted', at: LOGS, reason: OWN_KEYS },
  {
    tool: 'cdk-nag',
    rule: 'HIPAA.Security-IAMNoInlinePolicy',
    at: ['*/Functions/*/Role/Resource', '*/Service/Role/Resource', '*/Steps/Runner/Role/Resource'],
    reason: 'A policy belongs to one role, and is there before the function is: test/cdk/rights holds that each of its statements is used.',
  },
  { tool: 'cdk-nag', rule: 'HIPAA.Security-LambdaConcurrency', at: FUNCTIONS, reason: CONCURRENCY },
  { tool: 'cdk-nag', rule: 'HIPAA.Security-LambdaDLQ', at: FUNCTIONS, reason: FED_BY_QUEUE },
  { tool: 'cdk-nag', rule: 'HIPAA.Security-LambdaInsideVPC', at: FUNCTIONS, reason: NO_VPC },
  { tool: 'cdk-nag', rule: 'HIPAA.Security-S3BucketLoggingEnabled', at: BUCKET, reason: ACCESS_LOG },
  {
    tool: 'cdk-nag',
    rule: 'HIPAA.Security-S3BucketReplicationEnabled',
    at: BUCKET,
    reason: 'A deployment lives in one region. Replication of the bucket without the table would restore nothing.',
  },
  { tool: 'cdk-nag', rule: 'HIPAA.Security-S3BucketVersioningEnabled', at: BUCKET, reason: VALUES },
  { tool: 'cdk-nag', rule: 'HIPAA.Security-S3DefaultEncryptionKMS', at: BUCKET, reason: OWN_KEYS },
  { tool: 'cdk-nag', rule: 'Serverless-EventBusDLQ', at: ['*/Schedule/Resource'], reason: FED_BY_QUEUE },
  { tool: 'cdk-nag', rule: 'Serverless-LambdaAsyncFailureDestination', at: ['*/EventInvokeConfig/Resource'], reason: FED_BY_QUEUE },
  { tool: 'cdk-nag', rule: 'Serverless-LambdaDLQ', at: FUNCTIONS, reason: FED_BY_QUEUE },
  {
    tool: 'cdk-nag',
    rule: 'Serverless-LambdaEventSourceMappingDestination',
    at: ['*Source/Resource'],
    reason: 'A mapping of a queue has no destination for failures: the dead-letter queue of the queue is it.',
  },
  {
    tool: 'cdk-nag',
    rule: 'Serverless-LambdaTracing',
    at: FUNCTIONS,
    reason: 'Envelopes and journals carry traceparent over days and accounts, which X-Ray does not. Its right has no resource but *.',
  },
  {
    tool: 'cdk-nag',
    rule: 'Serverless-SQSRedrivePolicy',
    at: ['*/DeadLetterQueue/Resource'],
    reason: 'These are the dead-letter queues.',
  },
  {
    tool: 'cfn-lint',
    rule: 'W3005',
    at: ['*/Functions/*/Function/Resource', '*/Service/Function/Resource', '*/Steps/Runner/Function/Resource', '*/Rules/*'],
    reason:
      'CDK writes a dependency on a role or a queue with all that is in it, policies included, beside the reference that implies a part.',
  },
  { tool: 'checkov', rule: 'CKV_AWS_18', at: BUCKET, reason: ACCESS_LOG },
  { tool: 'checkov', rule: 'CKV_AWS_21', at: BUCKET, reason: VALUES },
  {
    tool: 'checkov',
    rule: 'CKV_AWS_27',
    at: ['*/Queue/Resource', '*/DeadLetterQueue/Resource'],
    reason: 'A false report: SqsManagedSseEnabled is set, which this check of checkov does not look at.',
  },
  { tool: 'checkov', rule: 'CKV_AWS_115', at: FUNCTIONS, reason: CONCURRENCY },
  { tool: 'checkov', rule: 'CKV_AWS_116', at: FUNCTIONS, reason: FED_BY_QUEUE },
  { tool: 'checkov', rule: 'CKV_AWS_117', at: FUNCTIONS, reason: NO_VPC },
  { tool: 'checkov', rule: 'CKV_AWS_158', at: LOGS, reason: OWN_KEYS },
  { tool: 'checkov', rule: 'CKV_AWS_173', at: FUNCTIONS, reason: OWN_KEYS },
];
