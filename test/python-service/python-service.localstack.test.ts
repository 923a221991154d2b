import { createHash, randomUUID } from 'node:crypto';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { CreateTableCommand, DeleteTableCommand, DynamoDBClient } from '@aws-sdk/client-dynamodb';
import {
  CreateEventBusCommand,
  DeleteEventBusCommand,
  DeleteRuleCommand,
  PutRuleCommand,
  PutTargetsCommand,
  RemoveTargetsCommand,
} from '@aws-sdk/client-eventbridge';
import { CreateBucketCommand, PutObjectCommand, S3Client } from '@aws-sdk/client-s3';
import { DeleteMessageBatchCommand, ReceiveMessageCommand, SendMessageCommand } from '@aws-sdk/client-sqs';
import { Ajv2020 } from 'ajv/dist/2020.js';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { trips } from '../../examples/travel-booking/system.ts';
import { deadLetterName, deploymentNames } from '../../lib/adapters/aws/deployment-names.ts';
import { DynamoDbIdempotencyStore } from '../../lib/adapters/dynamodb/idempotency-store.ts';
import { type Json, canonical } from '../../lib/contract/wire/json.ts';
import type { CommandEnvelope, ReplyEnvelope } from '../../lib/contract/wire/envelope.ts';
import { exportContracts } from '../../lib/contract/export/export-contracts.ts';
import { toWire } from '../../lib/contract/wire/wire.ts';
import { createQueue, eventBridge, queueArn, sqs, uniqueName } from '../adapters/localstack-clients.ts';
import { LOCALSTACK_ACCOUNT } from '../localstack/endpoint.ts';
import { until } from '../localstack/outside/until.ts';
import { python } from './python.ts';
import { pythonWithBoto3, RunningService } from './running-service.ts';

/** The service with a queue, a bus, a table and a bucket that the test creates, without an orchestrator. */
const name = uniqueName('wire');
const names = deploymentNames(name);
const table = names.commandTable('hotels');
const folder = mkdtempSync(join(tmpdir(), 'python-service-'));
const dynamodb = new DynamoDBClient();
const s3 = new S3Client();
const store = new DynamoDbIdempotencyStore({ client: dynamodb, table });
const LEASE_SECONDS = 3;

let queue: string;
let deadLetters: string;
let probe: string;
let program: string;
let service: RunningService;
const seen: ReplyEnvelope[] = [];

const start = (networkSeconds: number): Promise<RunningService> =>
  RunningService.start(program, {
    TUTTI_QUEUE_URL: queue,
    TUTTI_DEAD_LETTER_URL: deadLetters,
    TUTTI_BUS: name,
    TUTTI_COMMAND_TABLE: table,
    TUTTI_BUCKET: name,
    TUTTI_BUCKET_OWNER: LOCALSTACK_ACCOUNT,
    TUTTI_LEASE_SECONDS: String(LEASE_SECONDS),
    HOTELS_DATABASE: join(folder, 'hotels.db'),
    HOTELS_NETWORK_SECONDS: String(networkSeconds),
  });

beforeAll(async () => {
  program = await pythonWithBoto3();
  queue = await createQueue(names.queue('hotels'));
  deadLetters = await createQueue(deadLetterName(names.queue('hotels')));
  probe = await createQueue(uniqueName('wire-probe'));
  await dynamodb.send(
    new CreateTableCommand({
      TableName: table,
      BillingMode: 'PAY_PER_REQUEST',
      KeySchema: [{ AttributeName: 'id', KeyType: 'HASH' }],
      AttributeDefinitions: [{ AttributeName: 'id', AttributeType: 'S' }],
    }),
  );
  await s3.send(new CreateBucketCommand({ Bucket: name }));
  await eventBridge.send(new CreateEventBusCommand({ Name: name }));
  const rule = { EventBusName: name, Name: 'replies' };
  await eventBridge.send(
    new PutRuleCommand({ ...rule, EventPattern: JSON.stringify({ source: ['hotels'], detail: { replyto: [name] } }) }),
  );
  await eventBridge.send(
    new PutTargetsCommand({ EventBusName: name, Rule: rule.Name, Targets: [{ Id: 'probe', Arn: await queueArn(probe) }] }),
  );
  service = await start(0);
});

