import { Duration } from 'aws-cdk-lib/core';
import { FilterPattern, type ILogGroup, MetricFilter } from 'aws-cdk-lib/aws-logs';
import type { Construct } from 'constructs';
import type { Alarms } from './alarms.ts';

interface Counted {
  /** Of the lines that the functions write. Under the JSON format, Lambda writes what a function logs as `message`. */
  readonly pattern: string;
  /** The text of the alarm. @default there is no alarm: the metric alone needs no action */
  readonly meaning?: string;
}

/** What the functions count into metrics, by the name of the metric. */
const COUNTED: Readonly<Record<string, Counted>> = {
  parked: {
    // What came after the end of its instance expires by itself.
    pattern: '{ $.message.event = "parked" && $.message.reason != "CLOSED" }',
    meaning: 'events were parked: they could not be applied and wait for a person.',
  },
  stuck: {
    pattern: '{ $.message.event = "stuck" }',
    meaning: 'instances are stuck: tutti list --status stuck says which, tutti why says why.',
  },
  unresolved: {
    pattern: '{ $.message.event = "unresolved" }',
    meaning: 'instances went on without an outcome that nobody knows: tutti list --unresolved says which, tutti resolve records it.',
  },
  late: { pattern: '{ ($.message.event = "parked" && $.message.reason = "CLOSED") || $.message.event = "ignored" }' },
};

/** Counts such lines; a metric without lines costs nothing. The alarm is made once: the functions count into one metric. */
export function watchLog(scope: Construct, logGroup: ILogGroup, name: string, alarms?: Alarms): void {
  for (const [metricName, { pattern, meaning }] of Object.entries(COUNTED)) {
    const filter = new MetricFilter(scope, `${metricName}-lines`, {
      logGroup,
      metricNamespace: `Tutti/${name}`,
      metricName,
      filterPattern: FilterPattern.literal(pattern),
      metricValue: '1',
    });
    if (meaning === undefined) continue;
    const metric = filter.metric({ period: Duration.minutes(5), statistic: 'Sum' });
    alarms?.add(scope, `${metricName}-alarm`, { metric, description: `${name}: ${meaning}`, threshold: 1 });
  }
}
