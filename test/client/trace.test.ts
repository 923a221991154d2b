import { readdirSync, readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { startCollector } from './collector.ts';
import { otlpTraces, sendSpans } from '../../lib/client/trace/otlp.ts';
import { runSpans } from '../../lib/client/trace/run-spans.ts';
import type { Span } from '../../lib/client/trace/span.ts';
import { runSpanId, sendSpanId, traceIdAt } from '../../lib/format/span-ids.ts';
import type { JournalEntry } from '../../lib/core/journal-entry.ts';
import type { JournalFixture } from '../../lib/testing/journal-fixture.ts';

const [SECOND, HOUR, DAY] = [1_000, 3_600_000, 86_400_000];
const NOW = Date.UTC(2030, 0, 1);
const pid = 'default#order#o-1';
const run = 'r1';

const JOURNALS = readdirSync('examples', { recursive: true, encoding: 'utf8' }).filter((file) => /journals\/[^/]+\.json$/.test(file));

/** An order that waits for 30 days between two commands. The first one is sent twice. */
const month: readonly JournalEntry[] = [
  { type: 'ProcessStarted', at: 0, definition: 'order@1', event: 'shop.ordered', id: 'e-1', source: 'shop', time: '', data: null },
  { type: 'ScopeOpened', path: 'packing' },
  { type: 'CommandIssued', n: 1, path: 'packing/stock.take:1', command: 'stock.take', hash: 'h' },
  { type: 'AttemptTimedOut', at: 60 * SECOND, n: 1 },
  { type: 'CommandAnswered', at: 90 * SECOND, n: 1, outcome: 'completed', data: null },
  { type: 'ScopeClosed', path: 'packing', status: 'fulfilled' },
  { type: 'TimerSet', n: 2, path: 'return period:1', due: 30 * DAY },
  { type: 'TimerFired', at: 30 * DAY, n: 2 },
  { type: 'CommandIssued', n: 3, path: 'payments.pay:1', command: 'payments.pay', hash: 'h' },
  { type: 'CommandAnswered', at: 30 * DAY + SECOND, n: 3, outcome: 'failed', data: { type: 'Declined', data: null } },
  { type: 'ProcessFailed', path: '', data: { type: 'Unpaid', data: null } },
];

const spansOf = (entries: readonly JournalEntry[], of: { traceparent?: string; waits?: readonly string[] } = {}): readonly Span[] =>
  runSpans({ pid, run, entries, now: NOW, ...of });

const named = (spans: readonly Span[], name: string): Span => spans.find((span) => span.name === name) as Span;

describe('runSpans', () => {
  test('a run has one span, with the spans of its scopes, its timers and its commands below it, and those of the sends of a command below that', () => {
    const spans = spansOf(month);
    expect(spans.map(({ name, from, to }) => [name, from, to])).toEqual([
      ['order', 0, 30 * DAY + SECOND],
      ['scope packing', 0, 90 * SECOND],
      ['call stock.take', 0, 90 * SECOND],
      ['send stock.take', 0, 0],
      ['send stock.take', 60 * SECOND, 60 * SECOND],
      ['sleep return period', 90 * SECOND, 30 * DAY],
      ['call payments.pay', 30 * DAY, 30 * DAY + SECOND],
      ['send payments.pay', 30 * DAY, 30 * DAY],
    ]);
    const [order, packing, take, first, again, sleep] = spans as [Span, Span, Span, Span, Span, Span];
    expect([packing, take, first, again, sleep].map(({ parentSpanId }) => parentSpanId)).toEqual([
      order.spanId,
      packing.spanId,
      take.spanId,
      take.spanId,
      order.spanId,
    ]);
    expect(take.attributes).toMatchObject({ 'tutti.state': 'done', 'tutti.outcome': 'completed' });
    expect(again.attributes).toMatchObject({ 'tutti.attempt': 2, 'messaging.message.id': `${pid}/${run}/1` });
    expect([order.failed, named(spans, 'call payments.pay').failed]).toEqual(['Unpaid', 'Declined']);
  });

  test('the steps of the first hour are one trace, and later ones are in traces of their hours that link to the run', () => {
    const spans = spansOf(month);
    const [order] = spans as [Span];
    const pay = named(spans, 'call payments.pay');
    expect(named(spans, 'send payments.pay').traceId).toBe(pay.traceId);
    expect(new Set(spans.slice(0, -2).map(({ traceId }) => traceId))).toEqual(new Set([order.traceId]));
    expect(pay.traceId).toBe(traceIdAt({ pid, run }, 0, 30 * DAY + HOUR / 2));
    expect(pay.traceId).not.toBe(order.traceId);
    expect([pay.parentSpanId, pay.links]).toEqual([undefined, [{ traceId: order.traceId, spanId: order.spanId }]]);
  });

  test('the run links to the message that began it, the run before it, the run of its parent and the original of a fork', () => {
    const [started, ...rest] = month as [Extract<JournalEntry, { type: 'ProcessStarted' }>, ...JournalEntry[]];
    const original = { pid: 'default#order#o-0', run: 'r0' };
    const continued = { ...started, continues: { run: 'r0', number: 2 }, parent: 'default#trip#t-1/r9/4', origin: original };
    const traceparent = `00-${'a'.repeat(32)}-${'b'.repeat(16)}-01`;
    expect(spansOf([continued, ...rest], { traceparent })[0]?.links.map(({ spanId }) => spanId)).toEqual([
      'b'.repeat(16),
      runSpanId({ pid, run: 'r0' }),
      runSpanId({ pid: 'default#trip#t-1', run: 'r9' }),
      runSpanId(original),
    ]);
    expect(spansOf(month, { traceparent: 'forged' })[0]?.links).toEqual([]);
  });

  test('open spans end now, and say that they are in progress', () => {
    const spans = spansOf(month.slice(0, 3), { waits: ['shop.paid:1'] });
    expect(spans.map(({ name, to, attributes }) => [name, to, attributes['tutti.in_progress']])).toEqual([
      ['order', NOW, true],
      ['scope packing', NOW, true],
      ['call stock.take', NOW, true],
      ['send stock.take', 0, undefined],
      ['wait for shop.paid', NOW, true],
    ]);
  });

  test('a journal that does not begin with its start is refused', () => {
    expect(() => spansOf(month.slice(1))).toThrow('begins with ScopeOpened: expected ProcessStarted');
  });

  test.each(JOURNALS)('%s: each prefix has the ids of the whole, each once, below a parent of its trace', (file) => {
    const fixture = JSON.parse(readFileSync(`examples/${file}`, 'utf8')) as JournalFixture;
    const entries = fixture.entries as unknown as readonly JournalEntry[];
    const whole = new Map(spansOf(entries).map((span) => [span.spanId, span]));
    for (let length = 1; length <= entries.length; length += 1) {
      const spans = spansOf(entries.slice(0, length));
      expect(new Set(spans.map(({ spanId }) => spanId)).size).toBe(spans.length);
      for (const { spanId, traceId, parentSpanId, from, to, name } of spans) {
        expect(whole.get(spanId)).toMatchObject({ traceId, name, from });
        expect(to).toBeGreaterThanOrEqual(from);
        if (parentSpanId !== undefined) expect(spans.find((span) => span.spanId === parentSpanId)?.traceId).toBe(traceId);
      }
    }
  });
});

test('an id of a span can be computed from the id of its command', () => {
  expect(sendSpanId(`${pid}/${run}/1`, 2)).toBe(spansOf(month).find(({ attributes }) => attributes['tutti.attempt'] === 2)?.spanId);
});

describe('OTLP', () => {
  test('a span is sent as the JSON encoding of the protocol has it', () => {
    const pay = named(spansOf(month), 'call payments.pay');
    expect(otlpTraces('shop', [pay])).toEqual({
      resourceSpans: [
        {
          resource: { attributes: [{ key: 'service.name', value: { stringValue: 'shop' } }] },
          scopeSpans: [
            {
              scope: { name: 'tutti' },
              spans: [
                {
                  traceId: pay.traceId,
                  spanId: pay.spanId,
                  name: 'call payments.pay',
                  kind: 1,
                  startTimeUnixNano: '2592000000000000',
                  endTimeUnixNano: '2592001000000000',
                  attributes: expect.arrayContaining([
                    { key: 'tutti.path', value: { stringValue: 'payments.pay:1' } },
                    { key: 'tutti.outcome', value: { stringValue: 'failed' } },
                  ]),
                  links: pay.links,
                  status: { code: 2, message: 'Declined' },
                },
              ],
            },
          ],
        },
      ],
    });
    const [sent] = spansOf(month).filter(({ kind }) => kind === 'producer');
    expect(otlpTraces('shop', [sent as Span])).toMatchObject({
      resourceSpans: [
        {
          scopeSpans: [{ spans: [{ kind: 4, attributes: expect.arrayContaining([{ key: 'tutti.attempt', value: { intValue: '1' } }]) }] }],
        },
      ],
    });
    const open = otlpTraces('shop', spansOf(month.slice(0, 1)));
    expect(JSON.stringify(open)).toContain('{"key":"tutti.in_progress","value":{"boolValue":true}}');
  });

  test('spans are sent with the headers of the target, in requests of at most 2,000', async () => {
    const collector = await startCollector();
    const spans = Array.from({ length: 2_001 }, () => spansOf(month)[0] as Span);
    await sendSpans({ url: collector.url, headers: { 'api-key': 'k' } }, 'shop', spans);
    expect(collector.requests.map(({ path, headers, spans: { length } }) => [path, headers['api-key'], length])).toEqual([
      ['/v1/traces', 'k', 2_000],
      ['/v1/traces', 'k', 1],
    ]);
    await sendSpans({ url: `${collector.url}/v1/traces` }, 'shop', spans.slice(0, 1));
    expect(collector.requests.at(-1)?.path).toBe('/v1/traces');
  });

  test.each([
    [503, 'overloaded', /\/v1\/traces replied 503: overloaded/],
    [200, '{"partialSuccess":{"rejectedSpans":"3","errorMessage":"too old"}}', /has rejected 3 spans: too old/],
    [200, '{"partialSuccess":{"rejectedSpans":1}}', /has rejected 1 spans: without a reason/],
  ])('a collector that replies %i %s fails the send', async (status, text, message) => {
    const { url } = await startCollector(() => [status, text]);
    await expect(sendSpans({ url }, 'shop', spansOf(month))).rejects.toThrow(message);
  });

  test('a collector that does not run fails the send, with the cause', async () => {
    await expect(sendSpans({ url: 'http://127.0.0.1:9' }, 'shop', spansOf(month))).rejects.toMatchObject({
      code: 'UNREACHABLE',
      message: expect.stringMatching(/^http:\/\/127\.0\.0\.1:9\/v1\/traces did not reply: ./),
    });
  });

  test('a collector that replies 200 without JSON has accepted the spans', async () => {
    const { url } = await startCollector(() => [200, '']);
    await expect(sendSpans({ url }, 'shop', spansOf(month))).resolves.toBeUndefined();
  });
});
