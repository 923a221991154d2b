import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { aws, connect } from 'tutti/client';
import { awsError } from '../../lib/client/aws/aws-error.ts';
import { publishedSystem } from '../../lib/client/aws/published-system.ts';
import { approval, NoteAdded, order, shop } from './shop-orders.ts';

/** The responses of the endpoint, by the operation of the SDK. */
let answers: Record<string, { readonly status: number; readonly body: unknown } | undefined>;
let asked: string[];
let server: Server;
let endpoint: string;

const PARAMETERS = {
  table: 't',
  bus: 'b',
  bucket: 'k',
  'bucket-owner': '111111111111',
  'inbox-url': 'u/inbox',
  'starts-url': 'u/starts',
  'operations-url': 'u/operations',
  'hot-lane-url': 'u/lane.fifo',
  system: publishedSystem(shop),
};
const found = (parameters: Record<string, string> = PARAMETERS): { status: number; body: unknown } => ({
  status: 200,
  body: { Parameters: Object.entries(parameters).map(([key, Value]) => ({ Name: `/tutti/shop/${key}`, Value })) },
});
const denied = { status: 400, body: { __type: 'AccessDeniedException', message: 'User x is not authorized to do that' } };

beforeEach(async () => {
  answers = {};
  asked = [];
  server = createServer((request, response) => {
    const operation = String(request.headers['x-amz-target'] ?? 'query').replace(/^.*\./, '');
    asked.push(operation);
    const { status, body } = answers[operation] ?? {
      status: 400,
      body: { __type: 'ValidationException', message: `The test expects no ${operation}` },
    };
    request
      .resume()
      .on('end', () => response.writeHead(status, { 'content-type': 'application/x-amz-json-1.0' }).end(JSON.stringify(body)));
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  endpoint = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
});

afterEach(async () => {
  server.closeAllConnections();
  await new Promise((resolve) => server.close(resolve));
});

const client = (over: Partial<Parameters<typeof aws>[0]> = {}) =>
  connect(shop, aws({ name: 'shop', region: 'eu-central-1', endpoint, credentials: { accessKeyId: 'a', secretAccessKey: 's' }, ...over }));

const lamp = { orderId: 'o-1', item: 'lamp' };

test('a connection makes no call before its first use, and concurrent calls find the deployment once', async () => {
  answers = { GetParametersByPath: found(), GetItem: { status: 200, body: {} } };
  const shopClient = client();
  expect(asked).toEqual([]);
  const describes = ['o-1', 'o-2'].map((id) => shopClient.describe(order, id).catch((error: { code: string }) => error.code));
  expect(await Promise.all(describes)).toEqual(['NOT_FOUND', 'NOT_FOUND']);
  expect(asked.toSorted()).toEqual(['GetItem', 'GetItem', 'GetParametersByPath']);
});

test('a missing or incomplete deployment is NOT_FOUND with a remedy', async () => {
  answers = { GetParametersByPath: found({}) };
  const none = client();
  await expect(none.describe(order, 'o-1')).rejects.toMatchObject({
    code: 'NOT_FOUND',
    message: 'There is no deployment shop in eu-central-1: expected its published parameters under /tutti/shop.',
    remedy: expect.stringContaining('cdk deploy'),
  });
  const { bus: _, ...others } = PARAMETERS;
  answers = { GetParametersByPath: found(others) };
  await expect(none.describe(order, 'o-1')).rejects.toMatchObject({
    code: 'NOT_FOUND',
    message: expect.stringContaining('/tutti/shop/bus'),
  });
  // After a failure, the next use looks for the deployment again.
  answers = { GetParametersByPath: found(), GetItem: { status: 200, body: {} } };
  await expect(none.describe(order, 'o-1')).rejects.toMatchObject({ code: 'NOT_FOUND', message: expect.stringContaining('order o-1') });
});

test('a call without the right is DENIED, from every AWS service', async () => {
  answers = { GetParametersByPath: denied };
  await expect(client().describe(order, 'o-1')).rejects.toMatchObject({
    code: 'DENIED',
    message: expect.stringContaining('not authorized'),
  });
  answers = { GetParametersByPath: found(), GetItem: denied, Query: denied, PutEvents: denied, SendMessageBatch: denied };
  await expect(client().describe(order, 'o-1')).rejects.toMatchObject({ code: 'DENIED' });
  await expect(client().list({ process: order })[Symbol.asyncIterator]().next()).rejects.toMatchObject({ code: 'DENIED' });
  await expect(client().publish(NoteAdded, { orderId: 'o-1', text: '' })).rejects.toMatchObject({ code: 'DENIED' });
  answers = { ...answers, GetItem: { status: 200, body: {} } };
  await expect(client({ principal: 'ada' }).start(order, lamp)).rejects.toMatchObject({ code: 'DENIED' });
});

test('an endpoint that does not respond is UNREACHABLE', async () => {
  const closed = client({ endpoint: 'http://127.0.0.1:9' });
  await expect(closed.start(approval, { item: 'rug' })).rejects.toMatchObject({ code: 'UNREACHABLE', retryable: true });
});

test('awsError returns an error that is not from the SDK unchanged', () => {
  const bug = new TypeError('of ours');
  expect(awsError(bug, 'Reading')).toBe(bug);
  const gone = Object.assign(new Error('gone'), { name: 'ResourceNotFoundException', $metadata: {} });
  expect(awsError(gone, 'Reading')).toMatchObject({ code: 'UNREACHABLE', remedy: expect.stringContaining('Deploy'), cause: gone });
});
