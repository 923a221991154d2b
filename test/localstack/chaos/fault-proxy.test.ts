import { createServer, type Server } from 'node:http';
import { once } from 'node:events';
import type { AddressInfo } from 'node:net';
import { BatchGetItemCommand, DynamoDBClient, PutItemCommand, UpdateItemCommand } from '@aws-sdk/client-dynamodb';
import { EventBridgeClient } from '@aws-sdk/client-eventbridge';
import { GetObjectCommand, S3Client } from '@aws-sdk/client-s3';
import { ReceiveMessageCommand, SendMessageCommand, SQSClient } from '@aws-sdk/client-sqs';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { getItems } from '../../../lib/adapters/dynamodb/get-items.ts';
import { EventBridgeEventPublisher } from '../../../lib/adapters/eventbridge/event-publisher.ts';
import { SqsMessageQueue } from '../../../lib/adapters/sqs/message-queue.ts';
import { SqsMessageSender } from '../../../lib/adapters/sqs/message-sender.ts';
import { Choices } from '../../simulation/world/choices.ts';
import type { Service } from './aws-request.ts';
import { FAULT_KINDS, type FaultKind } from './fault-plan.ts';
import { FaultProxy, type FaultProxyOptions } from './fault-proxy.ts';

type Json = any;

/** A service that keeps what it was asked, and answers each operation with success. */
let asked: { readonly operation: string; readonly body: Json }[];
let upstream: Server;
let proxy: FaultProxy;

const successes: Readonly<Record<string, (body: Json) => unknown>> = {
  SendMessage: () => ({ MessageId: 'm-1' }),
  SendMessageBatch: ({ Entries }) => ({ Successful: Entries.map(({ Id }: Json) => ({ Id, MessageId: `m-${Id}` })) }),
  DeleteMessageBatch: ({ Entries }) => ({ Successful: Entries.map(({ Id }: Json) => ({ Id })) }),
  PutEvents: ({ Entries }) => ({ FailedEntryCount: 0, Entries: Entries.map(({ Detail }: Json) => ({ EventId: `e-${Detail}` })) }),
  BatchGetItem: ({ RequestItems }) => ({ Responses: { trips: RequestItems['trips'].Keys }, UnprocessedKeys: {} }),
};

beforeEach(async () => {
  asked = [];
  upstream = createServer((request, response) => {
    const chunks: Buffer[] = [];
    request.on('data', (chunk: Buffer) => chunks.push(chunk));
    request.on('end', () => {
      const operation = String(request.headers['x-amz-target'] ?? request.method)
        .split('.')
        .at(-1)!;
      const text = Buffer.concat(chunks).toString();
      const body = text === '' ? {} : JSON.parse(text);
      asked.push({ operation, body });
      response.end(operation === 'GET' ? 'x'.repeat(300_000) : JSON.stringify(successes[operation]?.(body) ?? {}));
      upstream.emit('asked');
    });
  });
  upstream.listen(0, '127.0.0.1');
  await once(upstream, 'listening');
});

afterEach(async () => {
  await proxy.close();
  upstream.closeAllConnections();
  upstream.close();
});

/** A proxy that does this to every call of a service to which it can happen; with `lasting` 1 to all tries, else to the first. */
async function proxyThat(kind: FaultKind, service: Service, more: Partial<FaultProxyOptions> = {}): Promise<void> {
  const { port } = upstream.address() as AddressInfo;
  const rates = { dynamodb: {}, sqs: {}, events: {}, s3: {}, [service]: { [kind]: 1 } };
  proxy = await FaultProxy.start({ endpoint: `http://127.0.0.1:${port}`, choices: Choices.seeded('unit'), rates, lasting: 0, ...more });
}

const settings = (maxAttempts = 4) => ({
  endpoint: proxy.url,
  region: 'us-east-1',
  credentials: { accessKeyId: 'test', secretAccessKey: 'test' },
  maxAttempts,
});
const update = new UpdateItemCommand({ TableName: 'trips', Key: { pk: { S: 'a' } } });
const putTwice = async (client: DynamoDBClient): Promise<void> => {
  for (const name of ['a', 'b']) await client.send(new PutItemCommand({ TableName: 'trips', Item: { pk: { S: name } } }));
};
const queueUrl = 'http://127.0.0.1/000000000000/trips-hotels';
const sender = (maxAttempts?: number) =>
  new SqsMessageSender({ client: new SQSClient({ ...settings(maxAttempts), md5: false }), queueUrls: () => queueUrl });
const publisher = (maxAttempts?: number) =>
  new EventBridgeEventPublisher({ client: new EventBridgeClient(settings(maxAttempts)), busName: 'trips' });
const operations = (): readonly string[] => asked.map(({ operation }) => operation);
const entriesOf = (index: number): readonly string[] => asked[index]!.body.Entries.map(({ Id, Detail }: Json) => Id ?? Detail);

