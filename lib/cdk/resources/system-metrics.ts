import { Duration, Stack } from 'aws-cdk-lib/core';
import { Dashboard, GraphWidget, Metric, TextWidget, type IMetric, type IWidget } from 'aws-cdk-lib/aws-cloudwatch';
import type { IQueue } from 'aws-cdk-lib/aws-sqs';
import type { Construct } from 'constructs';
import type { Alarms } from './alarms.ts';

/** Metrics of a deployment, beside those of its alarms. */
export interface MetricsSettings {
  /** Names of processes that have metrics of their own too. CloudWatch charges for each metric. @default none */
  readonly processes?: readonly string[];
  /** Names of services that have metrics of their own too. @default none */
  readonly services?: readonly string[];
  /** A wait for a reply that is older than this raises an alarm. wake-overdue looks once an hour. @default Duration.days(1) */
  readonly oldestWait?: Duration;
  /** Whether to make a dashboard, with the names of the deployment and the region. @default true */
  readonly dashboard?: boolean;
}

interface SystemMetricsProps extends MetricsSettings {
  readonly name: string;
  readonly alarms: Alarms;
  /** By service: its queue. */
  readonly queues: ReadonlyMap<string, IQueue>;
  readonly inbox: IQueue;
  readonly consoleUrl: string | undefined;
}

const HOUR = Duration.hours(1);
const PERIOD = Duration.minutes(5);

/** Makes the alarms on the waits of open instances, and the dashboard. The functions write the metrics (functions/measured.ts). */
export function watchSystem(scope: Construct, props: SystemMetricsProps): void {
  const { name, alarms, oldestWait = Duration.days(1), dashboard = true } = props;
  alarms.add(scope, 'OldestWaitAlarm', {
    metric: metricOf(name, 'oldestWait', 'Maximum', { period: HOUR }),
    description: `${name}: an instance has waited for a reply for more than ${oldestWait.toHumanString()}: a service does not run, fails, or waits for a person. The list counts the instances by what they wait for; find the service, and fix or start it. Run: tutti list --where 'waited:>${Math.floor(oldestWait.toHours({ integral: false }))}h' --group --stack ${name}`,
    threshold: oldestWait.toSeconds(),
    // Two runs of wake-overdue may fall into one hour, and none into the next.
    periods: 2,
    datapoints: 1,
  });
  alarms.add(scope, 'NothingPendingAlarm', {
    metric: metricOf(name, 'nothingPending', 'Maximum', { period: HOUR }),
    description: `${name}: an instance is running, and no reply, timer or event will wake it. This is a fault of Tutti or of a change of the table by hand: report it. tutti why shows the instance; tutti cancel undoes it. Run: tutti list --status running --group --stack ${name}`,
    threshold: 1,
    periods: 2,
    datapoints: 1,
  });
  if (dashboard) makeDashboard(scope, props);
}

function metricOf(
  name: string,
  metricName: string,
  statistic: string,
  { period = PERIOD, ...dimensions }: { readonly period?: Duration; readonly Process?: string; readonly Service?: string } = {},
): Metric {
  return new Metric({ namespace: `Tutti/${name}`, metricName, statistic, period, dimensionsMap: { System: name, ...dimensions } });
}

/** The golden signals: how many, how slow, how often wrong, and how full, of the system and of each named process and service. */
function makeDashboard(scope: Construct, props: SystemMetricsProps): void {
  const { name, processes = [], services = [], queues, inbox, consoleUrl } = props;
  const sums = (names: readonly string[], of = {}): IMetric[] => names.map((each) => metricOf(name, each, 'Sum', of));
  const spread = (metric: string, of = {}): IMetric[] => ['p50', 'p99'].map((each) => metricOf(name, metric, each, of));
  const waits = [
    metricOf(name, 'oldestWait', 'Maximum', { period: HOUR }),
    ...services.map((Service) => metricOf(name, 'oldestWait', 'Maximum', { period: HOUR, Service })),
  ];
  const ages = Array.from(queues, ([label, queue]) =>
    queue.metricApproximateAgeOfOldestMessage({ label, period: PERIOD, statistic: 'Maximum' }),
  );
  const rows: IWidget[][] = [
    [new TextWidget({ width: 24, height: 3, markdown: header(name, consoleUrl) })],
    [
      graph('Runs', sums(['started', 'completed', 'failed', 'cancelled', 'terminated'])),
      graph('Needs an operator', sums(['stuck', 'parked', 'conflicts'])),
      graph('Oldest wait for a reply (s)', waits),
    ],
    [
      graph('Event to commit (ms)', spread('eventLag')),
      graph('Command to reply (ms)', spread('commandLatency')),
      graph('Run, start to end (ms)', spread('runDuration')),
    ],
    [
      graph('Oldest message of the inbox (s)', [inbox.metricApproximateAgeOfOldestMessage({ period: PERIOD, statistic: 'Maximum' })]),
      graph('Oldest command in the queue of each service (s)', ages),
      graph('Commands', sums(['commands'])),
    ],
    ...processes.map((Process) => [
      graph(`${Process}: runs`, sums(['started', 'completed', 'failed', 'stuck'], { Process }), 12),
      graph(`${Process}: start to end (ms)`, spread('runDuration', { Process }), 12),
    ]),
    ...services.map((Service) => [
      graph(`${Service}: commands`, sums(['commands'], { Service }), 12),
      graph(`${Service}: command to reply (ms)`, spread('commandLatency', { Service }), 12),
    ]),
  ];
  // CloudWatch shows the dashboards of all regions of an account in one list.
  const dashboardName = `${name}-${Stack.of(scope).region}`;
  new Dashboard(scope, 'Dashboard', { dashboardName, widgets: rows, defaultInterval: Duration.hours(3) });
}

function graph(title: string, left: readonly IMetric[], width = 8): GraphWidget {
  return new GraphWidget({ title, width, height: 6, left: [...left] });
}

function header(name: string, consoleUrl: string | undefined): string {
  const console = consoleUrl === undefined ? `tutti console --stack ${name}` : `[console](${consoleUrl})`;
  return `# ${name}\n\nInstances, journals and remedies: ${console}. The description of each alarm says what to do, and docs/operations.md has all of them.`;
}
