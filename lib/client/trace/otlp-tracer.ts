import { journalTexts, parseEntry } from '../../format/read-journal.ts';
import type { Clock } from '../../ports/clock.ts';
import type { ProcessStore } from '../../ports/process-store.ts';
import type { Tracer } from '../../format/tracer.ts';
import { EXPORT_MS, LiveSpans, type LiveSpansOptions } from './live-spans.ts';
import { sendSpans, type OtlpTarget } from './otlp.ts';
import type { Span } from './span.ts';

/** The collector of an engine, and the runs that it gets. It is plain data, which a thread or an environment variable can carry. */
export interface OtlpSettings {
  readonly endpoint: OtlpTarget['url'];
  readonly headers?: OtlpTarget['headers'];
  /** The share of runs, from 0 to 1, whose spans are exported. Runs that fail or get stuck, and slow ones, are exported at their end. @default 1 */
  readonly sample?: number;
  /** A run that takes at least so many milliseconds is slow. @default none is */
  readonly slowMs?: number;
}

interface TracedEngine {
  readonly system: string;
  readonly clock: Pick<Clock, 'now'>;
  readonly store: Pick<ProcessStore, 'chunks'>;
  readonly sign?: OtlpTarget['sign'];
  /** Parts spans into the requests that the collector accepts. @default all spans of an export are one request, if they are at most 2,000 */
  readonly requests?: (spans: readonly Span[], now: number) => readonly (readonly Span[])[];
  readonly onDropped: LiveSpansOptions['onDropped'];
}

/** The tracer of an engine, which exports to a collector. */
export function otlpTracer(settings: OtlpSettings, { system, clock, store, sign, requests, onDropped }: TracedEngine): Tracer {
  const { endpoint, headers, sample, slowMs } = settings;
  const target = { url: endpoint, timeoutMs: EXPORT_MS, ...(headers && { headers }), ...(sign && { sign }) };
  return new LiveSpans({
    clock,
    sample,
    slowMs,
    onDropped,
    send: async (spans) => {
      const parts = requests?.(spans, clock.now()) ?? [spans];
      await Promise.all(parts.map((part) => sendSpans(target, system, part)));
    },
    // The values of entries stay in the payload store: a span has no data.
    journal: async (place) => (await journalTexts(store, place)).map(parseEntry),
  });
}
