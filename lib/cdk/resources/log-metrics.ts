import { Duration } from 'aws-cdk-lib/core';
import { Metric } from 'aws-cdk-lib/aws-cloudwatch';
import { FilterPattern, type ILogGroup, MetricFilter } from 'aws-cdk-lib/aws-logs';
import type { Construct } from 'constructs';
import { type Alarms, logCommand } from './alarms.ts';
import type { FunctionName } from '../bundle/bundle.ts';

interface CountedLines {
  readonly metricName: string;
  /** Filter pattern. In Lambda's JSON format, `message` holds the object that the function logs. */
  readonly pattern: string;
  /** @default each matching line counts 1 */
  readonly value?: string;
}

const FAULT: CountedLines = { metricName: 'fault', pattern: '{ $.message.event = "fault" }' };

const UNSEEN: CountedLines = { metricName: 'unseen', pattern: '{ $.message.event = "unseen" }' };

/** The lines that a function counts beside its faults. A metric without data costs nothing. */
const COUNTED: Readonly<Partial<Record<FunctionName, readonly CountedLines[]>>> = {
  'advance-processes': [
    // No alarm for an event after the end of its instance, nor for a request whose client received the reason: both expire without an operator.
    // An event that waits for a paused instance is there by an operator's choice.
    {
      metricName: 'parked',
      pattern:
        '{ $.message.event = "parked" && $.message.reason != "CLOSED" && $.message.reason != "REFUSED" && $.message.reason != "PAUSED" && $.message.reason != "HELD" }',
    },
    { metricName: 'stuck', pattern: '{ $.message.event = "stuck" }' },
    { metricName: 'unresolved', pattern: '{ $.message.event = "unresolved" }' },
    {
      metricName: 'late',
      pattern: '{ ($.message.event = "parked" && $.message.reason = "CLOSED") || $.message.event = "ignored" }',
    },
  ],
  // wake-overdue logs every hour what is still stuck, parked or unresolved.
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
  /** Command line of tutti, without the name of the deployment. @default `meaning` says what to do */
  readonly command?: string;
  /** Number of periods of five minutes. @default 1 */
  readonly periods?: number;
  /** @default all periods */
  readonly datapoints?: number;
}

/** One line in 90 minutes, which is longer than the hour between two runs of wake-overdue: the alarm stays on while the cause lasts. */
const UNTIL_LOGGED_AGAIN = { periods: 18, datapoints: 1 };

const ALARMED: readonly CountAlarm[] = [
  {
    metricName: 'parked',
    meaning: 'events are parked: they could not be applied and wait for an operator.',
    command: 'tutti parked',
    ...UNTIL_LOGGED_AGAIN,
  },
  {
    metricName: 'stuck',
    meaning:
      'instances are stuck: they wait for a fix of the code or of a service. The list counts them by cause, with the remedy of each.',
    command: 'tutti list --status stuck --group',
    ...UNTIL_LOGGED_AGAIN,
  },
  {
    metricName: 'unresolved',
    meaning:
      'instances continued without the outcome of a command, because it is unknown. Find out in the called system, then record it with tutti resolve.',
    command: 'tutti list --unresolved',
    ...UNTIL_LOGGED_AGAIN,
  },
  {
    metricName: 'unseen',
    meaning:
      'sweep-timers or wake-overdue ended before they reached every instance, so timers are late. Raise memorySizeMb of the orchestrator and deploy.',
    ...UNTIL_LOGGED_AGAIN,
  },
  {
    // A single fault is retried. A message that fails repeatedly waits for up to 15 minutes between two attempts.
    metricName: 'fault',
    meaning:
      'calls to the table, a queue, the bus or the bucket fail repeatedly. Messages are redelivered and nothing is lost. Read the ERROR lines in the logs of the functions; check AWS Health, quotas and rights.',
    periods: 12,
    datapoints: 3,
  },
];

/** Makes the metric filters of one function of the orchestrator. */
export function countLines(scope: Construct, logGroup: ILogGroup, name: string, which: FunctionName): void {
  for (const lines of [FAULT, ...(COUNTED[which] ?? [])]) count(scope, logGroup, name, lines);
}

/** Makes one alarm per metric; several functions may count into it. */
export function watchCounts(scope: Construct, name: string, alarms: Alarms): void {
  for (const alarm of ALARMED) watch(scope, name, alarms, alarm);
}

interface ServiceLines {
  readonly logGroup: ILogGroup;
  /** The name of the deployment. */
  readonly name: string;
  readonly service: string;
  readonly alarms: Alarms;
}

/** Counts the faults and the failed handler runs of a service function, and makes an alarm for the faults. */
export function watchServiceLines(scope: Construct, { logGroup, name, service, alarms }: ServiceLines): void {
  const fault = `${service}-fault`;
  count(scope, logGroup, name, { metricName: fault, pattern: '{ $.kind = "fault" }' });
  count(scope, logGroup, name, { metricName: `${service}-handler-failed`, pattern: '{ $.kind = "handler-failed" }' });
  const meaning = `calls of the service ${service} to its command records, its queue, the bus or the bucket fail repeatedly. Its commands are redelivered. Check AWS Health, quotas and rights. Run: ${logCommand(logGroup)}`;
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

function watch(scope: Construct, name: string, alarms: Alarms, { metricName, meaning, command, ...condition }: CountAlarm): void {
  const metric = new Metric({ namespace: namespaceOf(name), metricName, period: Duration.minutes(5), statistic: 'Maximum' });
  const description = command === undefined ? `${name}: ${meaning}` : `${name}: ${meaning} Run: ${command} --stack ${name}`;
  alarms.add(scope, `${metricName}-alarm`, { metric, description, threshold: 1, ...condition });
}

function namespaceOf(name: string): string {
  return `Tutti/${name}`;
}
