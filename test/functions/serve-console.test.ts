import { gunzipSync } from 'node:zlib';
import type { LambdaFunctionURLEvent } from 'aws-lambda';
import { describe, expect, test } from 'vitest';
import { makeHandler } from '../../functions/serve-console/handler.ts';

const seen: Request[] = [];

/** The handler over an API that answers with this. */
const over = (answer: () => Response) =>
  makeHandler(async (request) => {
    seen.push(request);
    return answer();
  });

const event = (more: Partial<LambdaFunctionURLEvent> = {}, method = 'GET'): LambdaFunctionURLEvent =>
  ({
    version: '2.0',
    rawPath: '/api/',
    rawQueryString: '',
    headers: { 'x-tutti-address': 'https://console.example/api/instances/book-trip/a%2Fb%20c?where=id%3Aa' },
    requestContext: { domainName: 'abc.lambda-url.eu-west-1.on.aws', http: { method } },
    isBase64Encoded: false,
    ...more,
  }) as LambdaFunctionURLEvent;

const textOf = ({ body = '' }: { readonly body?: string | undefined }): string => Buffer.from(body, 'base64').toString();

describe('serve-console', () => {
  test('the address is the one that the browser has used, with its escapes', async () => {
    await over(() => new Response('{}'))(event());
    expect(seen.at(-1)?.url).toBe('https://console.example/api/instances/book-trip/a%2Fb%20c?where=id%3Aa');
    expect(seen.at(-1)?.headers.get('x-tutti-address')).toBeNull();
  });

  test('a call of the function URL itself has its own address', async () => {
    await over(() => new Response('{}'))(event({ headers: {}, rawPath: '/api/system', rawQueryString: 'tenant=acme' }));
    expect(seen.at(-1)?.url).toBe('https://abc.lambda-url.eu-west-1.on.aws/api/system?tenant=acme');
  });

  test('body, method, headers and cookies of a request arrive, and status, headers and cookies of its response', async () => {
    const handler = over(() => {
      const headers = new Headers({ location: '/', 'content-type': 'text/plain' });
      for (const cookie of ['a=1; HttpOnly', 'b=2']) headers.append('set-cookie', cookie);
      return new Response('moved', { status: 303, headers });
    });
    const body = Buffer.from('{"reason":"é"}').toString('base64');
    const headers = { ...event().headers, 'content-type': 'application/json' };
    const result = await handler(event({ body, isBase64Encoded: true, headers, cookies: ['s=1', 't=2'] }, 'POST'));
    const request = seen.at(-1) as Request;
    expect([request.method, request.headers.get('content-type'), request.headers.get('cookie'), await request.text()]).toEqual([
      'POST',
      'application/json',
      's=1; t=2',
      '{"reason":"é"}',
    ]);
    expect(result).toMatchObject({ statusCode: 303, cookies: ['a=1; HttpOnly', 'b=2'], headers: { location: '/' } });
    expect(Object.keys(result.headers ?? {})).not.toContain('set-cookie');
    expect(textOf(result)).toBe('moved');
  });

  test('a response is in gzip for a browser that reads it, and is plain if it is short or for any other reader', async () => {
    const long = JSON.stringify({ rows: Array.from({ length: 500 }, (_, row) => `row ${row % 7}`) });
    const headers = { ...event().headers, 'accept-encoding': 'br, gzip' };
    const zipped = await over(() => new Response(long))(event({ headers }));
    expect(zipped.headers).toMatchObject({ 'content-encoding': 'gzip', vary: 'accept-encoding' });
    expect(gunzipSync(Buffer.from(zipped.body ?? '', 'base64')).toString()).toBe(long);
    const plain = await over(() => new Response(long))(event());
    expect([plain.headers?.['content-encoding'], textOf(plain)]).toEqual([undefined, long]);
    expect((await over(() => new Response('{}'))(event({ headers }))).headers?.['content-encoding']).toBeUndefined();
  });

  test('304 has no body', async () => {
    expect(await over(() => new Response(null, { status: 304, headers: { etag: '"7"' } }))(event())).toMatchObject({
      statusCode: 304,
      headers: { etag: '"7"' },
      body: '',
    });
  });

  test.each([
    ['a request of more than a megabyte', event({ body: 'x'.repeat(1024 * 1024 + 1) }, 'POST'), 413],
    ['an address that is none', event({ headers: { 'x-tutti-address': 'nowhere' } }), 403],
    ['a method that is none', event({}, 'TRACE'), 403],
  ])('%s does not reach the API', async (_, sent, status) => {
    const before = seen.length;
    const result = await over(() => new Response('{}'))(sent);
    expect([result.statusCode, seen.length]).toEqual([status, before]);
    expect(JSON.parse(textOf(result))).toMatchObject({ error: { message: expect.any(String) } });
  });

  test('a response that Lambda would not return is refused with a remedy', async () => {
    const result = await over(() => new Response('x'.repeat(4_400_001)))(event());
    expect(result.statusCode).toBe(413);
    expect(JSON.parse(textOf(result))).toMatchObject({ error: { code: 'DATA_TOO_LARGE', remedy: expect.stringContaining('limit') } });
  });
});
