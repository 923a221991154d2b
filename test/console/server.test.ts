import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { request } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { gunzipSync, gzipSync } from 'node:zlib';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { startLocal } from 'tutti/local';
import { serveConsole, type ConsoleServer } from '../../bin/console-server.ts';
import { openConsole } from '../../bin/open-console.ts';
import type { CountsView, InstanceView, RefusalView, SystemView } from '../../lib/console/views.ts';
import { approval, peopleHandler, shop, stockHandler } from '../client/shop-orders.ts';

interface Answer {
  readonly status: number;
  readonly headers: Readonly<Record<string, unknown>>;
  readonly body: Buffer;
}

/** `fetch` cannot set the host and the origin of a request. */
const ask = (
  address: string,
  path: string,
  options: { method?: string; headers?: Record<string, string>; body?: string } = {},
): Promise<Answer> =>
  new Promise((resolve, reject) => {
    const { method = 'GET', headers = {}, body } = options;
    const sent = request(new URL(path, address), { method, headers }, (response) => {
      const chunks: Buffer[] = [];
      response.on('data', (chunk: Buffer) => chunks.push(chunk));
      response.on('end', () => resolve({ status: response.statusCode ?? 0, headers: response.headers, body: Buffer.concat(chunks) }));
    });
    sent.on('error', reject);
    sent.end(body);
  });

