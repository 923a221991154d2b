import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { onTestFinished } from 'vitest';

/** A span as it arrives. */
export interface CollectedSpan {
  readonly traceId: string;
  readonly spanId: string;
  readonly parentSpanId?: string;
  readonly name: string;
  readonly kind: number;
  readonly links?: readonly { readonly traceId: string; readonly spanId: string }[];
}

interface Received {
  readonly path: string | undefined;
  readonly headers: Readonly<Record<string, unknown>>;
  readonly body: string;
  readonly spans: readonly CollectedSpan[];
}

/** An HTTP server in place of a collector, which keeps what it receives. It ends with the test. */
export async function startCollector(
  reply: () => [status: number, text: string] = () => [200, '{}'],
): Promise<{ readonly url: string; readonly requests: readonly Received[]; readonly spans: () => readonly CollectedSpan[] }> {
  const requests: Received[] = [];
  const server = createServer((request, response) => {
    let body = '';
    request.setEncoding('utf8').on('data', (part: string) => (body += part));
    request.on('end', () => {
      const { resourceSpans } = JSON.parse(body) as { resourceSpans: [{ scopeSpans: [{ spans: CollectedSpan[] }] }] };
      requests.push({ path: request.url, headers: request.headers, body, spans: resourceSpans[0].scopeSpans[0].spans });
      const [status, text] = reply();
      response.writeHead(status).end(text);
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  onTestFinished(() => {
    server.closeAllConnections();
    server.close();
  });
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    requests,
    spans: () => requests.flatMap(({ spans }) => spans),
  };
}
