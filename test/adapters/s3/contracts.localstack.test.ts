import { randomUUID } from 'node:crypto';
import {
  CreateBucketCommand,
  DeleteBucketCommand,
  DeleteObjectCommand,
  GetObjectTaggingCommand,
  ListObjectsV2Command,
  S3Client,
} from '@aws-sdk/client-s3';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { S3PayloadStore } from '../../../lib/adapters/s3/payload-store.ts';
import { payloadStoreContract } from '../../contracts/payload-store.contract.ts';
import { LOCALSTACK_ACCOUNT } from '../../localstack/endpoint.ts';

const client = new S3Client({});
const owner = LOCALSTACK_ACCOUNT;
const bucket = `stores-${randomUUID()}`;

beforeAll(async () => {
  await client.send(new CreateBucketCommand({ Bucket: bucket }));
});
afterAll(async () => {
  const { Contents = [] } = await client.send(new ListObjectsV2Command({ Bucket: bucket }));
  await Promise.all(Contents.map(({ Key }) => client.send(new DeleteObjectCommand({ Bucket: bucket, Key }))));
  await client.send(new DeleteBucketCommand({ Bucket: bucket }));
  client.destroy();
});

// A prefix of its own makes a store empty.
payloadStoreContract('s3', () => new S3PayloadStore({ client: async () => client, bucket, owner, writer: randomUUID() }));

const hash = 'ab'.repeat(32);

test('a value of another writer of the bucket is fetched, and none of another bucket', async () => {
  const payments = new S3PayloadStore({ client, bucket, owner, writer: 'payments' });
  const orchestrator = new S3PayloadStore({ client, bucket, owner, writer: 'orchestrator' });
  const pid = 'default#trip#a:b.c_d-e';
  await payments.put(pid, hash, '{"a":"é"}');
  const reference = payments.reference(pid, hash);
  expect(reference).toBe(`s3://${bucket}/payments/default%23trip%23a%3Ab.c_d-e/${hash}`);
  expect(await orchestrator.fetch(reference)).toBe('{"a":"é"}');
  expect(await orchestrator.get(pid, hash)).toBeUndefined();
  expect(await orchestrator.fetch(reference.replace(bucket, 'another'))).toBeUndefined();
});

test('a client that takes the key from the URI finds the value', async () => {
  const payments = new S3PayloadStore({ client, bucket, owner, writer: 'payments' });
  await payments.put('default#trip#key', hash, '1');
  const { Contents = [] } = await client.send(new ListObjectsV2Command({ Bucket: bucket, Prefix: 'payments/default%23trip%23key/' }));
  expect(Contents.map(({ Key }) => `s3://${bucket}/${Key}`)).toEqual([payments.reference('default#trip#key', hash)]);
});

test('a missing bucket is an error, not a missing value', async () => {
  const store = new S3PayloadStore({ client, bucket: `stores-${randomUUID()}`, owner, writer: 'payments' });
  await expect(store.get('p', hash)).rejects.toMatchObject({ name: 'NoSuchBucket' });
});

test('a value is tagged to expire or to be kept, and loses its tag when it is put again', async () => {
  const orchestrator = new S3PayloadStore({ client, bucket, owner, writer: 'orchestrator' });
  const pid = 'default#trip#retired';
  const reference = orchestrator.reference(pid, hash);
  const tags = async (): Promise<unknown> =>
    (await client.send(new GetObjectTaggingCommand({ Bucket: bucket, Key: reference.slice(`s3://${bucket}/`.length) }))).TagSet;
  await orchestrator.put(pid, hash, '1');
  await orchestrator.retire(reference, true);
  expect(await tags()).toEqual([{ Key: 'retired', Value: 'true' }]);
  await orchestrator.retire(reference, false);
  expect(await tags()).toEqual([{ Key: 'retired', Value: 'false' }]);
  await orchestrator.retire(reference, true);
  await orchestrator.put(pid, hash, '1');
  expect(await tags()).toEqual([]);
  await orchestrator.retire(orchestrator.reference(pid, 'cd'.repeat(32)), true);
});
