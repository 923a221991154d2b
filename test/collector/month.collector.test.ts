import { command, event, process, service } from 'tutti';
import { beforeAll, expect, onTestFinished, test } from 'vitest';
import * as z from 'zod';
import { sendSpans } from '../../lib/client/trace/otlp.ts';
import { runSpans } from '../../lib/client/trace/run-spans.ts';
import { journalTexts, parseEntry } from '../../lib/format/read-journal.ts';
import type { Head } from '../../lib/ports/process-store.ts';
import { EngineRig } from '../engine/engine-rig.ts';
import { buildCollector, Collector, type AcceptedSpan } from './collector.ts';

const [HOUR, DAY] = [3_600_000, 86_400_000];
const order = z.object({ id: z.string() });
const Ordered = event('shop.ordered', order);
const payments = service('payments', { charge: command({ input: order }), remind: command({ input: order }) });
const subscribe = process('subscribe', { startOn: Ordered.byId(({ id }) => id) }, async (ctx, { id }) => {
  await ctx.scope('first month', async (inner) => {
    await inner.call(payments.charge, { id });
    await inner.sleep('30 days');
  });
  await ctx.call(payments.remind, { id });
});

beforeAll(() => buildCollector());

/** A run of 30 days, whose engine exports to the collector. */
async function month(url: string): Promise<EngineRig> {
  const rig = new EngineRig([subscribe], [payments], {
    traces: { send: (spans) => sendSpans({ url }, 'shop', spans), onDropped: (_count, error) => expect.fail(String(error)) },
  });
  const answer = async (): Promise<void> => {
    for (const sent of await rig.commands('payments')) await rig.answers(sent, 'completed', null);
    await rig.advance();
  };
  rig.happens(Ordered, { id: 's-1' }, 'e-1');
  await rig.advance();
  await answer();
  rig.clock.advance(30 * DAY);
  await rig.engine.sweep();
  await rig.advance();
  await answer();
  return rig;
}

const named = (spans: readonly AcceptedSpan[], name: string): AcceptedSpan =>
  spans.find((span) => span.name === name) ?? expect.fail(`no span ${name}`);
const ms = (nanoseconds: string): number => Number(BigInt(nanoseconds) / 1_000_000n);

test('a collector accepts the spans of a run of 30 days as linked traces, and a second export of its journal adds no id', async () => {
  const collector = await Collector.start();
  onTestFinished(() => collector.stop());
  const rig = await month(collector.url);
  const head = (await rig.head('default#subscribe#s-1')) as Head;
  expect(head.status).toBe('completed');
  const entries = (await journalTexts(rig.store, head)).map(parseEntry);
  const whole = runSpans({ pid: head.pid, run: head.run, entries, now: rig.clock.now() });
  await sendSpans({ url: collector.url }, 'shop', whole);
  const accepted = await collector.accepted();

  const ids = (spans: readonly { traceId: string; spanId: string }[]): ReadonlySet<string> =>
    new Set(spans.map(({ traceId, spanId }) => `${traceId}/${spanId}`));
  const known = ids(accepted);
  const live = accepted.slice(0, -whole.length);
  expect(ids(live)).toEqual(known);
  for (const { parentSpanId, traceId, links = [] } of accepted) {
    if (parentSpanId !== undefined) expect(known).toContain(`${traceId}/${parentSpanId}`);
    for (const link of links) expect(known).toContain(`${link.traceId}/${link.spanId}`);
  }

  const run = named(accepted, 'subscribe');
  expect([ms(run.startTimeUnixNano), ms(run.endTimeUnixNano)]).toEqual([head.startedAt, head.startedAt + 30 * DAY]);
  expect(ms(named(accepted, 'sleep sleep').endTimeUnixNano) - head.startedAt).toBe(30 * DAY);
  const traces = [...new Set(accepted.map(({ traceId }) => traceId))].map((traceId) => accepted.filter((span) => span.traceId === traceId));
  expect(traces.map((spans) => [...new Set(spans.map(({ name }) => name))].toSorted())).toEqual([
    ['call payments.charge', 'process subscribe', 'scope first month', 'send payments.charge', 'sleep sleep', 'subscribe'],
    ['call payments.remind', 'process subscribe', 'send payments.remind'],
  ]);
  const later = named(accepted, 'call payments.remind');
  expect(later.links).toEqual([expect.objectContaining({ traceId: run.traceId, spanId: run.spanId })]);
  expect(ms(later.startTimeUnixNano) - head.startedAt).toBeGreaterThan(30 * DAY - HOUR);
});