afterAll(async () => {
  await service.end('SIGKILL');
  const rule = { EventBusName: name, Rule: 'replies' };
  await eventBridge.send(new RemoveTargetsCommand({ ...rule, Ids: ['probe'] }));
  await eventBridge.send(new DeleteRuleCommand({ EventBusName: name, Name: rule.Rule }));
  await eventBridge.send(new DeleteEventBusCommand({ Name: name }));
  await dynamodb.send(new DeleteTableCommand({ TableName: table }));
  rmSync(folder, { recursive: true });
});

const FUTURE = '2999-01-01T00:00:00.000Z';
const PAST = '2026-01-01T00:00:00.000Z';
const lisbon = { city: 'Lisbon', from: '2027-01-01', nights: 3 };
const hashOf = (data: Json): string => `sha256:${createHash('sha256').update(canonical(data)).digest('hex')}`;

function command(id: string, over: Partial<CommandEnvelope> = {}): CommandEnvelope {
  const data = (over.data ?? lisbon) as Json;
  return {
    specversion: '1.0',
    id: `default#book-trip#${id}/r5f2c/3`,
    source: name,
    type: 'hotels.book',
    time: new Date().toISOString(),
    datacontenttype: 'application/json',
    datahash: hashOf(data),
    subject: id,
    attempt: 1,
    deadline: FUTURE,
    replyto: name,
    replytoken: 'h1.Kx',
    hops: 0,
    ...(over.dataref === undefined && { data }),
    ...over,
  };
}

async function send(envelope: CommandEnvelope): Promise<void> {
  await sqs.send(new SendMessageCommand({ QueueUrl: queue, MessageBody: toWire(envelope) }));
}

/** The replies to a command, when there are `count` of them. */
async function replies(to: CommandEnvelope, count = 1): Promise<readonly ReplyEnvelope[]> {
  const found = (): readonly ReplyEnvelope[] => seen.filter(({ commandid }) => commandid === to.id);
  return until(
    `${count} replies to ${to.id}`,
    async () => {
      for (const body of await taken(probe)) seen.push((JSON.parse(body) as { readonly detail: ReplyEnvelope }).detail);
      return found().length >= count && found();
    },
    { report: async () => service.said },
  );
}

async function taken(url: string): Promise<readonly string[]> {
  const { Messages = [] } = await sqs.send(new ReceiveMessageCommand({ QueueUrl: url, MaxNumberOfMessages: 10 }));
  const Entries = Messages.map(({ ReceiptHandle }, index) => ({ Id: String(index), ReceiptHandle }));
  if (Entries.length > 0) await sqs.send(new DeleteMessageBatchCommand({ QueueUrl: url, Entries }));
  return Messages.map(({ Body }) => Body as string);
}

/** Number of bookings that the hotel network made for a command. */
function bookings({ id }: CommandEnvelope): number {
  const query = `import sqlite3, sys; print(sqlite3.connect(sys.argv[1]).execute("SELECT count(*) FROM bookings WHERE key = ?", (sys.argv[2],)).fetchone()[0])`;
  return Number(python(['-c', query, join(folder, 'hotels.db'), id]).stdout);
}

test('a command is answered on the bus by its contract, and a duplicate from the record, byte for byte', async () => {
  const booked = command('cart-1', { tenant: 'acme', traceparent: '00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01' });
  await send(booked);
  const [first] = await replies(booked);
  expect(first).toMatchObject({
    source: 'hotels',
    type: 'hotels.book.completed',
    outcome: 'completed',
    commandhash: booked.datahash,
    subject: 'cart-1',
    tenant: 'acme',
    traceparent: booked.traceparent,
    replytoken: 'h1.Kx',
    data: { reference: expect.stringMatching(/^HT\d+$/) },
  });
  await send(booked);
  const [, second] = await replies(booked, 2);
  expect(second).toEqual(first);
  expect(bookings(booked)).toBe(1);
  const record = await store.read(booked.id);
  expect(record).toMatchObject({ state: 'DONE', hash: booked.datahash, revision: 2 });
  expect(JSON.parse(record!.reply!)).toEqual(first);
});

test('a declared error is a definite answer, and every answer conforms to the exported schemas', async () => {
  const full = command('cart-2', { data: { ...lisbon, city: 'Venice', from: '2027-02-05' } });
  await send(full);
  expect((await replies(full))[0]).toMatchObject({ outcome: 'failed', data: { type: 'SoldOut', data: { freeFrom: '2027-02-17' } } });
  const ajv = new Ajv2020({ strict: false, formats: { date: true, email: true } });
  for (const { path, json } of exportContracts(trips, { ...names, deadLetter: deadLetterName }))
    if (path !== 'asyncapi.json') ajv.addSchema(json);
  for (const reply of seen) expect([reply, ajv.validate('tutti://trips/messages/hotels.book.reply.json', reply)]).toEqual([reply, true]);
});

