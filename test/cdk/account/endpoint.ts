import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { Call } from './asked-by.ts';
import type { AwsAccount } from './aws-account.ts';
import { CallError } from './table.ts';

export interface Endpoint {
  readonly url: string;
  readonly close: () => Promise<void>;
}

/** The account at the other end of HTTP, so that the SDK's own clients call it. The access key of a request is the logical id of its role. */
export async function openEndpoint(account: AwsAccount): Promise<Endpoint> {
  const server = createServer((request, response) => void answered(account, request, response));
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return { url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`, close: () => closed(server) };
}

async function closed(server: Server): Promise<void> {
  server.closeAllConnections();
  await new Promise((resolve) => server.close(resolve));
}

async function answered(account: AwsAccount, request: IncomingMessage, response: ServerResponse): Promise<void> {
  const body = await textOf(request);
  const [, role = '', service = ''] = /Credential=([^/]+)\/\d+\/[^/]+\/([^/]+)\//.exec(request.headers.authorization ?? '') ?? [];
  const format = FORMATS[service] ?? JSON_FORMAT;
  try {
    format.answer(response, account.answer(format.call(service, request, body), role));
  } catch (error) {
    const known = error instanceof CallError ? error : new CallError('InternalFailure', String((error as Error).stack), 500);
    format.fail(response, known);
  }
}

interface Format {
  readonly call: (service: string, request: IncomingMessage, body: string) => Call;
  readonly answer: (response: ServerResponse, answer: object) => void;
  readonly fail: (response: ServerResponse, error: CallError) => void;
}

const JSON_TYPE = { 'content-type': 'application/x-amz-json-1.0' };

const JSON_FORMAT: Format = {
  call: (service, request, body) => ({
    service,
    operation: String(request.headers['x-amz-target']).replace(/^.*\./, ''),
    input: JSON.parse(body) as Call['input'],
  }),
  answer: (response, answer) => response.writeHead(200, JSON_TYPE).end(JSON.stringify(answer)),
  fail: (response, { type, message, status, members }) =>
    response.writeHead(status, JSON_TYPE).end(JSON.stringify({ __type: type, message, ...members })),
};

const XML_TYPE = { 'content-type': 'application/xml' };

const failXml: Format['fail'] = (response, { type, message, status }) =>
  response.writeHead(status, XML_TYPE).end(`<Error><Code>${type}</Code><Message>${message.replaceAll('<', '')}</Message></Error>`);

const S3_FORMAT: Format = {
  call: (service, request, body) => {
    const url = new URL(request.url ?? '', 'http://s3');
    const [bucket = '', ...key] = url.pathname.slice(1).split('/');
    const put = url.searchParams.has('tagging') ? 'PutObjectTagging' : 'PutObject';
    const get = url.searchParams.has('list-type') ? 'ListObjectsV2' : 'GetObject';
    const prefix = url.searchParams.get('prefix');
    return {
      service,
      operation: request.method === 'GET' ? get : request.method === 'DELETE' ? 'DeleteObject' : put,
      input: {
        Bucket: bucket,
        Key: key.map(decodeURIComponent).join('/'),
        ...(prefix !== null && { Prefix: prefix }),
        Body: body,
        ExpectedBucketOwner: request.headers['x-amz-expected-bucket-owner'],
      },
    };
  },
  answer: (response, answer) =>
    'Keys' in answer
      ? response.writeHead(200, XML_TYPE).end(listed(answer.Keys as readonly string[]))
      : response.writeHead(200).end('Body' in answer ? String(answer.Body) : ''),
  fail: failXml,
};

function listed(keys: readonly string[]): string {
  return `<ListBucketResult>${keys.map((key) => `<Contents><Key>${key}</Key></Contents>`).join('')}</ListBucketResult>`;
}

const STS_FORMAT: Format = {
  call: (service, _request, body) => ({ service, operation: new URLSearchParams(body).get('Action') ?? '', input: {} }),
  answer: (response, answer) => {
    const members = Object.entries(answer).map(([name, value]) => `<${name}>${String(value)}</${name}>`);
    const result = `<GetCallerIdentityResult>${members.join('')}</GetCallerIdentityResult>`;
    response
      .writeHead(200, XML_TYPE)
      .end(`<GetCallerIdentityResponse xmlns="https://sts.amazonaws.com/doc/2011-06-15/">${result}</GetCallerIdentityResponse>`);
  },
  fail: failXml,
};

const FORMATS: Readonly<Record<string, Format>> = { s3: S3_FORMAT, sts: STS_FORMAT };

async function textOf(request: IncomingMessage): Promise<string> {
  const chunks: Buffer[] = [];
  for await (const chunk of request) chunks.push(chunk as Buffer);
  return Buffer.concat(chunks).toString();
}
