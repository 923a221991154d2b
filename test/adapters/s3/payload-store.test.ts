import { Readable } from 'node:stream';
import { text } from 'node:stream/consumers';
import { describe, expect, test, vi } from 'vitest';
import type { S3Client } from '@aws-sdk/client-s3';
import { S3PayloadStore } from '../../../lib/adapters/s3/payload-store.ts';
import { VALUE_BYTES_MAX } from '../../../lib/contract/wire/wire.ts';

const HASH = 'a'.repeat(64);
const PID = 'default#trip#t-1';
const MB = 1024 * 1024;

interface Sent {
  readonly name: string;
  readonly input: { readonly Key: string; readonly ExpectedBucketOwner?: string };
  readonly options: { readonly requestTimeout?: number } | undefined;
}

/** A store over a bucket that answers each read with `found`. */
const storeOver = (found: object = {}): { readonly store: S3PayloadStore; readonly sent: Sent[] } => {
  const sent: Sent[] = [];
  const client = {
    send: async (command: { readonly input: Sent['input'] }, options?: Sent['options']) => {
      sent.push({ name: command.constructor.name, input: command.input, options });
      return found;
    },
  };
  return {
    store: new S3PayloadStore({ client: client as unknown as S3Client, bucket: 'b', owner: '111111111111', writer: 'payments' }),
    sent,
  };
};

describe('a reference to a value', () => {
  const at = (key: string): string => `s3://b/${key}/${HASH}`;

  test.each([
    ['of the writer and the instance', at('payments/default%23trip%23t-1'), true],
    ['of another writer', at('orchestrator/default%23trip%23t-1'), false],
    ['of another instance', at('payments/default%23trip%23t-2'), false],
    ['of another bucket', `s3://other/payments/default%23trip%23t-1/${HASH}`, false],
    ['with dots for a writer', at('../default%23trip%23t-1'), false],
    ['that goes up', `s3://b/payments/other/../../x/${HASH}`, false],
    ['without a hash', 's3://b/payments/default%23trip%23t-1/x', false],
  ])('a reference %s belongs to its author: %s is %s', (_name, reference, expected) => {
    expect(storeOver().store.isOf(reference, { writer: 'payments', folder: PID })).toBe(expected);
  });

  test('without a named folder, a reference belongs to any writer', () => {
    const { store } = storeOver();
    expect([store.isOf(at('payments/any'), { writer: 'payments' }), store.isOf(at('flights/any'), { writer: 'payments' })]).toEqual([
      true,
      false,
    ]);
  });
});

test('each request names the account of the bucket, so S3 refuses a bucket of another account with the same name', async () => {
  const { store, sent } = storeOver({ ContentLength: 2, Body: { transformToString: async () => '{}' } });
  await store.put(PID, HASH, '{}');
  await store.get(PID, HASH);
  await store.fetch(store.reference(PID, HASH));
  await store.retire(store.reference(PID, HASH), true);
  expect(sent.map(({ name, input }) => [name, input.ExpectedBucketOwner])).toEqual([
    ['PutObjectCommand', '111111111111'],
    ['GetObjectCommand', '111111111111'],
    ['GetObjectCommand', '111111111111'],
    ['PutObjectTaggingCommand', '111111111111'],
  ]);
});

describe('a value in S3', () => {
  test.each([
    [10, 3_000],
    [MB, 3_000],
    [8 * MB, 10_000],
    [VALUE_BYTES_MAX, 22_000],
  ])('the put of %i bytes times out after 2 s and one more second for each started MB', async (bytes, requestTimeout) => {
    const { store, sent } = storeOver();
    await store.put(PID, HASH, 'x'.repeat(bytes));
    expect(sent.map(({ options }) => options)).toEqual([{ requestTimeout }]);
  });

  test.each([
    ['more characters', 'x'.repeat(VALUE_BYTES_MAX + 1)],
    ['more bytes, as UTF-8', '€'.repeat(VALUE_BYTES_MAX / 3 + 1)],
  ])('a value with %s than 20 MB is refused', async (_name, json) => {
    const { store, sent } = storeOver();
    await expect(store.put(PID, HASH, json)).rejects.toMatchObject({ code: 'DATA_TOO_LARGE', retryable: false });
    expect(sent).toEqual([]);
  });

  test('a value above the limit is not read', async () => {
    const Body = { destroy: vi.fn<() => void>(), transformToString: vi.fn<() => Promise<string>>() };
    const { store } = storeOver({ ContentLength: VALUE_BYTES_MAX + 1, Body });
    await expect(store.fetch(`s3://b/payments/p/${HASH}`)).rejects.toMatchObject({ code: 'DATA_TOO_LARGE' });
    await expect(store.get(PID, HASH)).rejects.toMatchObject({ code: 'DATA_TOO_LARGE' });
    expect([Body.destroy.mock.calls.length, Body.transformToString.mock.calls.length]).toEqual([2, 0]);
  });

  test('a body that stops half way fails after its time-out', async () => {
    vi.useFakeTimers();
    try {
      const stopped = new Readable({ read: () => undefined });
      const { store } = storeOver({ ContentLength: 8 * MB, Body: Object.assign(stopped, { transformToString: () => text(stopped) }) });
      const reading = store.get(PID, HASH);
      await Promise.all([expect(reading).rejects.toMatchObject({ code: 'PAYLOAD_SLOW' }), vi.advanceTimersByTimeAsync(10_000)]);
    } finally {
      vi.useRealTimers();
    }
  });

  test('an existing value is read', async () => {
    const { store } = storeOver({ ContentLength: 7, Body: { transformToString: async () => '{"a":1}' } });
    expect(await store.get(PID, HASH)).toBe('{"a":1}');
  });
});

test('a removed folder is listed page by page, and no object of another instance is deleted', async () => {
  const sent: { readonly name: string; readonly input: Readonly<Record<string, unknown>> }[] = [];
  const pages = [
    { Contents: [{ Key: 'stock/default%23trip%23t-1/a' }, { Key: 'stock/default%23trip%23t-1/b' }], NextContinuationToken: 'next' },
    { Contents: [{ Key: 'stock/default%23trip%23t-1/c' }] },
  ];
  const client = {
    send: async (command: { readonly input: Readonly<Record<string, unknown>> }) => {
      sent.push({ name: command.constructor.name, input: command.input });
      return command.constructor.name === 'ListObjectsV2Command' ? pages.shift() : {};
    },
  };
  const store = new S3PayloadStore({ client: client as unknown as S3Client, bucket: 'b', owner: '111111111111', writer: 'orchestrator' });
  await store.removeFolder('stock', PID);
  const lists = sent.filter(({ name }) => name === 'ListObjectsV2Command').map(({ input }) => input);
  expect(lists).toEqual([
    { Bucket: 'b', ExpectedBucketOwner: '111111111111', Prefix: 'stock/default%23trip%23t-1/' },
    expect.objectContaining({ Prefix: 'stock/default%23trip%23t-1/', ContinuationToken: 'next' }),
  ]);
  expect(sent.flatMap(({ name, input }) => (name === 'DeleteObjectCommand' ? String(input['Key']).slice(-1) : []))).toEqual([
    'a',
    'b',
    'c',
  ]);
});
