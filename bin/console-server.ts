import { createHash, randomBytes, timingSafeEqual } from 'node:crypto';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { extname, join, relative, sep } from 'node:path';
import {
  ASSETS,
  REQUEST_BYTES_MAX,
  builtPages,
  CACHE_CHECKED,
  CACHE_FOR_EVER,
  CONTENT_SECURITY_POLICY,
  hostRefusal,
  ISOLATION,
} from '../lib/console/hosting.ts';
import { addressOf, closeNow, listenOn, LOOPBACK, namesLoopback } from './loopback-server.ts';

type Api = (request: Request) => Promise<Response>;

/** A console that is served to the browsers of this machine. */
export interface ConsoleServer {
  /** With the token in its fragment, which a browser sends to no server. */
  readonly address: string;
  close(): Promise<void>;
}

export interface ConsoleServerOptions {
  /** @default the port of `place` if it is free, else any free one */
  readonly port?: number;
  /** The place of the system. It always has the same port, because a browser keeps saved views by the address. */
  readonly place?: string;
  /** The built page. @default the one of this package */
  readonly pages?: string;
  /** @default 128 random bits */
  readonly token?: string;
}

/** The page runs its own files only. No other page can show it in a frame, send it a form or read its answers. */
const HEADERS: Readonly<Record<string, string>> = {
  'content-security-policy': CONTENT_SECURITY_POLICY,
  ...ISOLATION,
  'referrer-policy': 'no-referrer',
  'x-content-type-options': 'nosniff',
};

/**
 * Serves the page and the operations API on 127.0.0.1. Any user and any page of this machine can open that port, so:
 *
 * L1 A request to the API has the token of the address. A page of another origin does not know it.
 * L2 A request names this host: another name that resolves to 127.0.0.1 is refused (DNS rebinding).
 * L3 A request of a page of another origin is refused, and a body must be JSON, which a form cannot send.
 */
export async function serveConsole(
  api: Api,
  { port, place = '', pages = builtPages(), token = newToken() }: ConsoleServerOptions = {},
): Promise<ConsoleServer> {
  const files = filesOf(pages);
  const server = createServer((request, response) => {
    void answer(request, { api, files, token, port: (server.address() as AddressInfo).port })
      .catch(() => refusal(500, 'The request failed.'))
      .then((answered) => send(request, response, answered));
  });
  const listen = (on: number): Promise<void> => listenOn(server, on, { what: 'The console', option: '--port' });
  if (port !== undefined) await listen(port);
  else await listen(portOf(place)).catch(() => listen(0));
  return {
    address: `${addressOf(server)}/#token=${token}`,
    close: () => closeNow(server),
  };
}

/** The ports below 30,000 are not those that systems give to connections. */
const [PORT_FIRST, PORTS] = [20_000, 10_000] as const;

function portOf(place: string): number {
  return PORT_FIRST + (digest(place).readUInt32BE() % PORTS);
}

function newToken(): string {
  return randomBytes(16).toString('base64url');
}

interface Answered {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string | Buffer;
}

interface Serving {
  readonly api: Api;
  readonly files: ReadonlyMap<string, PageFile>;
  readonly token: string;
  readonly port: number;
}

async function answer(request: IncomingMessage, { api, files, token, port }: Serving): Promise<Answered> {
  const hosts = [`${LOOPBACK}:${port}`, `localhost:${port}`];
  const { host = '', origin, authorization = '', 'sec-fetch-site': site } = request.headers;
  if (!namesLoopback(host, port)) return refusal(403, `The host ${JSON.stringify(host)} is not served: expected ${hosts[0]}.`);
  if (origin !== undefined && !hosts.some((each) => origin === `http://${each}`))
    return refusal(403, `A page of ${JSON.stringify(origin)} sent the request: expected one of this address.`);
  const { pathname } = new URL(request.url ?? '/', `http://${host}`);
  if (!pathname.startsWith('/api/')) return pageAnswer(request, files, pathname);
  if (site === 'cross-site') return refusal(403, 'A page of another site sent the request: expected one of this address.');
  if (!isToken(authorization, token))
    return refusal(401, 'The request has no valid token: open the address that the command printed, with its token.', {
      headers: { 'www-authenticate': 'Bearer' },
    });
  const body = await bodyOf(request);
  if (body === undefined) return refusal(413, `The request has more than ${REQUEST_BYTES_MAX} bytes.`);
  return answered(await api(toRequest(request, `http://${host}`, body)));
}

