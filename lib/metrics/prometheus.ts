import { COUNTERS, TIMINGS, type CounterName, type Labels, type Recorder, type TimingName } from './measuring.ts';

/** In seconds: from a reply of a service to a wait of a week. */
const BUCKETS = [0.01, 0.05, 0.1, 0.5, 1, 5, 10, 30, 60, 300, 900, 3_600, 14_400, 86_400, 604_800];

/** More series than this of one metric are counted as one, so that forged names fill no memory. */
const SERIES_MAX = 1_000;
const OTHERS = 'others="true"';

const COUNTER_NAMES: Readonly<Record<CounterName, string>> = {
  started: 'tutti_runs_started_total',
  ended: 'tutti_runs_ended_total',
  stuck: 'tutti_runs_stuck_total',
  messages: 'tutti_messages_total',
  parked: 'tutti_messages_parked_total',
  conflicts: 'tutti_conflicts_total',
  commands: 'tutti_commands_sent_total',
  attempts: 'tutti_attempts_total',
};

const TIMING_NAMES: Readonly<Record<TimingName, string>> = {
  eventLag: 'tutti_event_lag_seconds',
  commandLatency: 'tutti_command_latency_seconds',
  runDuration: 'tutti_run_duration_seconds',
  attemptDuration: 'tutti_attempt_duration_seconds',
};

interface Histogram {
  readonly buckets: number[];
  count: number;
  sum: number;
}

/** Counts since the start of this thread, as the text that Prometheus reads. A counter begins at 0 again when its thread is replaced. */
export class PrometheusRecorder implements Recorder {
  readonly #counts = new Map<CounterName, Map<string, number>>();
  readonly #timings = new Map<TimingName, Map<string, Histogram>>();

  count(name: CounterName, labels: Labels): void {
    const [series, key] = seriesOf(this.#counts, name, labels);
    series.set(key, (series.get(key) ?? 0) + 1);
  }

  time(name: TimingName, labels: Labels, ms: number): void {
    const [series, key] = seriesOf(this.#timings, name, labels);
    const histogram = series.get(key) ?? { buckets: BUCKETS.map(() => 0), count: 0, sum: 0 };
    series.set(key, histogram);
    const seconds = Math.max(0, ms) / 1_000;
    const bucket = BUCKETS.findIndex((most) => seconds <= most);
    if (bucket >= 0) histogram.buckets[bucket] = (histogram.buckets[bucket] ?? 0) + 1;
    histogram.count += 1;
    histogram.sum += seconds;
  }

  text(): string {
    const counters = Array.from(this.#counts, ([name, series]) =>
      family(
        { name: COUNTER_NAMES[name], type: 'counter', help: COUNTERS[name] },
        Array.from(series, ([labels, value]) => sample(COUNTER_NAMES[name], labels, value)),
      ),
    );
    const timings = Array.from(this.#timings, ([name, series]) =>
      family(
        { name: TIMING_NAMES[name], type: 'histogram', help: TIMINGS[name] },
        Array.from(series).flatMap(([labels, histogram]) => samplesOf(TIMING_NAMES[name], labels, histogram)),
      ),
    );
    return [...counters, ...timings].join('');
  }
}

/** The series of a metric, and the key of these labels in it. */
function seriesOf<N extends string, V>(all: Map<N, Map<string, V>>, name: N, labels: Labels): readonly [Map<string, V>, string] {
  const series = all.get(name) ?? new Map<string, V>();
  all.set(name, series);
  const key = labelText(labels);
  return [series, series.has(key) || series.size < SERIES_MAX ? key : OTHERS];
}

function labelText(labels: Labels): string {
  return Object.entries(labels)
    .map(([label, value]) => `${label}="${value.replaceAll('\\', '\\\\').replaceAll('"', '\\"').replaceAll('\n', '\\n')}"`)
    .join(',');
}

interface Family {
  readonly name: string;
  readonly type: 'counter' | 'gauge' | 'histogram';
  readonly help: string;
}

function family({ name, type, help }: Family, samples: readonly string[]): string {
  return `# HELP ${name} ${help}\n# TYPE ${name} ${type}\n${samples.join('')}`;
}

function sample(name: string, labels: string, value: number): string {
  return `${name}${labels === '' ? '' : `{${labels}}`} ${value}\n`;
}

function samplesOf(name: string, labels: string, { buckets, count, sum }: Histogram): string[] {
  let below = 0;
  const bounded = buckets.map((each, i) => {
    below += each;
    return sample(`${name}_bucket`, `${labels},le="${BUCKETS[i]}"`, below);
  });
  return [
    ...bounded,
    sample(`${name}_bucket`, `${labels},le="+Inf"`, count),
    sample(`${name}_sum`, labels, sum),
    sample(`${name}_count`, labels, count),
  ];
}

/** The text of a gauge. */
export function gaugeText(name: string, help: string, values: readonly (readonly [labels: Labels, value: number])[]): string {
  return family(
    { name, type: 'gauge', help },
    values.map(([labels, value]) => sample(name, labelText(labels), value)),
  );
}
