import { ClientError } from '../../contract/errors.ts';
import type { Span } from './run-spans.ts';

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
}

/** Sends spans to a collector. Throws `UNREACHABLE` if it does not accept all of them, or does not reply within ten seconds. */
export async function sendSpans({ url, headers }: OtlpTarget, system: string, spans: readonly Span[]): Promise<void> {
  const target = url.endsWith('/v1/traces') ? url : `${url.replace(/\/$/, '')}/v1/traces`;
  for (let from = 0; from < spans.length; from += SPANS_OF_REQUEST) {
    const { status, reply } = await post(target, headers, otlpTraces(system, spans.slice(from, from + SPANS_OF_REQUEST)));
    if (status < 200 || status > 299) throw new ClientError('UNREACHABLE', `${target} replied ${status}: ${reply.slice(0, 200)}`, REMEDY);
    const rejected = rejectedOf(reply);
    if (rejected !== undefined) throw new ClientError('UNREACHABLE', `${target} has rejected ${rejected}.`, REMEDY);
  }
}

const REMEDY = { remedy: 'Look at the log of the collector, then send the spans again: a second export has the same ids.' };

async function post(target: string, headers: OtlpTarget['headers'], traces: OtlpTraces): Promise<{ status: number; reply: string }> {
  try {
    const response = await fetch(target, {
      method: 'POST',
      headers: { ...headers, 'content-type': 'application/json' },
      body: JSON.stringify(traces),
      signal: AbortSignal.timeout(TIMEOUT_MS),
    });
    return { status: response.status, reply: await response.text() };
  } catch (cause) {
    // fetch says only that it has failed; its cause says why.
    const { message } = ((cause as Error).cause ?? cause) as Error;
    throw new ClientError('UNREACHABLE', `${target} did not reply: ${message}`, {
      remedy: 'Check the address, and that the collector runs.',
      cause,
    });
  }
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
