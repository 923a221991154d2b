import * as fc from 'fast-check';
import { expect, test } from 'vitest';
import { withinCloudWatch } from '../../lib/client/trace/cloudwatch-limits.ts';
import type { Span } from '../../lib/client/trace/span.ts';

const [HOUR, DAY] = [3_600_000, 86_400_000];
const NOW = Date.UTC(2030, 0, 1);

function spanOf(from: number, to: number, name = 'span'): Span {
  return { traceId: 'a'.repeat(32), spanId: 'b'.repeat(16), name, kind: 'internal', from, to, attributes: {}, links: [] };
}

test('spans of a month are parted into requests of a day, without those that CloudWatch would refuse', () => {
  const month = spanOf(NOW - 30 * DAY, NOW, 'run');
  const spans = [
    month,
    spanOf(NOW - 30 * DAY, NOW - 29 * DAY, 'first'),
    spanOf(NOW - 5 * DAY, NOW - 5 * DAY + HOUR, 'middle'),
    spanOf(NOW - HOUR, NOW, 'last'),
  ];
  const requests = withinCloudWatch(spans, NOW);
  expect(requests.map((request) => request.map(({ name }) => name).toSorted())).toEqual([['middle'], ['run'], ['last']]);
  expect(requests[1]?.[0]).toMatchObject({ from: NOW - 13 * DAY, attributes: { 'tutti.began': '2029-12-02T00:00:00.000Z' } });
});

test('each request lies within a day, but that of a longer span, and no span gets lost that is young enough', () => {
  const times = fc.array(fc.tuple(fc.integer({ min: 0, max: 20 * DAY }), fc.integer({ min: 0, max: 2 * DAY })), { maxLength: 40 });
  fc.assert(
    fc.property(times, (all) => {
      const spans = all.map(([ago, length], i) => spanOf(NOW - ago, Math.min(NOW, NOW - ago + length), String(i)));
      const requests = withinCloudWatch(spans, NOW);
      for (const request of requests) {
        const [first, last] = [Math.min(...request.map(({ from }) => from)), Math.max(...request.map(({ to }) => to))];
        if (request.length > 1) expect(last - first).toBeLessThanOrEqual(DAY);
        expect(first).toBeGreaterThanOrEqual(NOW - 13 * DAY);
      }
      const young = spans.filter(({ to }) => to >= NOW - 13 * DAY).map(({ name }) => name);
      expect(
        requests
          .flat()
          .map(({ name }) => name)
          .toSorted(),
      ).toEqual(young.toSorted());
    }),
    { numRuns: 200 },
  );
});
