import { spawn, type ChildProcess } from 'node:child_process';
import { createHash } from 'node:crypto';
import { once } from 'node:events';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import {
  CreateEventBusCommand,
  DeleteEventBusCommand,
  DeleteRuleCommand,
  PutRuleCommand,
  PutTargetsCommand,
  RemoveTargetsCommand,
} from '@aws-sdk/client-eventbridge';
import { CreateBucketCommand, S3Client } from '@aws-sdk/client-s3';
import { ReceiveMessageCommand, type Message } from '@aws-sdk/client-sqs';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { placeForeignSystems } from '../../examples/foreign-systems/ledger.ts';
import { paymentProvider } from '../../examples/foreign-systems/payment-provider.ts';
import { handler as paymentsOfTheTrip } from '../../examples/travel-booking/payments/service.ts';
import { COMMAND_TABLE } from '../../lib/adapters/dynamodb/tables.ts';
import { S3PayloadStore } from '../../lib/adapters/s3/payload-store.ts';
import { SqsMessageQueue } from '../../lib/adapters/sqs/message-queue.ts';
import { SqsMessageSender } from '../../lib/adapters/sqs/message-sender.ts';
import { canonical } from '../../lib/contract/wire/json.ts';
import type { CommandEnvelope, ReplyEnvelope } from '../../lib/contract/wire/envelope.ts';
import { toWire } from '../../lib/contract/wire/wire.ts';
import type { BatchResponse } from '../../lib/service/aws/lambda-host.ts';
import type { Served } from '../../lib/service/served.ts';
import { FreshTables } from '../adapters/dynamodb/fresh-tables.ts';
import { createQueue, eventBridge, queueArn, sqs, uniqueName } from '../adapters/localstack-clients.ts';
import { LOCALSTACK_ACCOUNT } from '../localstack/endpoint.ts';
import { servePayments } from './payments.ts';
import { command, ID } from './service-rig.ts';

const name = uniqueName('served');
const bucket = `${name}-payloads`;
const tables = new FreshTables();
const s3 = new S3Client();
let queueUrl: string;
let sender: SqsMessageSender;
let answers: SqsMessageQueue;

/** The resources that the constructs create for a service, and a rule that sends replies to `trips` to a queue. */
beforeAll(async () => {
  placeForeignSystems('memory');
  queueUrl = await createQueue(name, { VisibilityTimeout: '30' });
  const answersUrl = await createQueue(`${name}-answers`);
  const deadLetterUrl = await createQueue(`${name}-dead-letter`);
  await eventBridge.send(new CreateEventBusCommand({ Name: name }));
  await eventBridge.send(
    new PutRuleCommand({ EventBusName: name, Name: 'replies', EventPattern: JSON.stringify({ detail: { replyto: ['trips'] } }) }),
  );
  await eventBridge.send(
    new PutTargetsCommand({ EventBusName: name, Rule: 'replies', Targets: [{ Id: 'answers', Arn: await queueArn(answersUrl) }] }),
  );
  await s3.send(new CreateBucketCommand({ Bucket: bucket }));
  Object.assign(process.env, {
    TUTTI_BUS: name,
    TUTTI_BUCKET: bucket,
    TUTTI_BUCKET_OWNER: LOCALSTACK_ACCOUNT,
    TUTTI_COMMAND_TABLE: await tables.make(COMMAND_TABLE),
    TUTTI_QUEUE_URL: queueUrl,
    TUTTI_DEAD_LETTER_URL: deadLetterUrl,
  });
  sender = new SqsMessageSender({ client: sqs, queueUrls: () => queueUrl });
  answers = new SqsMessageQueue({ client: sqs, queueUrl: answersUrl });
});

afterAll(async () => {
  await eventBridge.send(new RemoveTargetsCommand({ EventBusName: name, Rule: 'replies', Ids: ['answers'] }));
  await eventBridge.send(new DeleteRuleCommand({ EventBusName: name, Name: 'replies' }));
  await eventBridge.send(new DeleteEventBusCommand({ Name: name }));
  await tables.drop();
});

async function send(...commands: readonly Partial<CommandEnvelope>[]): Promise<void> {
  const deadline = new Date(Date.now() + 600_000).toISOString();
  const results = await sender.send(
    'payments',
    commands.map((over) => ({ body: toWire(command({ deadline, ...over })), groupId: 'book-trip' })),
  );
  expect(results.map(({ status }) => status)).toEqual(commands.map(() => 'sent'));
}

/** Receives `size` messages and calls the function as an event source mapping does. The messages are not redelivered. */
async function invoke(handler: Served, size: number): Promise<BatchResponse> {
  const messages: Message[] = [];
  while (messages.length < size) {
    const { Messages = [] } = await sqs.send(
      new ReceiveMessageCommand({ QueueUrl: queueUrl, MaxNumberOfMessages: 10, WaitTimeSeconds: 5, MessageSystemAttributeNames: ['All'] }),
    );
    messages.push(...Messages);
  }
  const Records = messages.map(({ MessageId, ReceiptHandle, Body, Attributes }) => {
    return { messageId: MessageId, receiptHandle: ReceiptHandle, body: Body, attributes: Attributes, eventSource: 'aws:sqs' };
  });
  const response = (await handler({ Records }, { getRemainingTimeInMillis: () => 30_000 })) as BatchResponse;
  await new SqsMessageQueue({ client: sqs, queueUrl }).delete(messages.map(({ ReceiptHandle }) => ReceiptHandle as string));
  return response;
}

