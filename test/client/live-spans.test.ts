import { command, event, process, service } from 'tutti';
import { describe, expect, test } from 'vitest';
import * as z from 'zod';
import { EngineRig, operation } from '../engine/engine-rig.ts';
import { runSpans } from '../../lib/client/trace/run-spans.ts';
import type { LiveSpansOptions } from '../../lib/client/trace/live-spans.ts';
import type { Span } from '../../lib/client/trace/span.ts';
import { isSampled, runSpanId, sendSpanId, spanIn, traceIdAt, type SpanName } from '../../lib/format/span-ids.ts';
import { journalTexts, parseEntry } from '../../lib/format/read-journal.ts';
import type { Head } from '../../lib/ports/process-store.ts';

const CALLER = '00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01';
const [MINUTE, HOUR] = [60_000, 3_600_000];
const order = z.object({ id: z.string() });

const Ordered = event('shop.ordered', order);
const Paid = event('shop.paid', order);
const Shipped = event('trips.shipped', order);
const putBack = command({ input: order });
const depot = service('depot', {
  putBack,
  pick: command({ input: order, output: order, timeout: '1 minute', undo: { command: putBack, input: ({ id }) => ({ id }) } }),
  weigh: command({ input: order, errors: { TooHeavy: z.object({}) }, timeout: '1 minute' }),
});

/** Sends twice, publishes, waits for hours and undoes. */
const ship = process(
  'ship',
  { startOn: Ordered.byId(({ id }) => id), receives: [Paid.byId(({ id }) => id)], publishes: [Shipped] },
  async (ctx, { id }) => {
    await ctx.scope('packing', async () => {
      await ctx.call(depot.pick, { id });
      ctx.publish(Shipped, { id });
    });
    await ctx.waitFor(Paid);
    await ctx.sleep('2 hours');
    await ctx.call(depot.weigh, { id });
  },
);

interface Story {
  readonly rig: EngineRig;
  readonly spans: readonly Span[];
  readonly traceparents: readonly (string | undefined)[];
}

/** How messages come to the engine: `twice`, a worker ends after each commit and before it acknowledges. */
type Delivery = 'once, warm' | 'once, cold' | 'twice';

async function told(delivery: Delivery, { sample, weight = 'TooHeavy' }: { sample?: number; weight?: string } = {}): Promise<Story> {
  const spans: Span[] = [];
  const traceparents: (string | undefined)[] = [];
  const rig = new EngineRig([ship], [depot], {
    traces: { send: async (sent) => void spans.push(...sent), onDropped: expect.fail, ...(sample !== undefined && { sample }) },
  });
  if (delivery === 'twice') {
    const { engine } = rig;
    const advance = engine.advance.bind(engine);
    engine.advance = async (messages) => {
      await advance(messages);
      engine.forget();
      return advance(messages.map((message) => ({ ...message, receiveCount: message.receiveCount + 1 })));
    };
  }
  const advances = (): Promise<void> => (delivery === 'once, cold' ? rig.advanceCold() : rig.advance());
  const commands = async () => {
    const sent = await rig.commands('depot');
    traceparents.push(...sent.map(({ traceparent }) => traceparent));
    return sent;
  };
  rig.happens(Ordered, { id: 'o-1' }, 'e-1', { traceparent: CALLER });
  await advances();
  rig.clock.advance(MINUTE);
  await advances();
  const [pick] = await commands();
  await rig.answers(pick!, 'completed', { id: 'o-1' });
  await advances();
  traceparents.push(...rig.published.map(({ detail }) => (JSON.parse(detail) as { traceparent?: string }).traceparent));
  rig.happens(Paid, { id: 'o-1' }, 'e-2');
  await advances();
  rig.clock.advance(2 * HOUR);
  await rig.engine.sweep();
  await advances();
  const [weigh] = await commands();
  await rig.answers(weigh!, 'failed', { type: weight, message: '', data: {} });
  await advances();
  const [undo] = await commands();
  await rig.answers(undo!, 'completed', null);
  await advances();
  return { rig, spans, traceparents };
}

async function journalled(rig: EngineRig): Promise<readonly Span[]> {
  const head = (await rig.head('default#ship#o-1')) as Head;
  expect(head.status).toBe('failed');
  return runSpans({
    pid: head.pid,
    run: head.run,
    entries: (await journalTexts(rig.store, head)).map(parseEntry),
    now: rig.clock.now(),
    traceparent: CALLER,
  });
}

const bySpan = (a: SpanName, b: SpanName): number => (a.spanId < b.spanId ? -1 : 1);

