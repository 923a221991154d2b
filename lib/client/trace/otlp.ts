import type { RequestOptions } from 'node:http';
import { ClientError } from '../../contract/errors.ts';
import type { Span } from './span.ts';

/** A request of OTLP, encoded as JSON: ids are hex, times are nanoseconds. Source: the OpenTelemetry specification of OTLP, JSON Protobuf encoding. */
export interface OtlpTraces {
  readonly resourceSpans: readonly unknown[];
}

/** `service.name` is the name of the system: each of its processes is an operation of it. */
export function otlpTraces(system: string, spans: readonly Span[]): OtlpTraces {
  const resource = { attributes: attributesOf({ 'service.name': system }) };
  return { resourceSpans: [{ resource, scopeSpans: [{ scope: { name: 'tutti' }, spans: spans.map(otlpSpan) }] }] };
}

const KINDS: Readonly<Record<Span['kind'], number>> = { internal: 1, producer: 4, consumer: 5 };
const FAILED = 2;

function otlpSpan({ name, kind, from, to, attributes, links, failed, ...ids }: Span): unknown {
  return {
    ...ids,
    name,
    kind: KINDS[kind],
    startTimeUnixNano: nanoseconds(from),
    endTimeUnixNano: nanoseconds(to),
    attributes: attributesOf(attributes),
    ...(links.length > 0 && { links }),
    ...(failed !== undefined && { status: { code: FAILED, message: failed } }),
  };
}

/** A number of JavaScript has not enough digits for nanoseconds. */
function nanoseconds(ms: number): string {
  return `${Math.floor(ms)}000000`;
}

function attributesOf(attributes: Span['attributes']): readonly unknown[] {
  return Object.entries(attributes).map(([key, value]) => ({ key, value: attributeValue(value) }));
}

function attributeValue(value: string | number | boolean): unknown {
  if (typeof value === 'string') return { stringValue: value };
  return typeof value === 'boolean' ? { boolValue: value } : { intValue: String(value) };
}

/** Collectors refuse requests over 4 or 5 MB, and CloudWatch those of over 10,000 spans. A span has about 700 bytes. */
const SPANS_OF_REQUEST = 2_000;
const TIMEOUT_MS = 10_000;

export interface OtlpTarget {
  /** The base URL of a collector, such as `http://127.0.0.1:4318`, or its whole URL, which ends with `/v1/traces`. */
  readonly url: string;
  readonly headers?: Readonly<Record<string, string>>;
  /** Headers that depend on the request, such as its signature. */
  readonly sign?: (request: { readonly url: URL; readonly body: string }) => Promise<Readonly<Record<string, string>>>;
  /** How long the collector may take for a request, in milliseconds. @default 10,000 */
  readonly timeoutMs?: number;
}

/** Sends spans to a collector. Throws `UNREACHABLE` if it does not accept all of them, or does not reply in time. */
export async function sendSpans(target: OtlpTarget, system: string, spans: readonly Span[]): Promise<void> {
  const url = target.url.endsWith('/v1/traces') ? target.url : `${target.url.replace(/\/$/, '')}/v1/traces`;
  for (let from = 0; from < spans.length; from += SPANS_OF_REQUEST) {
    const { status, reply } = await post(url, target, JSON.stringify(otlpTraces(system, spans.slice(from, from + SPANS_OF_REQUEST))));
    if (status < 200 || status > 299) throw new ClientError('UNREACHABLE', `${url} replied ${status}: ${reply.slice(0, 200)}`, REMEDY);
    const rejected = rejectedOf(reply);
    if (rejected !== undefined) throw new ClientError('UNREACHABLE', `${url} has rejected ${rejected}.`, REMEDY);
  }
}

const REMEDY = { remedy: 'Look at the log of the collector, then send the spans again: a second export has the same ids.' };

interface Reply {
  readonly status: number;
  readonly reply: string;
}

async function post(url: string, { headers, sign, timeoutMs = TIMEOUT_MS }: OtlpTarget, body: string): Promise<Reply> {
  try {
    const signed = await sign?.({ url: new URL(url), body });
    const all = { ...headers, ...signed, 'content-type': 'application/json', 'content-length': String(Buffer.byteLength(body)) };
    return await request(url, { method: 'POST', headers: all, signal: AbortSignal.timeout(timeoutMs) }, body);
  } catch (cause) {
    const { name, message, code } = cause as NodeJS.ErrnoException;
    throw new ClientError(
      'UNREACHABLE',
      `${url} did not reply: ${name === 'TimeoutError' ? `${timeoutMs} ms have passed` : message || code}`,
      {
        remedy: 'Check the address, and that the collector runs.',
        cause,
      },
    );
  }
}

/**
 * The client of Node, which the SDK has loaded in a function: the first `fetch` of a program takes about 15 ms of CPU, and so would the client for
 * the other protocol.
 */
async function request(url: string, options: RequestOptions, body: string): Promise<Reply> {
  const client = url.startsWith('https:') ? await import('node:https') : await import('node:http');
  return new Promise((resolve, reject) => {
    const sent = client.request(url, options, (response) => {
      let reply = '';
      response.setEncoding('utf8').on('data', (part: string) => (reply += part));
      response.on('end', () => resolve({ status: response.statusCode ?? 0, reply })).on('error', reject);
    });
    sent.on('error', (error: NodeJS.ErrnoException) => {
      // The collector has closed a connection that was kept: nothing of this request has arrived.
      if (sent.reusedSocket && error.code === 'ECONNRESET') resolve(request(url, options, body));
      else reject(options.signal?.aborted ? (options.signal.reason as Error) : error);
    });
    sent.end(body);
  });
}

/** A collector that accepts a part of the spans replies 200 and says how many it did not accept. */
function rejectedOf(reply: string): string | undefined {
  try {
    const { partialSuccess } = JSON.parse(reply) as { partialSuccess?: { rejectedSpans?: string | number; errorMessage?: string } };
    const count = Number(partialSuccess?.rejectedSpans ?? 0);
    return count > 0 ? `${count} spans: ${partialSuccess?.errorMessage ?? 'without a reason'}` : undefined;
  } catch {
    return undefined;
  }
}
