import { Duration, type RemovalPolicy, Stack, Token, Validations } from 'aws-cdk-lib/core';
import type { IKey } from 'aws-cdk-lib/aws-kms';
import { BlockPublicAccess, Bucket, BucketEncryption } from 'aws-cdk-lib/aws-s3';
import type { Construct } from 'constructs';
import { payloadBucketName } from '../../adapters/aws/deployment-names.ts';
import { RETIRED_TAG } from '../../adapters/s3/payload-store.ts';
import { CLIENT_WRITER } from '../../ports/payload-store.ts';
import { checkedName } from './aws-limits.ts';

const NAME_LENGTH_MAX = 63;
/** Placeholders for an account and a region that are unknown at synth. */
const ACCOUNT = '000000000000';
const REGION_LONGEST = 'ap-northeast-1';

export interface PayloadBucketProps {
  /** Name of the deployment. */
  readonly name: string;
  /** Services whose large replies the bucket holds until the orchestrator has copied them. */
  readonly services: readonly string[];
  readonly removalPolicy: RemovalPolicy;
  /** @default a key of S3 */
  readonly encryptionKey?: IKey;
}

/**
 * Expiry of the values of clients. The engine copies a value when it reads it, so the value must only outlive its message: 14 days in queues,
 * plus the `early` period of a process for events whose instance has not started.
 */
const SENT_EXPIRY = Duration.days(120);

/** Expiry of retired values. Point-in-time recovery reaches back 35 days, so a restored table finds every value that it references. */
const RESTORABLE = Duration.days(36);

/** Expiry of the values of replies. The command record, and with it the reply, is kept for 90 days and can be published again until then. */
const ANSWER_EXPIRY = Duration.days(120);

/**
 * The bucket for values of more than 100 KB, which are never changed. A value of the orchestrator expires after its instance is retired. A
 * value of a service or a client, which the orchestrator copies, expires by its prefix.
 */
export function payloadBucket(scope: Construct, id: string, { name, services, removalPolicy, encryptionKey }: PayloadBucketProps): Bucket {
  const { account, region } = Stack.of(scope);
  checkedName(
    'payload bucket',
    payloadBucketName(name, known(account, ACCOUNT), known(region, REGION_LONGEST)),
    NAME_LENGTH_MAX,
    'Pass a shorter name to the orchestrator, or a bucket of your own as payloadBucket.',
  );
  const bucket = new Bucket(scope, id, {
    bucketName: payloadBucketName(name, account, region),
    blockPublicAccess: BlockPublicAccess.BLOCK_ALL,
    ...(encryptionKey
      ? { encryption: BucketEncryption.KMS, encryptionKey, bucketKeyEnabled: true }
      : { encryption: BucketEncryption.S3_MANAGED }),
    enforceSSL: true,
    lifecycleRules: [
      { id: 'retired', tagFilters: { [RETIRED_TAG]: 'true' }, expiration: RESTORABLE },
      { id: 'sent-by-clients', prefix: `${CLIENT_WRITER}/`, expiration: SENT_EXPIRY },
      ...services.map((service) => ({ id: `answers-${service}`, prefix: `${service}/`, expiration: ANSWER_EXPIRY })),
    ],
    removalPolicy,
  });
  Validations.of(bucket).acknowledge({
    id: 'AwsSolutions-S1',
    reason: 'The journal records the commit that writes each value, so an access log of the bucket adds cost and no evidence.',
  });
  return bucket;
}

function known(value: string, placeholder: string): string {
  return Token.isUnresolved(value) ? placeholder : value;
}

/** ARN pattern of the values of one writer. */
export function payloadKeys(bucketArn: string, writer: string): string {
  return `${bucketArn}/${writer}/*`;
}

/** ARN pattern of the values that clients send with an event of this type or a start of this process. */
export function sentKeys(bucketArn: string, folder: string): string {
  return payloadKeys(bucketArn, `${CLIENT_WRITER}/${folder}`);
}
