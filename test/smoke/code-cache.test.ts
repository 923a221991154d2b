import { DynamoDBClient } from '@aws-sdk/client-dynamodb';
import { expect, test } from 'vitest';
import { refusedCaches } from './code-cache.ts';

const ADVANCE = 'arn:aws:lambda:eu-west-1:111111111111:function:advance';
const deployment = {
  dynamodb: new DynamoDBClient({ region: 'eu-west-1', credentials: { accessKeyId: 'stub', secretAccessKey: 'stub' } }),
  sqs: { send: async () => ({ Attributes: { QueueArn: 'arn:aws:sqs:eu-west-1:111111111111:trips-inbox' } }) },
  inboxUrl: 'https://sqs.eu-west-1.amazonaws.com/111111111111/trips-inbox',
} as unknown as Parameters<typeof refusedCaches>[0];

/** Answers with these pages of the log. Keeps the requests. */
function account(pages: readonly object[], asked: { readonly url: string; readonly init: RequestInit }[] = []): typeof fetch {
  const left = [...pages];
  return (async (url: URL, init: RequestInit) => {
    asked.push({ url: String(url), init });
    const answer = url.pathname.includes('event-source-mappings')
      ? { EventSourceMappings: [{ FunctionArn: ADVANCE }] }
      : url.pathname.endsWith('/configuration')
        ? { LoggingConfig: { LogGroup: 'trips-log' }, LastModified: '2026-11-30T12:00:00.000+0000' }
        : left.shift();
    return new Response(JSON.stringify(answer));
  }) as typeof fetch;
}

test('a code cache that V8 took leaves no line since the deployment of advance-processes', async () => {
  const asked: { readonly url: string; readonly init: RequestInit }[] = [];
  expect(await refusedCaches(deployment, account([{ events: [] }], asked))).toEqual([]);
  expect(asked.map(({ url }) => url.replace(/\?$/, ''))).toEqual([
    'https://lambda.eu-west-1.amazonaws.com/2015-03-31/event-source-mappings/?EventSourceArn=arn%3Aaws%3Asqs%3Aeu-west-1%3A111111111111%3Atrips-inbox',
    `https://lambda.eu-west-1.amazonaws.com/2015-03-31/functions/${encodeURIComponent(ADVANCE)}/configuration`,
    'https://logs.eu-west-1.amazonaws.com/',
  ]);
  const [mapping, , log] = asked.map(({ init }) => ({ ...init, headers: init.headers as Record<string, string> }));
  expect(mapping?.headers['authorization']).toMatch(/^AWS4-HMAC-SHA256 Credential=stub\/\d{8}\/eu-west-1\/lambda\/aws4_request/);
  expect(log?.headers['authorization']).toMatch(/\/eu-west-1\/logs\/aws4_request/);
  expect(log?.headers).toMatchObject({ 'x-amz-target': 'Logs_20140328.FilterLogEvents', 'content-type': 'application/x-amz-json-1.1' });
  expect(JSON.parse(log?.body as string)).toMatchObject({ logGroupName: 'trips-log', startTime: Date.UTC(2026, 10, 30, 12) });
});

test('each start that refused its code cache is found, on every page of the log', async () => {
  const line = 'refused by Node v24.22.0 on arm64 with the flags --expose-gc';
  const pages = [{ events: [{ message: `${line}\n` }], nextToken: 'more' }, { events: [{ message: line }] }];
  expect(await refusedCaches(deployment, account(pages))).toEqual([line, line]);
});

test('a request that AWS refuses is an error with its answer', async () => {
  const denied = (async () => new Response('{"message":"denied"}', { status: 403 })) as typeof fetch;
  await expect(refusedCaches(deployment, denied)).rejects.toThrow(/lambda answered 403 .*denied/);
});