/** Compares the hashes in constant time: the time tells nothing about the token. */
function isToken(authorization: string, token: string): boolean {
  return timingSafeEqual(digest(authorization), digest(`Bearer ${token}`));
}

function digest(text: string): Buffer {
  return createHash('sha256').update(text).digest();
}

function toRequest({ method = 'GET', url = '/', headers }: IncomingMessage, base: string, body: Buffer): Request {
  const named = ['content-type', 'if-none-match'].flatMap((name) => {
    const value = headers[name];
    return typeof value === 'string' ? [[name, value] as [string, string]] : [];
  });
  const isRead = method === 'GET' || method === 'HEAD';
  return new Request(new URL(url, base), { method, headers: named, ...(isRead ? {} : { body: body.toString('utf8') }) });
}

/** Undefined if the body is too large. The rest of it is not read. */
async function bodyOf(request: IncomingMessage): Promise<Buffer | undefined> {
  const chunks: Buffer[] = [];
  let bytes = 0;
  for await (const chunk of request as AsyncIterable<Buffer>) {
    bytes += chunk.length;
    if (bytes > REQUEST_BYTES_MAX) return undefined;
    chunks.push(chunk);
  }
  return Buffer.concat(chunks);
}

function refusal(...parts: Parameters<typeof hostRefusal>): Promise<Answered> {
  return answered(hostRefusal(...parts));
}

async function answered(response: Response): Promise<Answered> {
  return { status: response.status, headers: Object.fromEntries(response.headers), body: Buffer.from(await response.arrayBuffer()) };
}

function send(request: IncomingMessage, response: ServerResponse, { status, headers, body }: Answered): void {
  response.writeHead(status, { ...HEADERS, ...headers, ...(status !== 304 && { 'content-length': Buffer.byteLength(body) }) });
  response.end(request.method === 'HEAD' || status === 304 ? undefined : body);
}

/** A file of the page, and its bytes in gzip if the build has them. */
interface PageFile {
  readonly path: string;
  readonly gzip?: string;
}

const TYPES: Readonly<Record<string, string>> = {
  '.css': 'text/css; charset=utf-8',
  '.html': 'text/html; charset=utf-8',
  '.js': 'text/javascript; charset=utf-8',
  '.json': 'application/json; charset=utf-8',
  '.svg': 'image/svg+xml',
};

/** A path that is no file is a place within the page. Names under /assets/ change with their content, so a browser keeps them. */
async function pageAnswer(request: IncomingMessage, files: ReadonlyMap<string, PageFile>, pathname: string): Promise<Answered> {
  if (request.method !== 'GET' && request.method !== 'HEAD')
    return refusal(405, 'A page was written: expected GET.', { headers: { allow: 'GET, HEAD' } });
  const file = files.get(pathname) ?? files.get('/index.html');
  if (file === undefined) return { status: 503, headers: { 'content-type': 'text/plain; charset=utf-8' }, body: NOT_BUILT };
  const isZipped = file.gzip !== undefined && /\bgzip\b/.test(request.headers['accept-encoding'] ?? '');
  return {
    status: 200,
    headers: {
      'content-type': TYPES[extname(file.path)] ?? 'application/octet-stream',
      'cache-control': pathname.startsWith(`/${ASSETS}/`) && files.has(pathname) ? CACHE_FOR_EVER : CACHE_CHECKED,
      vary: 'accept-encoding',
      ...(isZipped && { 'content-encoding': 'gzip' }),
    },
    body: readFileSync(isZipped ? file.gzip : file.path),
  };
}

const NOT_BUILT =
  'The page of the console is not built: run npm run build:console, then start the console again. The operations API works.\n';

/** Only these files are served, so no path leads out of the folder. */
function filesOf(pages: string): ReadonlyMap<string, PageFile> {
  if (!existsSync(pages)) return new Map();
  const paths = readdirSync(pages, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name));
  const all = new Set(paths);
  return new Map(
    paths
      .filter((path) => !path.endsWith('.gz'))
      .map((path) => [`/${relative(pages, path).split(sep).join('/')}`, { path, ...(all.has(`${path}.gz`) && { gzip: `${path}.gz` }) }]),
  );
}
