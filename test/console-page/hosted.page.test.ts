import { createHash } from 'node:crypto';
import { existsSync, readFileSync } from 'node:fs';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { runInNewContext } from 'node:vm';
import type { LambdaFunctionURLEvent } from 'aws-lambda';
import { Stack } from 'aws-cdk-lib/core';
import type { Browser } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { Console } from 'tutti/cdk';
import { makeHandler } from '../../functions/serve-console/handler.ts';
import { builtPages } from '../../lib/console/hosting.ts';
import { hostedApi } from '../../lib/console/hosted-api.ts';
import { resourcesOf, testStack, tripsOrchestrator } from '../cdk/synthesized.ts';
import { authorize } from '../cdk/rights/authorizer.ts';
import { approval } from '../client/shop-orders.ts';
import { reachedConsole, type ReachedConsole } from '../console/reached-console.ts';
import { openPage, settled, startBrowser } from './browser.ts';

// The page of a Console in a browser: its routes and headers are those of the template, and a server of this test plays CloudFront and Lambda.

interface Routed {
  readonly uri: string;
  readonly headers: Readonly<Record<string, { readonly value: string }>>;
}

const stack = testStack();
const hosted = new Console(stack, 'Console', { orchestrator: tripsOrchestrator(stack), authorizer: 'authorizer.ts' });
const propertiesOf = (type: string): Readonly<Record<string, unknown>> =>
  resourcesOf(Stack.of(hosted)).find((each) => each.type === type)?.properties ?? {};
const route = runInNewContext(`${String(propertiesOf('AWS::CloudFront::Function')['FunctionCode'])}; handler`) as (event: {
  readonly request: object;
}) => Routed;
const { SecurityHeadersConfig: secured } = propertiesOf('AWS::CloudFront::ResponseHeadersPolicy')['ResponseHeadersPolicyConfig'] as {
  readonly SecurityHeadersConfig: { readonly ContentSecurityPolicy: { readonly ContentSecurityPolicy: string } };
};

const TYPES: Readonly<Record<string, string>> = { html: 'text/html', js: 'text/javascript', css: 'text/css', svg: 'image/svg+xml' };
/** Paths of requests with a body whose hash was not that of the header, which Lambda refuses. */
const unsigned: string[] = [];
const failures: unknown[] = [];

async function respond(request: IncomingMessage, response: ServerResponse, handler: ReturnType<typeof makeHandler>): Promise<void> {
  const { pathname, search } = new URL(request.url ?? '/', 'http://x');
  const headers = Object.fromEntries(Object.entries(request.headers).map(([name, value]) => [name, { value: String(value) }]));
  const routed = route({ request: { uri: pathname, headers, querystring: {}, rawQueryString: () => search.slice(1) } });
  response.setHeader('content-security-policy', secured.ContentSecurityPolicy.ContentSecurityPolicy);
  if (!/^\/(?:api|auth)\/$/.test(routed.uri)) {
    const file = join(builtPages(), routed.uri);
    response.setHeader('content-type', TYPES[file.split('.').at(-1) ?? ''] ?? 'application/octet-stream');
    response.statusCode = existsSync(file) ? 200 : 403;
    return void response.end(existsSync(file) ? readFileSync(file) : '');
  }
  const chunks: Buffer[] = [];
  for await (const chunk of request as AsyncIterable<Buffer>) chunks.push(chunk);
  const body = Buffer.concat(chunks);
  const hash = createHash('sha256').update(body).digest('hex');
  if (body.length > 0 && request.headers['x-amz-content-sha256'] !== hash) unsigned.push(pathname);
  const { cookie, ...others } = request.headers;
  const result = await handler({
    rawPath: routed.uri,
    rawQueryString: '',
    // This server has no certificate.
    headers: { ...others, 'x-tutti-address': routed.headers['x-tutti-address']?.value.replace('https:', 'http:') },
    ...(cookie !== undefined && { cookies: cookie.split('; ') }),
    requestContext: { domainName: 'x', http: { method: request.method } },
    body: body.toString('base64'),
    isBase64Encoded: true,
  } as unknown as LambdaFunctionURLEvent);
  // A browser keeps a cookie with Secure, and with the prefix __Host-, of HTTPS only.
  const cookies = result.cookies?.map((each) => each.replace('Secure; ', '').replace('__Host-', '')) ?? [];
  response.writeHead(result.statusCode ?? 500, { ...(result.headers as Record<string, string>), 'set-cookie': cookies });
  response.end(Buffer.from(result.body ?? '', 'base64'));
}

describe('a person at a hosted console', () => {
  let browser: Browser;
  let server: Server;
  let shop: ReachedConsole;
  let address: string;

  beforeAll(async () => {
    browser = await startBrowser();
    shop = await reachedConsole();
    await shop.client.start(approval, { item: 'sofa' }, { id: 'ada+1@shop' });
    const lets = hostedApi({
      reach: async () => shop.reach,
      options: { place: 'the stack shop', option: '--stack shop' },
      authorize: (request) => authorize(new Request(request, { headers: { cookie: `__Host-${request.headers.get('cookie') ?? ''}` } })),
      log: (error) => void failures.push(error),
    });
    const handler = makeHandler(lets);
    server = createServer((request, response) => void respond(request, response, handler).catch(() => response.writeHead(502).end()));
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    address = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  });
  afterAll(async () => {
    await browser.close();
    server.closeAllConnections();
    server.close();
    await shop.close();
  });

  test('signs in, comes back to the view, and operates an instance whose id has a plus sign, in their own name', async () => {
    const view = '/i/approval/ada%2B1%40shop';
    const { page, faults, close } = await openPage(browser, `${address}${view}`);
    await page.getByRole('link', { name: 'Sign in' }).click();
    await settled(page);
    expect(page.url()).toBe(`${address}${view}`);
    await page.getByRole('heading', { level: 1, name: 'ada+1@shop' }).waitFor();
    await page.getByRole('button', { name: 'Operate' }).click();
    await page.getByRole('menuitem', { name: 'Pause' }).click();
    const dialog = page.getByRole('dialog');
    await dialog.getByText('ada@example.com').first().waitFor();
    await dialog.getByLabel('Reason').fill('the customer asked');
    await dialog.getByRole('button', { name: 'Pause', exact: true }).click();
    await page.getByText('the customer asked').first().waitFor();
    await dialog.waitFor({ state: 'hidden' });
    const { paused } = await shop.client.describe(approval, 'ada+1@shop');
    expect(paused).toMatchObject({ by: 'ada@example.com', reason: 'the customer asked' });
    expect([unsigned, failures]).toEqual([[], []]);
    expect(faults).toEqual([]);
    await close();
  });
});
