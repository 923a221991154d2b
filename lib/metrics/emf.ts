import type { CounterName, Labels, Recorder, TimingName } from './measuring.ts';

/** CloudWatch refuses a metric of more values. */
const VALUES_MAX = 100;

/** CloudWatch's names of the counters that it gets; `ended` is counted by its status, such as `completed`. */
const COUNTED: ReadonlySet<CounterName> = new Set(['started', 'ended', 'stuck', 'parked', 'conflicts', 'commands']);

export interface EmfOptions {
  /** The name of the deployment: the dimension `System`, and part of the namespace. */
  readonly system: string;
  /** Processes that have metrics of their own too, each under `System` and `Process`. */
  readonly processes: readonly string[];
  /** Services that have metrics of their own too, each under `System` and `Service`. */
  readonly services: readonly string[];
}

/** The metrics of one set of dimensions. */
class Group {
  readonly #dimensions: Labels;
  readonly #counts = new Map<string, number>();
  readonly #timings = new Map<string, { readonly unit: string; readonly values: number[] }>();

  constructor(dimensions: Labels) {
    this.#dimensions = dimensions;
  }

  add(name: string, n: number): void {
    this.#counts.set(name, (this.#counts.get(name) ?? 0) + n);
  }

  value(name: string, unit: string, value: number): void {
    const timing = this.#timings.get(name) ?? { unit, values: [] };
    this.#timings.set(name, timing);
    if (timing.values.length < VALUES_MAX) timing.values.push(value);
  }

  /** Of several values of one name the largest counts, such as the oldest wait. */
  gauge(name: string, unit: string, value: number): void {
    const [before = value] = this.#timings.get(name)?.values ?? [];
    this.#timings.set(name, { unit, values: [Math.max(before, value)] });
  }

  line(namespace: string, timestamp: number): string {
    const counts = [...this.#counts.keys()].map((name) => ({ Name: name, Unit: 'Count' }));
    const timings = Array.from(this.#timings, ([name, { unit }]) => ({ Name: name, Unit: unit }));
    const directive = { Namespace: namespace, Dimensions: [Object.keys(this.#dimensions)], Metrics: [...counts, ...timings] };
    return JSON.stringify({
      _aws: { Timestamp: timestamp, CloudWatchMetrics: [directive] },
      ...this.#dimensions,
      ...Object.fromEntries(this.#counts),
      ...Object.fromEntries(Array.from(this.#timings, ([name, { values }]) => [name, values])),
    });
  }
}

/**
 * Collects the metrics of one batch, as lines of CloudWatch's embedded metric format: one for the system, and one for each process and
 * service that `options` names and the batch has met. CloudWatch makes metrics of them; no call is made.
 */
export class EmfRecorder implements Recorder {
  readonly #options: EmfOptions;
  #groups = new Map<string, Group>();

  constructor(options: EmfOptions) {
    this.#options = options;
  }

  count(name: CounterName, labels: Labels): void {
    if (!COUNTED.has(name)) return;
    const metric = name === 'ended' ? (labels['status'] ?? name) : name;
    for (const group of this.#groupsOf(labels)) group.add(metric, 1);
  }

  time(name: TimingName, labels: Labels, ms: number): void {
    for (const group of this.#groupsOf(labels)) group.value(name, 'Milliseconds', Math.max(0, ms));
  }

  /** A value that was read, such as the age of the oldest wait in seconds. */
  gauge(name: string, unit: 'Count' | 'Seconds', labels: Labels, value: number): void {
    for (const group of this.#groupsOf(labels)) group.gauge(name, unit, value);
  }

  /** The lines since the last call, each an object of JSON. */
  take(now: number): readonly string[] {
    const groups = this.#groups;
    this.#groups = new Map();
    return Array.from(groups.values(), (group) => group.line(`Tutti/${this.#options.system}`, now));
  }

  #groupsOf({ process, service }: Labels): readonly Group[] {
    const { system: System, processes, services } = this.#options;
    return [
      this.#group({ System }),
      ...(process !== undefined && processes.includes(process) ? [this.#group({ System, Process: process })] : []),
      ...(service !== undefined && services.includes(service) ? [this.#group({ System, Service: service })] : []),
    ];
  }

  #group(dimensions: Labels): Group {
    const key = Object.values(dimensions).join(' ');
    const group = this.#groups.get(key) ?? new Group(dimensions);
    this.#groups.set(key, group);
    return group;
  }
}