describe('a call without a fault', () => {
  test('goes through as it is, in any size, when the proxy is switched off', async () => {
    await proxyThat('server-error', 's3', { lasting: 1 });
    proxy.faulty = false;
    const { Body } = await new S3Client({ ...settings(), forcePathStyle: true }).send(new GetObjectCommand({ Bucket: 'b', Key: 'k' }));
    expect(await Body!.transformToString()).toHaveLength(300_000);
    expect([...proxy.injected]).toEqual([]);
  });

  test('is what another service is asked', async () => {
    await proxyThat('server-error', 'sqs', { lasting: 1 });
    await putTwice(new DynamoDBClient(settings(1)));
    expect(operations()).toEqual(['PutItem', 'PutItem']);
    expect(Object.fromEntries(proxy.calls)).toEqual({ dynamodb: 2 });
  });

  test('is a call whose kind of operation knows no such fault', async () => {
    await proxyThat('sent-twice', 'sqs', { lasting: 1 });
    await new SQSClient(settings(1)).send(new ReceiveMessageCommand({ QueueUrl: queueUrl }));
    expect(operations()).toEqual(['ReceiveMessage']);
  });
});

describe('an answer that is lost', () => {
  test('is a write that was done and is tried again', async () => {
    await proxyThat('answer-lost', 'dynamodb');
    await new DynamoDBClient(settings()).send(update);
    expect(operations()).toEqual(['UpdateItem', 'UpdateItem']);
    expect(Object.fromEntries(proxy.injected)).toEqual({ 'dynamodb answer-lost': 1 });
  });

  test('is an error of the caller, where it stays, though the write was done', async () => {
    await proxyThat('answer-lost', 'dynamodb', { lasting: 1 });
    await expect(new DynamoDBClient(settings(2)).send(update)).rejects.toMatchObject({ code: 'ECONNRESET' });
    expect(operations()).toEqual(['UpdateItem', 'UpdateItem']);
  });
});

describe('a refusal', () => {
  test.each([
    ['dynamodb', /ProvisionedThroughputExceeded|Throttling|RequestLimitExceeded/],
    ['sqs', /RequestThrottled/],
    ['events', /ThrottlingException/],
    ['s3', /SlowDown/],
  ] as const)('of %s that throttles is known to the SDK as one, by its name', async (service, name) => {
    await proxyThat('throttled', service, { lasting: 1 });
    await expect(oneCall[service](2)).rejects.toMatchObject({ name: expect.stringMatching(name), $metadata: { attempts: 2 } });
    expect(asked).toEqual([]);
  });

  test.each(['dynamodb', 'sqs', 'events', 's3'] as const)('of %s that has a fault of its own is tried again', async (service) => {
    await proxyThat('server-error', service);
    await oneCall[service](2);
    expect(asked).toHaveLength(1);
    expect(Object.fromEntries(proxy.injected)).toEqual({ [`${service} server-error`]: 1 });
  });

  test('of a server tells its status', async () => {
    await proxyThat('server-error', 'dynamodb', { lasting: 1 });
    await expect(oneCall.dynamodb(1)).rejects.toMatchObject({ $metadata: { httpStatusCode: expect.toSatisfy((status) => status >= 500) } });
  });
});

const oneCall: Readonly<Record<Service, (maxAttempts: number) => Promise<unknown>>> = {
  dynamodb: (maxAttempts) => new DynamoDBClient(settings(maxAttempts)).send(update),
  sqs: (maxAttempts) =>
    new SQSClient({ ...settings(maxAttempts), md5: false }).send(new SendMessageCommand({ QueueUrl: queueUrl, MessageBody: 'a' })),
  events: async (maxAttempts) => {
    const { EventBridgeClient, PutEventsCommand } = await import('@aws-sdk/client-eventbridge');
    return new EventBridgeClient(settings(maxAttempts)).send(new PutEventsCommand({ Entries: [{ Detail: '1' }] }));
  },
  s3: (maxAttempts) =>
    new S3Client({ ...settings(maxAttempts), forcePathStyle: true }).send(new GetObjectCommand({ Bucket: 'b', Key: 'k' })),
};

