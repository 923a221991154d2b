import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test, vi } from 'vitest';
import { startCollector } from '../client/collector.ts';
import { inFolder, RunningTutti, tutti, tuttiIn } from './command-line.ts';

const STEP_SEATS = join(import.meta.dirname, 'step-seats.ts');

// The test starts several programs, so a busy machine needs more time.
vi.setConfig({ testTimeout: 180_000 });

test('trace prints the spans of an instance, and sends them to a collector when it has ended or with --now', async () => {
  const collector = await startCollector();
  await inFolder(async (folder) => {
    const events = join(folder, 'events.jsonl');
    writeFileSync(
      events,
      ['asked', 'taken'].map((seat) => JSON.stringify({ type: 'seats.seat-wanted', data: { id: seat, seat } })).join('\n'),
    );
    const dev = new RunningTutti('dev', STEP_SEATS, '--events', events, '--local', join(folder, 'state'));
    for (const line of [/taken .*failed:/, /asked .*by its token/]) await dev.line(line);
    const at = ['--local', join(folder, 'state')];
    const sends = ['--otlp', collector.url, ...at];
    const [printed, json, ended, open, now, wrong, unread] = await Promise.all([
      tutti('trace', 'book-seat', 'taken', ...at),
      tutti('trace', 'book-seat', 'taken', '--json', ...at),
      tuttiIn({ OTEL_EXPORTER_OTLP_HEADERS: 'api-key=a%20b' }, 'trace', 'book-seat', 'taken', ...sends),
      tutti('trace', 'book-seat', 'asked', ...sends),
      tutti('trace', 'book-seat', 'asked', '--now', ...sends),
      tutti('trace', 'book-seat', 'asked', '--otlp', 'localhost:4318', ...at),
      tuttiIn({ OTEL_EXPORTER_OTLP_HEADERS: 'api-key=100%' }, 'trace', 'book-seat', 'taken', ...sends),
    ]);
    expect(printed.stdout.replaceAll(/ +\+?\d+\.\d{3}s/g, ' -')).toMatch(
      /^trace [0-9a-f]{32}\n - -  book-seat {2}the step trip\/book the seat failed: the seat is taken\n - - {4}run the step charge\n - - {4}scope trip {2}failed\n - - {6}run the step trip\/book the seat {2}StepFailed: the seat is taken\n - - {4}run the undo of the step charge\n$/,
    );
    expect(JSON.parse(json.stdout)).toMatchObject({
      resourceSpans: [{ scopeSpans: [{ spans: [{ name: 'book-seat' }, {}, {}, {}, {}, {}, {}, {}] }] }],
    });
    expect([ended.code, ended.stdout]).toEqual([
      0,
      expect.stringMatching(/^8 spans sent to http:\/\/127\.0\.0\.1:\d+, trace [0-9a-f]{32}\n$/),
    ]);
    expect([open.code, open.stderr]).toEqual([2, expect.stringContaining('is running, and its spans are not complete.')]);
    expect([now.code, now.stdout]).toEqual([0, expect.stringMatching(/^6 spans sent/)]);
    expect([wrong.code, wrong.stderr]).toEqual([2, expect.stringContaining('expected an http or https address')]);
    expect([unread.code, unread.stderr]).toEqual([2, expect.stringContaining('OTEL_EXPORTER_OTLP_HEADERS')]);
    expect(
      collector.requests
        .map(({ headers }) => headers['api-key'] ?? '')
        .map(String)
        .toSorted(),
    ).toEqual(['', 'a b']);
  });
});

test('dev sends the spans of runs to the collector of OTEL_EXPORTER_OTLP_ENDPOINT', async () => {
  const collector = await startCollector();
  await inFolder(async (folder) => {
    const events = join(folder, 'events.jsonl');
    writeFileSync(events, JSON.stringify({ type: 'seats.seat-wanted', data: { id: 'free', seat: 'free' } }));
    const run = ['dev', STEP_SEATS, '--events', events, '--memory', '--once'];
    const [ended, refused] = await Promise.all([
      tuttiIn({ OTEL_EXPORTER_OTLP_ENDPOINT: collector.url }, ...run),
      tuttiIn({ OTEL_EXPORTER_OTLP_ENDPOINT: 'collector' }, ...run),
    ]);
    expect([ended.code, ended.stderr]).toEqual([0, expect.stringContaining(`Spans are sent to ${collector.url}`)]);
    expect(new Set(collector.spans().map(({ name }) => name))).toEqual(
      new Set([
        'process book-seat',
        'send the step charge',
        'send the step trip/book the seat',
        'book-seat',
        'run the step charge',
        'scope trip',
        'run the step trip/book the seat',
      ]),
    );
    expect([refused.code, refused.stderr]).toEqual([2, expect.stringContaining('OTEL_EXPORTER_OTLP_ENDPOINT is "collector"')]);
  });
});
