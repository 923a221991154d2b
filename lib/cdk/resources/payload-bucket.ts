import { Duration, type RemovalPolicy, Stack, Token, Validations } from 'aws-cdk-lib/core';
import type { IKey } from 'aws-cdk-lib/aws-kms';
import { BlockPublicAccess, Bucket, BucketEncryption } from 'aws-cdk-lib/aws-s3';
import type { Construct } from 'constructs';
import { payloadBucketName } from '../../adapters/aws/deployment-names.ts';
import { RETIRED_TAG } from '../../adapters/s3/payload-store.ts';
import { CLIENT_WRITER } from '../../ports/payload-store.ts';
import { checkedName } from './bounded-name.ts';

const NAME_LENGTH_MAX = 63;
/** Stand in for what is known only when it is deployed. */
const ACCOUNT = '000000000000';
const REGION_LONGEST = 'ap-northeast-1';

export interface PayloadBucketProps {
  /** Of the deployment. */
  readonly name: string;
  /** Whose answers lie here until the orchestrator has read them. */
  readonly services: readonly string[];
  readonly removalPolicy: RemovalPolicy;
  /** @default S3's own */
  readonly encryptionKey?: IKey;
}

/**
 * The engine keeps a copy of what it has read, so what a client sends need only outlive its message: 14 days in a queue, and the `early` of a process for
 * an instance that is never started.
 */
const SENT_EXPIRY = Duration.days(120);

/** A table restored to any instant of its point-in-time recovery, of 35 days, still finds the values that it names. */
const RESTORABLE = Duration.days(36);

/** An answer is read within the time that queues keep its event, and told again as long as its command's record is kept: 90 days. */
const ANSWER_EXPIRY = Duration.days(120);

/**
 * Where values of more than 100 KB lie. They are never changed. The orchestrator's go when the instance that they belong to is
 * retired; those of a service or a client, of which it keeps a copy, when nobody will ask again.
 */
export function payloadBucket(scope: Construct, id: string, { name, services, removalPolicy, encryptionKey }: PayloadBucketProps): Bucket {
  const { account, region } = Stack.of(scope);
  checkedName(
    'payload bucket',
    payloadBucketName(name, known(account, ACCOUNT), known(region, REGION_LONGEST)),
    NAME_LENGTH_MAX,
    'Give the orchestrator a shorter name, or a bucket of your own as payloadBucket.',
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
    reason: 'Each value is written by a commit that the journal records; a log of requests to the bucket adds cost and no evidence.',
  });
  return bucket;
}

const known = (value: string, otherwise: string): string => (Token.isUnresolved(value) ? otherwise : value);

/** The keys that one writer may put, and others may read. */
export const payloadKeys = (bucketArn: string, writer: string): string => `${bucketArn}/${writer}/*`;

/** The keys that a client puts with an event of this type, or a start of this process. */
export const sentKeys = (bucketArn: string, folder: string): string => payloadKeys(bucketArn, `${CLIENT_WRITER}/${folder}`);