/** The next replies that reach the system's queue, in the order of their ids. */
async function replies(count: number): Promise<ReplyEnvelope[]> {
  const found: ReplyEnvelope[] = [];
  for (let polls = 0; found.length < count && polls < 10; polls += 1) {
    const messages = await answers.receive({ max: 10, waitSeconds: 3, visibilitySeconds: 60 });
    await answers.delete(messages.map(({ receiptHandle }) => receiptHandle));
    found.push(...messages.map(({ body }) => (JSON.parse(body) as { readonly detail: ReplyEnvelope }).detail));
  }
  return found.toSorted((one, other) => (one.id < other.id ? -1 : 1));
}

test('the service payments answers each command of a batch once as a Lambda function', async () => {
  const [charge, declined] = [`${ID}1`, `${ID}2`];
  await send({ id: charge }, { id: declined, data: { amount: 5, card: 'tok_no_funds' } }, { id: charge, attempt: 2 });
  const { batchItemFailures } = await invoke(paymentsOfTheTrip, 3);
  // If the second copy arrives while the first runs, it is redelivered; otherwise the recorded reply is published again.
  expect(batchItemFailures.length).toBeLessThanOrEqual(1);
  const found = await replies(3 - batchItemFailures.length);
  expect(new Set(found.map(({ id, type }) => `${id} ${type}`))).toEqual(
    new Set([`${charge}:completed payments.payment-charged`, `${declined}:failed payments.charge.failed`]),
  );
  expect(paymentProvider.charged()).toHaveLength(1);
});

test('the service payments polls its queue until its signal aborts', async () => {
  const stop = new AbortController();
  const ended = paymentsOfTheTrip.poll({ queueUrl, signal: stop.signal });
  const before = paymentProvider.refunded().length;
  await send({ id: `${ID}3`, type: 'payments.refund', data: { paymentId: 'p-1001' } });
  expect(await replies(1)).toMatchObject([{ id: `${ID}3:completed`, source: 'payments', outcome: 'completed' }]);
  stop.abort();
  await ended;
  expect(paymentProvider.refunded()).toHaveLength(before + 1);
});

test('a command and an answer of more than 100 KB are stored in the bucket', async () => {
  const orchestrator = new S3PayloadStore({ client: s3, bucket, owner: LOCALSTACK_ACCOUNT, writer: 'orchestrator' });
  const data = canonical({ amount: 7, card: 'x'.repeat(150_000) });
  const hash = createHash('sha256').update(data).digest('hex');
  await orchestrator.put('default#book-trip#cart-42', hash, data);
  const handler = servePayments(async ({ card }) => ({ paymentId: 'p-1', note: card }));
  const { data: _, ...rest } = command({ id: `${ID}4` });
  const dataref = orchestrator.reference('default#book-trip#cart-42', hash);
  const deadline = new Date(Date.now() + 600_000).toISOString();
  await sender.send('payments', [{ body: toWire({ ...rest, deadline, dataref, datahash: `sha256:${hash}` }) }]);
  expect(await invoke(handler, 1)).toEqual({ batchItemFailures: [] });
  const [reply] = await replies(1);
  expect(reply).toMatchObject({ outcome: 'completed', dataref: expect.stringMatching(`^s3://${bucket}/payments/`) as string });
  expect(reply?.data).toBeUndefined();
  expect(JSON.parse((await orchestrator.fetch(reply?.dataref as string)) as string)).toEqual({
    paymentId: 'p-1',
    note: 'x'.repeat(150_000),
  });
});

test('the service hotels runs as a program, and ends running handlers after SIGTERM', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'hotels-'));
  const program = spawn(process.execPath, ['--conditions=source', '--import', 'tsx', 'examples/travel-booking/hotels/poll.ts'], {
    env: { ...process.env, FOREIGN_SYSTEMS: folder },
    stdio: ['ignore', 'ignore', 'pipe'],
  });
  try {
    await send({ id: `${ID}5`, type: 'hotels.book', data: { city: 'Rome', from: '2027-01-01', nights: 2 } });
    expect(await replies(1)).toMatchObject([{ id: `${ID}5:completed`, source: 'hotels', data: { reference: 'HT101' } }]);
    expect(await ending(program)).toBe(0);
    expect(readFileSync(join(folder, 'hotels.jsonl'), 'utf8').trim().split('\n')).toHaveLength(1);
  } finally {
    program.kill('SIGKILL');
    rmSync(folder, { recursive: true });
  }
});

async function ending(program: ChildProcess): Promise<number | null> {
  const exit = once(program, 'exit');
  program.kill('SIGTERM');
  const [code] = (await exit) as [number | null];
  return code;
}
