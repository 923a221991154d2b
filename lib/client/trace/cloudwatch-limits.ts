import type { Span } from './span.ts';

const DAY_MS = 86_400_000;
/** CloudWatch refuses a request with a span that is older than 14 days. A day is left for the clocks and for the export. */
const AGE_MS_MAX = 13 * DAY_MS;

/**
 * Parts spans into requests that the OTLP endpoint of CloudWatch accepts: no span is older than 14 days, and all spans of a request lie within
 * 24 hours. A longer span begins 13 days ago, with its own beginning as `tutti.began`; `tutti trace` prints it whole. A span that ended before
 * is left out. Source: Amazon CloudWatch User Guide, "OTLP endpoints", limits for traces.
 */
export function withinCloudWatch(spans: readonly Span[], now: number): readonly (readonly Span[])[] {
  const oldest = now - AGE_MS_MAX;
  const requests: Span[][] = [];
  let begun = -Infinity;
  for (const span of spans.filter(({ to }) => to >= oldest).toSorted(byEnd)) {
    const sent =
      span.from >= oldest ? span : { ...span, from: oldest, attributes: { ...span.attributes, 'tutti.began': instantOf(span.from) } };
    // A long span has a request of its own: its beginning and its end are far apart.
    const isLong = sent.to - sent.from > DAY_MS;
    if (isLong || sent.to - begun > DAY_MS || requests.length === 0) {
      requests.push([sent]);
      begun = isLong ? -Infinity : sent.from;
    } else {
      requests.at(-1)?.push(sent);
      begun = Math.min(begun, sent.from);
    }
  }
  return requests;
}

function byEnd(a: Span, b: Span): number {
  return a.to - b.to;
}

function instantOf(ms: number): string {
  return new Date(ms).toISOString();
}
