import { once } from 'node:events';
import { Agent, createServer, request as startRequest, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { setTimeout as pause } from 'node:timers/promises';
import type { Choices } from '../../simulation/world/choices.ts';
import { awsRequest, type AwsRequest } from './aws-request.ts';
import { FaultPlan, type FaultKind, type Rates } from './fault-plan.ts';
import { failEntries, leaveKeys, type Partial } from './partial-answers.ts';
import { serverError, throttle, type MadeAnswer } from './refusals.ts';

export interface FaultProxyOptions {
  /** The endpoint of LocalStack, to which the proxy forwards. */
  readonly endpoint: string;
  /** Address that it listens on, which no other machine must reach. @default 127.0.0.1 */
  readonly host?: string;
  readonly choices: Choices;
  readonly rates: Rates;
  /** The part of the faults that stay for all tries of their call, from 0 to 1. @default 0.3 */
  readonly lasting?: number;
  /** Waits before a slow request goes on. @default the system's time */
  readonly pause?: (milliseconds: number) => Promise<unknown>;
}

interface Exchange {
  readonly request: IncomingMessage;
  readonly response: ServerResponse;
}

/** A whole answer of the service. */
interface Answer {
  readonly incoming: IncomingMessage;
  readonly body: Buffer;
}

const SLOW_MS_MAX = 900;
/** The clients of Tutti wait two seconds for an answer. */
const LATE_MS_MIN = 2_200;
const LATE_MS_MAX = 4_000;
/** They are between two neighbours only. The body is passed on as it is, but its length may be another, and `expect` was answered here. */
const OWN_HEADERS: ReadonlySet<string> = new Set(['connection', 'keep-alive', 'transfer-encoding', 'content-length', 'host', 'expect']);

/**
 * A proxy between AWS clients and LocalStack. It injects faults that AWS and a network may have, and counts them by service and kind.
 */
export class FaultProxy {
  /** How often each fault was injected: `dynamodb throttled` → 12. */
  readonly injected = new Map<string, number>();
  /** Calls that came, by service, whether or not anything was done to them. */
  readonly calls = new Map<string, number>();
  readonly url: string;
  /** While false, everything goes through untouched. */
  faulty = true;
  readonly #options: FaultProxyOptions;
  readonly #plan: FaultPlan;
  readonly #server: Server;
  readonly #agent = new Agent({ keepAlive: true, maxSockets: 64 });

  static async start(options: FaultProxyOptions): Promise<FaultProxy> {
    const server = createServer();
    // Longer than any client keeps a connection idle, so that none is closed during a request.
    server.keepAliveTimeout = 600_000;
    server.listen(0, options.host ?? '127.0.0.1');
    await once(server, 'listening');
    return new FaultProxy(options, server);
  }

  private constructor(options: FaultProxyOptions, server: Server) {
    this.#options = options;
    this.#plan = new FaultPlan(options.choices, options.rates, options.lasting ?? 0.3);
    this.#server = server;
    const { address, port } = server.address() as AddressInfo;
    this.url = `http://${address}:${port}`;
    server.on('request', (request: IncomingMessage, response: ServerResponse) => {
      // Any error between the proxy and the service is a broken connection for the client.
      this.#handle({ request, response }).catch(() => {
        this.#count(this.calls, 'connections broken by themselves');
        response.destroy();
      });
    });
  }

  async close(): Promise<void> {
    this.#server.closeAllConnections();
    this.#agent.destroy();
    this.#server.close();
    await once(this.#server, 'close');
  }

  async #handle(exchange: Exchange): Promise<void> {
    const { request, response } = exchange;
    const aws = awsRequest(request.method ?? '', request.headers);
    this.#count(this.calls, aws?.service ?? 'other');
    const kind = this.faulty && aws !== undefined ? this.#plan.next(aws) : undefined;
    if (aws === undefined || kind === undefined) return passOn(await this.#stream(request), response);
    await this.#harm(kind, aws, exchange, await bodyOf(request));
  }

  async #harm(kind: FaultKind, aws: AwsRequest, { request, response }: Exchange, body: Buffer): Promise<void> {
    const { choices } = this.#options;
    const injected = (): void => this.#count(this.injected, `${aws.service} ${kind}`);
    switch (kind) {
      case 'answer-lost':
        injected();
        await this.#forward(request, body);
        return void response.destroy();
      case 'server-error':
        injected();
        return respond(response, serverError(aws.service, choices));
      case 'throttled':
        injected();
        return respond(response, throttle(aws.service, choices));
      case 'slow':
        injected();
        await this.#pause(choices.between(1, SLOW_MS_MAX));
        return give(await this.#forward(request, body), response);
      case 'arrives-late':
        injected();
        // Its client has given up by then and may have tried again; the service does it all the same.
        await this.#pause(choices.between(LATE_MS_MIN, LATE_MS_MAX));
        await this.#forward(request, body);
        return void response.destroy();
      case 'sent-twice': {
        injected();
        const first = await this.#forward(request, body);
        await this.#forward(request, body);
        return give(first, response);
      }
      case 'entries-failed':
      case 'keys-unprocessed': {
        const asked = JSON.parse(body.toString());
        const partial = kind === 'entries-failed' ? failEntries(aws.operation, asked, choices) : leaveKeys(asked, choices);
        if (partial === undefined) return give(await this.#forward(request, body), response);
        injected();
        return this.#answerPartly(partial, { request, response });
      }
    }
  }

  async #answerPartly({ forwarded, answer }: Partial, { request, response }: Exchange): Promise<void> {
    const made = (given: object): MadeAnswer => ({
      status: 200,
      headers: { 'content-type': 'application/x-amz-json-1.0', 'x-amzn-requestid': crypto.randomUUID() },
      body: JSON.stringify(answer(given as Readonly<Record<string, unknown>>)),
    });
    if (forwarded === undefined) return respond(response, made({}));
    const given = await this.#forward(request, Buffer.from(JSON.stringify(forwarded)));
    // A refusal of what was left stays one.
    if (given.incoming.statusCode !== 200) return give(given, response);
    respond(response, made(JSON.parse(given.body.toString())));
  }

  #pause(milliseconds: number): Promise<unknown> {
    return (this.#options.pause ?? pause)(milliseconds);
  }

  #count(counts: Map<string, number>, what: string): void {
    counts.set(what, (counts.get(what) ?? 0) + 1);
  }

  /** The same request with that body; resolves with the whole answer. */
  async #forward(request: IncomingMessage, body: Buffer): Promise<Answer> {
    const forwarded = this.#upstream(request, { 'content-length': String(body.length) });
    forwarded.end(body);
    const [incoming] = (await once(forwarded, 'response')) as [IncomingMessage];
    return { incoming, body: await bodyOf(incoming) };
  }

  /** The same request as it comes; resolves when the answer begins. */
  async #stream(request: IncomingMessage): Promise<IncomingMessage> {
    const length = request.headers['content-length'];
    const forwarded = this.#upstream(request, length === undefined ? {} : { 'content-length': length });
    request.pipe(forwarded);
    const [incoming] = (await once(forwarded, 'response')) as [IncomingMessage];
    return incoming;
  }

  #upstream({ method, url, headers }: IncomingMessage, more: Readonly<Record<string, string>>) {
    const { hostname, port } = new URL(this.#options.endpoint);
    return startRequest({ hostname, port, method, path: url, agent: this.#agent, headers: { ...kept(headers), ...more } });
  }
}

const kept = (headers: IncomingMessage['headers']): Record<string, string | string[]> =>
  Object.fromEntries(
    Object.entries(headers).filter((entry): entry is [string, string | string[]] => !OWN_HEADERS.has(entry[0]) && entry[1] !== undefined),
  );

async function bodyOf(message: IncomingMessage): Promise<Buffer> {
  const chunks: Buffer[] = [];
  for await (const chunk of message) chunks.push(chunk as Buffer);
  return Buffer.concat(chunks);
}

function passOn(incoming: IncomingMessage, response: ServerResponse): void {
  const length = incoming.headers['content-length'];
  response.writeHead(incoming.statusCode ?? 502, { ...kept(incoming.headers), ...(length !== undefined && { 'content-length': length }) });
  // An answer that breaks off here must not look whole there.
  incoming.once('error', () => response.destroy());
  incoming.pipe(response);
}

function give({ incoming, body }: Answer, response: ServerResponse): void {
  response.writeHead(incoming.statusCode ?? 502, {
    ...kept(incoming.headers),
    'content-length': incoming.headers['content-length'] ?? String(body.length),
  });
  response.end(body);
}

function respond(response: ServerResponse, { status, headers, body }: MadeAnswer): void {
  response.writeHead(status, { ...headers, 'content-length': String(Buffer.byteLength(body)) });
  response.end(body);
}
