import { context, trace, SpanKind, SpanStatusCode } from '@opentelemetry/api';
import { AsyncLocalStorageContextManager } from '@opentelemetry/context-async-hooks';
import { BasicTracerProvider, InMemorySpanExporter, SimpleSpanProcessor, type ReadableSpan } from '@opentelemetry/sdk-trace-base';
import { afterEach, describe, expect, test } from 'vitest';
import { tracedCommands } from '../../lib/service/consumer/trace-commands.ts';
import { servedParts } from '../../lib/service/served.ts';
import { servePayments } from './payments.ts';
import { ID, ServiceRig } from './service-rig.ts';

const SENT = { traceId: '4bf92f3577b34da6a3ce929d0e0e4736', spanId: '00f067aa0ba902b7' };
const traceparent = `00-${SENT.traceId}-${SENT.spanId}-01`;
const seen: (string | undefined)[] = [];

const handler = servePayments(async (_input, task) => {
  seen.push(task.traceparent);
  trace.getTracer('own').startSpan('select').end();
  return { paymentId: 'p-7' };
});
const declining = servePayments(async (_input, task) => {
  throw task.errors.CardDeclined({ reason: 'expired' });
});
const failing = servePayments(async () => {
  throw new TypeError('no connection');
});

/** An SDK as a team registers it. */
function registered(): InMemorySpanExporter {
  trace.disable();
  context.disable();
  const exporter = new InMemorySpanExporter();
  context.setGlobalContextManager(new AsyncLocalStorageContextManager().enable());
  trace.setGlobalTracerProvider(new BasicTracerProvider({ spanProcessors: [new SimpleSpanProcessor(exporter)] }));
  return exporter;
}

afterEach(() => {
  trace.disable();
  context.disable();
});

async function handled(
  by: typeof handler,
  sent?: string,
  around?: (run: () => Promise<unknown>) => Promise<unknown>,
): Promise<readonly ReadableSpan[]> {
  const exporter = registered();
  const rig = new ServiceRig(by);
  rig.send(sent === undefined ? {} : { traceparent: sent });
  await (around ? around(() => rig.deliver()) : rig.deliver());
  return exporter.getFinishedSpans();
}

describe('serve with an SDK of OpenTelemetry', () => {
  test('a run of a handler has a span below the send of its command, and the spans of its libraries lie below it', async () => {
    const [inner, span] = await handled(handler, traceparent);
    expect([span?.name, span?.kind, span?.spanContext().traceId, span?.parentSpanContext?.spanId]).toEqual([
      'payments.charge',
      SpanKind.CONSUMER,
      SENT.traceId,
      SENT.spanId,
    ]);
    expect([inner?.name, inner?.parentSpanContext?.spanId]).toEqual(['select', span?.spanContext().spanId]);
    expect(span?.attributes).toMatchObject({
      'messaging.destination.name': 'payments',
      'messaging.message.id': ID,
      'messaging.message.conversation_id': 'default#book-trip#cart-42/r5f2c',
      'tutti.attempt': 1,
      'tutti.outcome': 'completed',
    });
    expect(seen.at(-1)).toBe(traceparent);
  });

  test('the span links to the span of the batch, and is below it if the command names no send', async () => {
    const inBatch = (run: () => Promise<unknown>): Promise<unknown> =>
      trace.getTracer('lambda').startActiveSpan('batch', async (batch) => run().finally(() => batch.end()));
    const [, span, batch] = await handled(handler, traceparent, inBatch);
    expect(span?.links.map((link) => link.context.spanId)).toEqual([batch?.spanContext().spanId]);
    const [, alone, around] = await handled(handler, undefined, inBatch);
    expect([alone?.parentSpanContext?.spanId, alone?.links]).toEqual([around?.spanContext().spanId, []]);
  });

  test('a declared error and a run without a reply are the status of their spans', async () => {
    const spans = [...(await handled(declining)), ...(await handled(failing))];
    expect(spans.map(({ attributes, status, events }) => [attributes['tutti.outcome'], status, events.length])).toEqual([
      ['failed', { code: SpanStatusCode.ERROR, message: 'CardDeclined' }, 0],
      ['threw', { code: SpanStatusCode.ERROR, message: 'TypeError: no connection' }, 1],
    ]);
  });

  test('without an SDK the commands are run as they are', () => {
    const { commands } = servedParts(handler);
    expect(tracedCommands('payments', commands)).toBe(commands);
    registered();
    expect(tracedCommands('payments', commands)).not.toBe(commands);
  });
});
