import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { addressOf, closeNow, listenOn, namesLoopback } from '../loopback-server.ts';

export interface MetricsServer {
  readonly address: string;
  close(): Promise<void>;
}

const PORT = 9_464;
const TEXT = { 'content-type': 'text/plain; version=0.0.4; charset=utf-8' };

/**
 * Serves the metrics to a Prometheus of this machine. They have names of contracts and the ids of the instances that wait longest, and no
 * data.
 */
export async function serveMetrics(metrics: () => Promise<string>, port = PORT): Promise<MetricsServer> {
  const server = createServer((request, response) => {
    const isHere = namesLoopback(request.headers.host, (server.address() as AddressInfo).port);
    if (!isHere || request.method !== 'GET' || request.url !== '/metrics') {
      response.writeHead(isHere ? 404 : 403, TEXT).end(`Expected GET ${addressOf(server)}/metrics.\n`);
      return;
    }
    metrics().then(
      (text) => response.writeHead(200, TEXT).end(text),
      () => response.writeHead(503, TEXT).end('The metrics cannot be read now.\n'),
    );
  });
  await listenOn(server, port, { what: 'The metrics', option: '--metrics' });
  return { address: `${addressOf(server)}/metrics`, close: () => closeNow(server) };
}