test('a command that is settled before it begins is cancelled, and its late copy does not run', async () => {
  const settled = command('cart-3', { deadline: PAST });
  await send(settled);
  expect((await replies(settled))[0]).toMatchObject({ outcome: 'cancelled', data: null });
  await send({ ...settled, deadline: FUTURE });
  expect((await replies(settled, 2))[1]).toMatchObject({ outcome: 'cancelled' });
  expect([bookings(settled), (await store.read(settled.id))?.state]).toEqual([0, 'TOMB']);
});

test('a command that is settled after its completion is answered completed', async () => {
  const done = command('cart-4');
  await send(done);
  const [first] = await replies(done);
  await send({ ...done, deadline: PAST, attempt: 2 });
  expect((await replies(done, 2))[1]).toEqual(first);
});

test('an undo is an ordinary command', async () => {
  const booked = command('cart-5');
  await send(booked);
  const [{ data }] = (await replies(booked)) as readonly [ReplyEnvelope];
  const undo = command('cart-5', {
    id: 'default#book-trip#cart-5/r5f2c/7',
    type: 'hotels.cancel',
    data: data!,
    undoes: booked.id,
    undoesoutcome: 'completed',
  });
  await send(undo);
  expect((await replies(undo))[0]).toMatchObject({ type: 'hotels.cancel.completed', data: null });
});

test('a recorded id with other data is refused and moved to the dead-letter queue', async () => {
  const first = command('cart-6');
  await send(first);
  await replies(first);
  await send(command('cart-6', { data: { ...lisbon, nights: 4 } }));
  const [refused] = await until('the refused command', async () => {
    const bodies = await taken(deadLetters);
    return bodies.length > 0 && bodies;
  });
  expect((JSON.parse(refused!) as CommandEnvelope).data).toEqual({ ...lisbon, nights: 4 });
  await send(first);
  expect(await replies(first, 2)).toHaveLength(2);
});

test('data in the bucket is read, and refused if it belongs to another instance or to another command', async () => {
  const data = { ...lisbon, wish: 'ein ruhiges Zimmer 😀 '.repeat(8_000) };
  const put = async (cart: string): Promise<string> => {
    const key = `orchestrator/default%23book-trip%23${cart}/${hashOf(data).slice(7)}`;
    await s3.send(new PutObjectCommand({ Bucket: name, Key: key, Body: canonical(data) }));
    return `s3://${name}/${key}`;
  };
  const dataref = await put('cart-7');
  const large = command('cart-7', { dataref, datahash: hashOf(data) });
  await send(large);
  expect((await replies(large))[0]).toMatchObject({ outcome: 'completed' });
  const ofAnother = command('cart-8', { dataref, datahash: hashOf(data) });
  const forged = command('cart-10', { dataref: await put('cart-10'), datahash: hashOf(lisbon) });
  await send(ofAnother);
  await send(forged);
  await until('the refusal of the data of another instance', async () =>
    /cart-8.*the orchestrator did not store its dataref/.test(service.said),
  );
  await until('the refusal of other data', async () => /cart-10.* does not match the datahash/.test(service.said));
  expect([await store.read(ofAnother.id), await store.read(forged.id)]).toEqual([undefined, undefined]);
});

test('SIGTERM ends the service with 0, and after a kill during a booking the next process answers and books once', async () => {
  expect(await service.end('SIGTERM')).toBe(0);
  service = await start(30);
  const booked = command('cart-9');
  await send(booked);
  await until('the booking at the hotels', async () => bookings(booked) === 1);
  expect(await service.end('SIGKILL')).toBe(null);
  expect((await store.read(booked.id))?.state).toBe('RUN');
  service = await start(0);
  expect((await replies(booked))[0]).toMatchObject({ outcome: 'completed' });
  expect([bookings(booked), (await store.read(booked.id))?.revision]).toEqual([1, expect.any(Number)]);
});

test('heartbeats keep the command of a handler that takes longer than its lease', async () => {
  await service.end('SIGKILL');
  service = await start(LEASE_SECONDS * 2.5);
  const slow = command(`cart-${randomUUID()}`);
  await send(slow);
  await send(slow);
  const [first, second] = await replies(slow, 2);
  expect(second).toEqual(first);
  expect([bookings(slow), service.said]).toEqual([1, expect.not.stringContaining('taken over')]);
});
