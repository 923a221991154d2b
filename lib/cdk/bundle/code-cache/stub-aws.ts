import { createHash } from 'node:crypto';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { REPLY_KEYS_PARTITION } from '../../../adapters/dynamodb/tables.ts';

/**
 * Answers requests to DynamoDB, SQS and EventBridge like a deployment without instances. Each request succeeds at once and changes
 * nothing.
 */
export async function startStub(): Promise<{ readonly endpoint: string; readonly targets: string[]; readonly close: () => void }> {
  const targets: string[] = [];
  const server: Server = createServer((request, response) => {
    const chunks: Buffer[] = [];
    request.on('data', (chunk: Buffer) => chunks.push(chunk));
    request.on('end', () => {
      const target = String(request.headers['x-amz-target']).split('.').at(-1) ?? '';
      targets.push(target);
      response.setHeader('content-type', 'application/x-amz-json-1.0');
      response.end(JSON.stringify(answerOf(target, Buffer.concat(chunks).toString())));
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  return { endpoint: `http://127.0.0.1:${port}`, targets, close: () => server.close() };
}

/** The account of the stub, from which its messages come. */
export const STUB_ACCOUNT = '111111111111';

/** The environment of a function whose deployment is the stub. */
export function stubEnvironment(endpoint: string): Readonly<Record<string, string>> {
  return {
    AWS_ENDPOINT_URL: endpoint,
    AWS_REGION: 'eu-central-1',
    AWS_ACCESS_KEY_ID: 'stub',
    AWS_SECRET_ACCESS_KEY: 'stub',
    TUTTI_NAME: 'trips',
    TUTTI_TABLE: 'trips',
    TUTTI_BUS: 'trips',
    TUTTI_BUCKET: 'trips-payloads',
    TUTTI_BUCKET_OWNER: STUB_ACCOUNT,
    TUTTI_INBOX_URL: `${endpoint}/${STUB_ACCOUNT}/trips-inbox`,
    TUTTI_HOT_LANE_URL: `${endpoint}/${STUB_ACCOUNT}/trips-hot-lane.fifo`,
    TUTTI_ACCOUNTS: JSON.stringify({ own: STUB_ACCOUNT, services: {}, events: {} }),
  };
}

interface Request {
  readonly Key?: { readonly pk?: { readonly S?: string } };
  readonly Entries?: readonly { readonly Id?: string; readonly MessageBody?: string }[];
}

/** The reply keys that the first environment of a deployment created. */
const REPLY_KEYS = { keys: { L: [{ M: { id: { S: 'key' }, secret: { S: 'c2VjcmV0' }, since: { N: '0' } } }] } };

function answerOf(target: string, body: string): unknown {
  const { Entries = [], Key } = JSON.parse(body) as Request;
  if (target === 'GetItem' && Key?.pk?.S === REPLY_KEYS_PARTITION) return { Item: REPLY_KEYS };
  if (target === 'PutEvents') return { FailedEntryCount: 0, Entries: Entries.map((_, index) => ({ EventId: String(index) })) };
  if (target !== 'SendMessageBatch') return {};
  // The SDK compares the checksum in SQS's answer with that of the sent body.
  const digest = (text = ''): string => createHash('md5').update(text).digest('hex');
  return { Successful: Entries.map(({ Id, MessageBody }) => ({ Id, MessageId: Id, MD5OfMessageBody: digest(MessageBody) })), Failed: [] };
}
