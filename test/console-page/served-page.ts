import { existsSync, readFileSync } from 'node:fs';
import { createServer, type IncomingMessage } from 'node:http';
import type { AddressInfo } from 'node:net';
import { extname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { RefusalView } from '../../lib/console/views.ts';
import type { Answers } from './answers.ts';

const pageFolder = fileURLToPath(new URL('../../dist/console', import.meta.url));
const TYPES: Readonly<Record<string, string>> = {
  '.html': 'text/html',
  '.js': 'text/javascript',
  '.css': 'text/css',
  '.svg': 'image/svg+xml',
};
/** The policy of the console: no inline script or style, no other origin. */
const POLICY =
  "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'";

/** The built page on a port of this machine. */
export interface ServedPage {
  /** `http://127.0.0.1:PORT` */
  readonly address: string;
  close(): Promise<void>;
}

/** Serves the built page, with the answers of an operations API. */
export async function servePage({ answer }: Answers): Promise<ServedPage> {
  const server = createServer((request, response) => {
    void respond(request, answer).then(({ status, type, body }) => {
      response.writeHead(status, { 'content-type': type, 'content-security-policy': POLICY });
      response.end(body);
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return {
    address: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    async close() {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}

interface Responded {
  readonly status: number;
  readonly type: string;
  readonly body: string | Buffer;
}

async function respond(request: IncomingMessage, answer: Answers['answer']): Promise<Responded> {
  const url = new URL(request.url ?? '/', `http://${request.headers.host}`);
  if (!url.pathname.startsWith('/api/')) return file(url.pathname);
  const chunks: Buffer[] = [];
  for await (const chunk of request) chunks.push(chunk as Buffer);
  const method = request.method ?? 'GET';
  const found = answer(method, url, method === 'POST' ? JSON.parse(Buffer.concat(chunks).toString()) : undefined);
  const refusal: RefusalView = { error: { code: 'NOT_FOUND', message: `There is no ${url.pathname}.`, remedy: 'Look at the list.' } };
  return { status: found === undefined ? 404 : 200, type: 'application/json', body: JSON.stringify(found ?? refusal) };
}

/** A file of the built page; any other path is a view of it. */
function file(pathname: string): Responded {
  const named = join(pageFolder, pathname);
  const path = named.startsWith(pageFolder) && extname(named) !== '' && existsSync(named) ? named : join(pageFolder, 'index.html');
  return { status: 200, type: TYPES[extname(path)] ?? 'application/octet-stream', body: readFileSync(path) };
}
