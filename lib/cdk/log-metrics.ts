import { Duration } from 'aws-cdk-lib/core';
import { FilterPattern, type ILogGroup, MetricFilter } from 'aws-cdk-lib/aws-logs';
import type { Construct } from 'constructs';
import type { Alarms } from './alarms.ts';

/** What a person has to look at, as the functions write it into their logs. */
const EVENTS = {
  parked: 'events were parked: they could not be applied and wait for a person.',
  stuck: 'instances are stuck: tutti list --status stuck says which, tutti why says why.',
} as const;

/** Counts such lines; a metric without lines costs nothing. The alarm is made once: the functions count into one metric. */
export function watchLog(scope: Construct, logGroup: ILogGroup, name: string, alarms?: Alarms): void {
  for (const [event, meaning] of Object.entries(EVENTS)) {
    const filter = new MetricFilter(scope, `${event}-lines`, {
      logGroup,
      metricNamespace: `Tutti/${name}`,
      metricName: event,
      // Under the JSON format, Lambda writes what a function logs as `message`.
      filterPattern: FilterPattern.literal(`{ $.message.event = "${event}" }`),
      metricValue: '1',
    });
    const metric = filter.metric({ period: Duration.minutes(5), statistic: 'Sum' });
    alarms?.add(scope, `${event}-alarm`, { metric, description: `${name}: ${meaning}`, threshold: 1 });
  }
}