describe('the server of the console', () => {
  const pages = mkdtempSync(join(tmpdir(), 'tutti-pages-'));
  const seen: string[] = [];
  let server: ConsoleServer;
  const bearer = { authorization: 'Bearer secret' };

  beforeAll(async () => {
    mkdirSync(join(pages, 'assets'));
    writeFileSync(join(pages, 'index.html'), '<title>page</title>');
    writeFileSync(join(pages, 'assets/main-1.js'), 'run()');
    writeFileSync(join(pages, 'assets/main-1.js.gz'), gzipSync('run()'));
    writeFileSync(join(pages, '..', 'tutti-secret.txt'), 'not served');
    const api = async (asked: Request): Promise<Response> => {
      seen.push(`${asked.method} ${new URL(asked.url).pathname} ${asked.method === 'POST' ? await asked.text() : ''}`.trim());
      return new Response('{"ok":true}', { status: 200, headers: { etag: '"7"' } });
    };
    server = await serveConsole(api, { pages, token: 'secret' });
  });
  afterAll(async () => {
    await server.close();
    rmSync(pages, { recursive: true });
    rmSync(join(pages, '..', 'tutti-secret.txt'));
  });

  test('its address is on 127.0.0.1, with the token in the fragment', () => {
    expect(server.address).toMatch(/^http:\/\/127\.0\.0\.1:\d+\/#token=secret$/);
  });

  test('a request with the token reaches the API', async () => {
    const answer = await ask(server.address, '/api/system', { headers: bearer });
    expect(answer).toMatchObject({ status: 200, headers: { etag: '"7"' } });
    expect(answer.body.toString()).toBe('{"ok":true}');
    await ask(server.address, '/api/x', {
      method: 'POST',
      body: '{"reason":"é"}',
      headers: { ...bearer, 'content-type': 'application/json' },
    });
    expect(seen.at(-1)).toBe('POST /api/x {"reason":"é"}');
  });

  test.each([
    ['without a token', {}, 401],
    ['with another token', { authorization: 'Bearer other' }, 401],
    ['with another host name, as DNS rebinding sends it', { ...bearer, host: 'attacker.example' }, 403],
    ['of a page of another origin', { ...bearer, origin: 'https://attacker.example' }, 403],
    ['of a page of another port', { ...bearer, origin: 'http://127.0.0.1:1' }, 403],
    ['of another site', { ...bearer, 'sec-fetch-site': 'cross-site' }, 403],
  ])('a request %s is refused before the API sees it', async (_, headers, status) => {
    const before = seen.length;
    const answer = await ask(server.address, '/api/system', { headers });
    expect(answer.status).toBe(status);
    expect((JSON.parse(answer.body.toString()) as RefusalView).error.message).toMatch(/expected|token/);
    expect(seen).toHaveLength(before);
  });

  test('a body of more than a megabyte is refused', async () => {
    const answer = await ask(server.address, '/api/x', { method: 'POST', headers: bearer, body: 'x'.repeat(1024 * 1024 + 1) });
    expect(answer.status).toBe(413);
  });

  test('a file of the page is served as built, in gzip if the browser takes it, and every other path is a place of the page', async () => {
    const zipped = await ask(server.address, '/assets/main-1.js', { headers: { 'accept-encoding': 'gzip, br' } });
    expect(zipped.headers).toMatchObject({
      'content-encoding': 'gzip',
      'content-type': 'text/javascript; charset=utf-8',
      'cache-control': 'public, max-age=31536000, immutable',
    });
    expect(gunzipSync(zipped.body).toString()).toBe('run()');
    expect((await ask(server.address, '/assets/main-1.js')).body.toString()).toBe('run()');
    for (const path of ['/', '/i/order/o-1', '/../tutti-secret.txt', '/%2e%2e/tutti-secret.txt', '/assets/none.js'])
      expect((await ask(server.address, path)).body.toString()).toBe('<title>page</title>');
    expect((await ask(server.address, '/', { method: 'POST' })).status).toBe(405);
  });

  test('each answer allows only files of its own origin, and no frame', async () => {
    for (const path of ['/', '/api/system', '/assets/main-1.js']) {
      const { headers } = await ask(server.address, path, { headers: bearer });
      expect(headers['content-security-policy']).toBe(
        "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
      );
      expect(headers).toMatchObject({ 'x-content-type-options': 'nosniff', 'referrer-policy': 'no-referrer' });
    }
  });

  test('a place keeps its port, and takes another one while that is in use', async () => {
    const api = async (): Promise<Response> => new Response();
    const portOf = ({ address }: ConsoleServer): string => new URL(address).port;
    const first = await serveConsole(api, { pages, place: 'a folder of this test' });
    const second = await serveConsole(api, { pages, place: 'a folder of this test' });
    expect(portOf(second)).not.toBe(portOf(first));
    await expect(serveConsole(api, { pages, port: Number(portOf(first)) })).rejects.toMatchObject({ code: 'UNREACHABLE' });
    await first.close();
    const third = await serveConsole(api, { pages, place: 'a folder of this test' });
    expect(portOf(third)).toBe(portOf(first));
    await Promise.all([second.close(), third.close()]);
  });

  test('a page that is not built says how to build it', async () => {
    const bare = await serveConsole(async () => new Response(), { pages: join(pages, 'none'), token: 't' });
    const answer = await ask(bare.address, '/');
    await bare.close();
    expect(answer.status).toBe(503);
    expect(answer.body.toString()).toContain('npm run build:console');
  });
});

describe('the console of a folder', () => {
  test('it operates a running system over its socket, and only reads a stopped one', async () => {
    const local = mkdtempSync(join(tmpdir(), 'tutti-console-'));
    const { client, stop } = await startLocal(shop, { services: [stockHandler, peopleHandler], directory: local });
    await client.start(approval, { item: 'lamp' }, { id: 'a-1' });
    const running = await openConsole({ local });
    const get = async <T>(api: typeof running.api, path: string): Promise<T> =>
      (await (await api(new Request(`http://x${path}`))).json()) as T;
    const post = (api: typeof running.api, path: string, body: object): Promise<Response> =>
      api(new Request(`http://x${path}`, { method: 'POST', headers: { 'content-type': 'application/json' }, body: JSON.stringify(body) }));
    expect(await get<SystemView>(running.api, '/api/system')).toMatchObject({ name: 'shop', live: 'hold', option: `--local ${local}` });
    const first = await running.api(new Request('http://x/api/instances/approval/a-1'));
    const known = { 'if-none-match': first.headers.get('etag') as string };
    expect((await running.api(new Request('http://x/api/instances/approval/a-1', { headers: known }))).status).toBe(304);
    expect((await post(running.api, '/api/instances/approval/a-1/pause', { reason: 'look' })).status).toBe(200);
    expect(await get<InstanceView>(running.api, '/api/instances/approval/a-1')).toMatchObject({ paused: { reason: 'look' } });
    running.close();
    await stop();

    const stopped = await openConsole({ local });
    expect((await get<CountsView>(stopped.api, '/api/counts')).counts).toEqual([{ process: 'approval', status: 'paused', count: 1 }]);
    const { acts } = await get<SystemView>(stopped.api, '/api/system');
    expect(acts.cancel).toMatchObject({ allowed: false, why: expect.stringContaining('No system runs') as string });
    expect((await post(stopped.api, '/api/instances/approval/a-1/cancel', { reason: 'r' })).status).toBe(503);
    stopped.close();
    rmSync(local, { recursive: true });
  });
});