describe('a partial failure', () => {
  const bodies = ['a', 'b', 'c', 'd', 'e', 'f'];

  test('of SendMessageBatch: what is said to have failed was not sent, and the rest was', async () => {
    await proxyThat('entries-failed', 'sqs');
    const results = await sender().send(
      'hotels',
      bodies.map((body) => ({ body })),
    );
    const sent = results.flatMap((result, index) => (result.status === 'sent' ? [String(index)] : []));
    expect(sent.length).toBeLessThan(bodies.length);
    expect(sent.length).toBeGreaterThan(0);
    expect(entriesOf(0)).toEqual(sent);
    expect(results.find(({ status }) => status === 'failed')).toMatchObject({ senderFault: false });
  });

  test('of PutEvents: the results stand in the order of the entries', async () => {
    await proxyThat('entries-failed', 'events');
    const results = await publisher().publish(bodies.map((detail) => ({ source: 'hotels', type: 'hotels.booked', detail })));
    const published = results.flatMap((result, index) => (result.status === 'published' ? [bodies[index]] : []));
    expect(published.length).toBeLessThan(bodies.length);
    expect(published.length).toBeGreaterThan(0);
    expect(entriesOf(0)).toEqual(published);
    expect(results.flatMap((result) => (result.status === 'published' ? [result.eventId] : []))).toEqual(
      published.map((each) => `e-${each}`),
    );
  });

  test('of DeleteMessageBatch names the handles that were not deleted', async () => {
    await proxyThat('entries-failed', 'sqs');
    const failed = await new SqsMessageQueue({ client: new SQSClient(settings()), queueUrl }).delete(bodies);
    const deleted = asked[0]!.body.Entries.map(({ ReceiptHandle }: Json) => ReceiptHandle);
    expect(failed.length).toBeGreaterThan(0);
    expect(new Set([...failed, ...deleted])).toEqual(new Set(bodies));
  });

  test('of a batch of one forwards nothing', async () => {
    await proxyThat('entries-failed', 'sqs');
    expect(await sender().send('hotels', [{ body: 'a' }])).toEqual([expect.objectContaining({ status: 'failed' })]);
    expect(asked).toEqual([]);
  });

  test('of BatchGetItem leaves keys unprocessed, which are asked for until all have come', async () => {
    await proxyThat('keys-unprocessed', 'dynamodb');
    const keys = bodies.map((pk) => ({ pk: { S: pk } }));
    const client = new DynamoDBClient(settings());
    const first = await client.send(new BatchGetItemCommand({ RequestItems: { trips: { Keys: keys } } }));
    expect(first.UnprocessedKeys?.['trips']?.Keys?.length).toBeGreaterThan(0);
    expect(first.Responses?.['trips']!.length).toBe(keys.length - first.UnprocessedKeys!['trips']!.Keys!.length);

    const items = await getItems(keys, {
      client,
      table: 'trips',
      consistent: true,
      // After the first round nothing is left out any more.
      pause: () => Promise.resolve(void (proxy.faulty = false)),
    });
    expect(items.map((item) => item['pk']!.S!).sort()).toEqual(bodies);
  });
});

describe('a message', () => {
  test('that is sent twice is answered once', async () => {
    await proxyThat('sent-twice', 'sqs');
    expect(await sender().send('hotels', [{ body: 'a' }])).toEqual([{ status: 'sent', messageId: 'm-0' }]);
    expect(operations()).toEqual(['SendMessageBatch', 'SendMessageBatch']);
  });

  test('on the bus that is sent twice is answered once', async () => {
    await proxyThat('sent-twice', 'events');
    expect(await publisher().publish([{ source: 'hotels', type: 'hotels.booked', detail: '1' }])).toEqual([
      { status: 'published', eventId: 'e-1' },
    ]);
    expect(operations()).toEqual(['PutEvents', 'PutEvents']);
  });
});

describe('latency', () => {
  test('latency is a pause before the service receives the call, which then succeeds', async () => {
    const pauses: number[] = [];
    await proxyThat('slow', 'dynamodb', { pause: (milliseconds) => Promise.resolve(pauses.push(milliseconds, asked.length)) });
    await new DynamoDBClient(settings()).send(update);
    expect(pauses).toEqual([expect.toSatisfy((milliseconds) => milliseconds > 0 && milliseconds < 1_000), 0]);
    expect(operations()).toEqual(['UpdateItem']);
  });

  test('that outlasts the caller is a call that is done after it has given up', async () => {
    let goOn: () => void = () => undefined;
    let held: () => void = () => undefined;
    const holding = new Promise<void>((resolve) => (held = resolve));
    const pause = (): Promise<void> => {
      held();
      return new Promise<void>((resolve) => (goOn = resolve));
    };
    await proxyThat('arrives-late', 'dynamodb', { pause });
    const client = new DynamoDBClient({ ...settings(1), requestHandler: { requestTimeout: 1_000, throwOnRequestTimeout: true } });
    await expect(client.send(update)).rejects.toMatchObject({ name: 'TimeoutError' });
    await holding;
    expect(asked).toEqual([]);
    const arrived = once(upstream, 'asked');
    goOn();
    await arrived;
    expect(operations()).toEqual(['UpdateItem']);
  });
});

test('a seed draws all kinds of faults, and the same ones again', async () => {
  const draw = async (): Promise<Readonly<Record<string, number>>> => {
    const rates = Object.fromEntries(FAULT_KINDS.map((kind) => [kind, 0.1]));
    await proxyThat('throttled', 'sqs', {
      rates: { dynamodb: rates, sqs: rates, events: rates, s3: rates },
      pause: () => Promise.resolve(),
    });
    const events = [{ source: 'hotels', type: 'hotels.booked', detail: '1' }];
    const table = new DynamoDBClient(settings(1));
    const bus = publisher(1);
    const read = new BatchGetItemCommand({ RequestItems: { trips: { Keys: [{ pk: { S: 'a' } }] } } });
    for (let round = 0; round < 60; round += 1) {
      await bus.publish(events);
      await table.send(read).catch(() => undefined);
    }
    return Object.fromEntries(proxy.injected);
  };
  const first = await draw();
  await proxy.close();
  expect(new Set(Object.keys(first).map((name) => name.split(' ')[1]))).toEqual(new Set(FAULT_KINDS));
  expect(await draw()).toEqual(first);
});