const ids = (spans: readonly Span[]): string[] =>
  [...new Set(spans.map(({ traceId, spanId, name }) => `${traceId} ${spanId} ${name}`))].toSorted();

describe('live spans', () => {
  test('each send of a run has a span at once, and at its end the run has the spans that its journal gives', async () => {
    const { rig, spans } = await told('once, warm');
    const whole = await journalled(rig);
    const sends = spans.filter(({ kind }) => kind === 'producer');
    expect(sends.map(({ name, attributes }) => [name, attributes['tutti.attempt']])).toEqual([
      ['send depot.pick', 1],
      ['send depot.pick', 2],
      ['publish trips.shipped', undefined],
      ['send depot.weigh', 1],
      ['send depot.putBack', 1],
    ]);
    expect(sends.toSorted(bySpan)).toEqual(whole.filter(({ kind }) => kind === 'producer').toSorted(bySpan));
    expect(spans.filter(({ name, kind }) => kind !== 'producer' && !name.startsWith('process '))).toEqual(
      whole.filter(({ kind }) => kind !== 'producer'),
    );
    const activations = spans.filter(({ name }) => name.startsWith('process '));
    expect(new Set(activations.map(({ attributes }) => attributes['tutti.message']))).toEqual(
      new Set(['shop.ordered', 'timer', 'reply completed', 'shop.paid', 'reply failed']),
    );
  });

  test('a message names the span of its send, and the span of a message links to the one that caused it', async () => {
    const { spans, traceparents } = await told('once, warm');
    const sends = spans.filter(({ kind }) => kind === 'producer');
    expect(traceparents.map((traceparent) => spanIn(traceparent) as SpanName).toSorted(bySpan)).toEqual(
      sends.toSorted(bySpan).map(({ traceId, spanId }) => ({ traceId, spanId })),
    );
    const started = spans.find(({ name }) => name === 'process ship');
    expect(started).toMatchObject({ name: 'process ship', links: [spanIn(CALLER)], attributes: { 'tutti.lag_ms': 0, 'tutti.id': 'o-1' } });
  });

  test('a decision of a later hour is in a trace of that hour, which links to the run', async () => {
    const { rig, spans } = await told('once, warm');
    const { pid, run, startedAt } = (await rig.head('default#ship#o-1')) as Head;
    const weigh = spans.find(({ name }) => name === 'call depot.weigh') as Span;
    const send = spans.find(({ name }) => name === 'send depot.weigh') as Span;
    expect([weigh.traceId, send.traceId, send.parentSpanId]).toEqual([
      traceIdAt({ pid, run }, startedAt, startedAt + 2 * HOUR),
      weigh.traceId,
      weigh.spanId,
    ]);
    const ofRun = { traceId: spans[0]?.traceId, spanId: runSpanId({ pid, run }) };
    expect([weigh.links, spans.findLast(({ name }) => name === 'process ship')?.links]).toEqual([[ofRun], [ofRun]]);
  });

  test.each(['once, cold', 'twice'] as const)(
    'a run whose messages come %s has the spans of a run whose messages come once, warm',
    async (delivery) => {
      const [usual, other] = [await told('once, warm'), await told(delivery)];
      expect(ids(other.spans)).toEqual(ids(usual.spans));
      expect(new Set(other.traceparents)).toEqual(new Set(usual.traceparents));
    },
  );

  test('a run outside of the share sends no live spans, and its messages say so; a run that fails sends all at its end', async () => {
    const { rig, spans, traceparents } = await told('once, warm', { sample: 0 });
    expect(spans).toEqual(await journalled(rig));
    expect(traceparents.every((traceparent) => traceparent?.endsWith('-00'))).toBe(true);
  });
});

/** A run of one command. */
const weighing = process('weighing', { startOn: Ordered.byId(({ id }) => id) }, async (ctx, { id }) => {
  await ctx.call(depot.weigh, { id });
  if (id === 'bad') throw new TypeError('a bug');
});

async function weighed(
  id: string,
  traces: Partial<LiveSpansOptions> = {},
): Promise<{ readonly rig: EngineRig; readonly spans: readonly Span[]; readonly dropped: unknown[] }> {
  const spans: Span[] = [];
  const dropped: unknown[] = [];
  const rig = new EngineRig([weighing], [depot], {
    traces: {
      send: async (sent) => void spans.push(...sent),
      onDropped: (count, error) => void dropped.push([count, String(error)]),
      ...traces,
    },
  });
  rig.happens(Ordered, { id }, 'e-1');
  await rig.advance();
  for (const command of await rig.commands('depot')) {
    rig.clock.advance(10_000);
    await rig.answers(command, 'completed', null);
    await rig.advance();
  }
  return { rig, spans, dropped };
}

