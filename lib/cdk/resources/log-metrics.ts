import { Duration } from 'aws-cdk-lib/core';
import { Metric } from 'aws-cdk-lib/aws-cloudwatch';
import { FilterPattern, type ILogGroup, MetricFilter } from 'aws-cdk-lib/aws-logs';
import type { Construct } from 'constructs';
import type { Alarms } from './alarms.ts';
import type { FunctionName } from '../bundle/bundle.ts';

interface CountedLines {
  readonly metricName: string;
  /** Of the lines that the function writes. Under the JSON format, Lambda writes what a function logs as `message`. */
  readonly pattern: string;
  /** @default each line counts 1 */
  readonly value?: string;
}

const FAULT: CountedLines = { metricName: 'fault', pattern: '{ $.message.event = "fault" }' };

const UNSEEN: CountedLines = { metricName: 'unseen', pattern: '{ $.message.event = "unseen" }' };

/** What a function counts beside its faults. A metric without lines costs nothing. */
const COUNTED: Readonly<Partial<Record<FunctionName, readonly CountedLines[]>>> = {
  'advance-processes': [
    // What came after the end of its instance expires by itself, and so does a request of a client that was told what is wrong with it.
    { metricName: 'parked', pattern: '{ $.message.event = "parked" && $.message.reason != "CLOSED" && $.message.reason != "REFUSED" }' },
    { metricName: 'stuck', pattern: '{ $.message.event = "stuck" }' },
    { metricName: 'unresolved', pattern: '{ $.message.event = "unresolved" }' },
    {
      metricName: 'late',
      pattern: '{ ($.message.event = "parked" && $.message.reason = "CLOSED") || $.message.event = "ignored" }',
    },
  ],
  // Every hour it says again what is still so.
  'wake-overdue': [
    { metricName: 'stuck', pattern: '{ $.message.event = "still-stuck" }', value: '$.message.count' },
    { metricName: 'parked', pattern: '{ $.message.event = "still-parked" }', value: '$.message.count' },
    { metricName: 'unresolved', pattern: '{ $.message.event = "still-unresolved" }', value: '$.message.count' },
    UNSEEN,
  ],
  'sweep-timers': [UNSEEN],
};

interface CountAlarm {
  readonly metricName: string;
  readonly meaning: string;
  /** Of five minutes. @default 1 */
  readonly periods?: number;
  /** @default all periods */
  readonly datapoints?: number;
}

/** One line in 90 minutes: longer than the hour between two runs of wake-overdue, so that an alarm stays while it says the same. */
const UNTIL_SAID_AGAIN = { periods: 18, datapoints: 1 };

const ALARMED: readonly CountAlarm[] = [
  {
    metricName: 'parked',
    meaning: 'events are parked: they could not be applied and wait for a person.',
    ...UNTIL_SAID_AGAIN,
  },
  {
    metricName: 'stuck',
    meaning: 'instances are stuck: tutti list --status stuck says which, tutti why says why.',
    ...UNTIL_SAID_AGAIN,
  },
  {
    metricName: 'unresolved',
    meaning: 'instances went on without an outcome that nobody knows: tutti list --unresolved says which, tutti resolve records it.',
    ...UNTIL_SAID_AGAIN,
  },
  {
    metricName: 'unseen',
    meaning: 'sweep-timers or wake-overdue had no time for every instance, so timers are late: see their logs, and raise memorySizeMb.',
    ...UNTIL_SAID_AGAIN,
  },
  {
    // One fault is tried again. A single message that keeps meeting one waits up to 15 minutes between two tries.
    metricName: 'fault',
    meaning: 'the functions keep meeting faults of tables, queues, bus, bucket or rights: their logs say which, at level ERROR.',
    periods: 12,
    datapoints: 3,
  },
];

/** Counts the lines of one function of the orchestrator. */
export function countLines(scope: Construct, logGroup: ILogGroup, name: string, which: FunctionName): void {
  for (const lines of [FAULT, ...(COUNTED[which] ?? [])]) count(scope, logGroup, name, lines);
}

/** One alarm for each metric, whatever number of functions count into it. */
export function watchCounts(scope: Construct, name: string, alarms: Alarms): void {
  for (const { metricName, meaning, ...condition } of ALARMED) watch(scope, name, alarms, { metricName, meaning, ...condition });
}

/** Counts the faults that a service's function meets, and the runs of its handlers that failed, and watches the faults. */
export function watchServiceLines(scope: Construct, logGroup: ILogGroup, name: string, service: string, alarms: Alarms): void {
  const fault = `${service}-fault`;
  count(scope, logGroup, name, { metricName: fault, pattern: '{ $.kind = "fault" }' });
  count(scope, logGroup, name, { metricName: `${service}-handler-failed`, pattern: '{ $.kind = "handler-failed" }' });
  const meaning = `${service} keeps meeting faults of its records, its queue, the bus, the bucket or its rights: see the log of its function.`;
  watch(scope, name, alarms, { metricName: fault, meaning, periods: 12, datapoints: 3 });
}

function count(scope: Construct, logGroup: ILogGroup, name: string, { metricName, pattern, value = '1' }: CountedLines): void {
  new MetricFilter(scope, `${metricName}-lines`, {
    logGroup,
    metricNamespace: namespaceOf(name),
    metricName,
    filterPattern: FilterPattern.literal(pattern),
    metricValue: value,
  });
}

function watch(scope: Construct, name: string, alarms: Alarms, { metricName, meaning, ...condition }: CountAlarm): void {
  const metric = new Metric({ namespace: namespaceOf(name), metricName, period: Duration.minutes(5), statistic: 'Maximum' });
  alarms.add(scope, `${metricName}-alarm`, { metric, description: `${name}: ${meaning}`, threshold: 1, ...condition });
}

const namespaceOf = (name: string): string => `Tutti/${name}`;