describe('the end of a run', () => {
  test.each([
    [10_000, ['weighing', 'call depot.weigh', 'send depot.weigh']],
    [10_001, []],
  ])('outside of the share, a run of 10 seconds with slowMs %i sends %j', async (slowMs, names) => {
    const { spans } = await weighed('o-1', { sample: 0, slowMs });
    expect(spans.map(({ name }) => name)).toEqual(names);
  });

  test('an instance that gets stuck sends its run, which is in progress, with its sends', async () => {
    const { rig, spans } = await weighed('bad', { sample: 0 });
    await rig.pass(3 * MINUTE);
    expect((await rig.head('default#weighing#bad'))?.status).toBe('stuck');
    expect(spans.map(({ name, attributes }) => [name, attributes['tutti.in_progress']])).toEqual([
      ['weighing', true],
      ['call depot.weigh', true],
      ['send depot.weigh', undefined],
    ]);
  });

  test('a run that is cancelled, and is outside of the share, sends nothing', async () => {
    const { rig, spans } = await weighed('o-1', { sample: 0 });
    rig.happens(Ordered, { id: 'o-2' }, 'e-2');
    await rig.advance();
    rig.operates(operation('terminate', 'default#weighing#o-2'));
    await rig.advance();
    expect((await rig.head('default#weighing#o-2'))?.status).toBe('terminated');
    expect(spans).toEqual([]);
  });

  test('a run that continues as new sends its spans when the next one begins', async () => {
    const spans: Span[] = [];
    const Round = event('shop.round', z.object({ id: z.string(), number: z.int() }));
    const round = process('round', { startOn: Round.byId(({ id }) => id) }, async (ctx, { id, number }) => {
      await ctx.call(depot.weigh, { id });
      return number === 1 ? ctx.continueAsNew({ id, number: 2 }) : null;
    });
    const rig = new EngineRig([round], [depot], { traces: { send: async (sent) => void spans.push(...sent), onDropped: expect.fail } });
    rig.happens(Round, { id: 'o-1', number: 1 }, 'e-1');
    await rig.advance();
    const [first] = await rig.commands('depot');
    await rig.answers(first!, 'completed', null);
    await rig.advance();
    expect(spans.filter(({ name }) => name === 'round').map(({ attributes }) => attributes['tutti.end'])).toEqual(['RunContinued']);
  });
});

describe('an export that fails', () => {
  test('is counted, holds no message, and lets the next spans go for five seconds', async () => {
    let calls = 0;
    const send = async (): Promise<void> => {
      calls += 1;
      throw new Error('no collector');
    };
    const { rig, dropped } = await weighed('o-1', { send });
    expect((await rig.head('default#weighing#o-1'))?.status).toBe('completed');
    expect(dropped).toEqual([
      [2, 'Error: no collector'],
      [3, 'Error: no collector'],
    ]);
    rig.happens(Ordered, { id: 'o-2' }, 'e-2');
    await rig.advance();
    expect([calls, dropped.at(-1)]).toEqual([2, [2, 'undefined']]);
  });
});

test('an export that does not end is given up, and the message is done', async () => {
  const { rig, dropped } = await weighed('o-1', { send: () => new Promise(() => {}), timeoutMs: 1 });
  expect((await rig.head('default#weighing#o-1'))?.status).toBe('completed');
  expect(dropped[0]).toEqual([2, expect.stringContaining('The export took more than 1 ms.')]);
});

test('a share of the runs is the same for all programs, and as large as it is said to be', () => {
  const runs = Array.from({ length: 2_000 }, (_, i) => ({ pid: `default#ship#o-${i}`, run: 'r' }));
  expect(runs.filter((run) => isSampled(run, 0.25)).length).toBeGreaterThan(430);
  expect(runs.filter((run) => isSampled(run, 0.25)).length).toBeLessThan(570);
  expect([runs.every((run) => isSampled(run, 1)), runs.some((run) => isSampled(run, 0))]).toEqual([true, false]);
});

test('the span of a send can be computed from the id of its message', async () => {
  const { spans } = await weighed('o-1');
  const send = spans.find(({ kind }) => kind === 'producer') as Span;
  expect(send.spanId).toBe(sendSpanId(send.attributes['messaging.message.id'] as string, 1));
});
