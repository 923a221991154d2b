import { vi } from 'vitest';
import { logLine, type LogLine } from '../../../functions/log-line.ts';
import { noticeLine } from '../../../lib/service/aws/notice-line.ts';
import { backoffSeconds } from '../../../lib/contract/backoff.ts';
import { QUEUE_RECEIVES_MAX } from '../../../lib/service/consumer/redelivery.ts';
import type { Resource } from '../synthesized.ts';
import type { AlarmMetric, Samples } from './alarm-states.ts';
import { matches, selected } from './filter-pattern.ts';
import { queueMetrics, type QueueLife } from './queue-metrics.ts';

/** The data of an alarm's metrics, given the template, whose metric filters count log lines. */
export type World = (resources: readonly Resource[]) => (metric: AlarmMetric) => Samples;

export interface Story {
  /** The logical ids of its alarms. */
  readonly alarm: RegExp;
  readonly minutes: number;
  readonly fault: string;
  readonly broken: World;
  /** The minute from which it must be on. */
  readonly onBy: number;
  /** The minute until which it must stay on, without a gap. @default the last: the fault lasts */
  readonly until?: number;
  /** The minute from which it must be off again. @default it stays on */
  readonly offFrom?: number;
  readonly healthy: Readonly<Record<string, World>>;
}

const HOUR = 60;
const every = (seconds: number, minutes: number): readonly number[] =>
  Array.from({ length: Math.floor((minutes * 60) / seconds) }, (_, i) => i * seconds);

const queue =
  (life: QueueLife): World =>
  () => {
    const metrics = queueMetrics(life);
    return ({ name }) => metrics(name);
  };

/** A function that runs at these minutes, and fails or is throttled at the given ones. */
const runs =
  (minutes: readonly number[], outcome: (minute: number) => 'ends' | 'fails' | 'throttled' = () => 'ends'): World =>
  () =>
  ({ name }) =>
  (minute) => {
    if (!minutes.includes(minute)) return [];
    const came = outcome(minute);
    if (name === 'Throttles') return [came === 'throttled' ? 1 : 0];
    if (came === 'throttled') return [];
    return [name === 'Errors' ? Number(came === 'fails') : 1];
  };

const minutely = (minutes: number): readonly number[] => Array.from({ length: minutes }, (_, i) => i + 1);
/** Once an hour, some seconds later each time. */
const hourly = (minutes: number): readonly number[] => minutely(minutes).filter((minute) => minute % 60 === Math.floor(minute / 600));

/** A metric that wake-overdue writes once an hour. */
const hourlyGauge =
  (metricName: string, value: (minute: number) => number): World =>
  () =>
  ({ name }) =>
  (minute) =>
    name === metricName && hourly(10 * HOUR).includes(minute) ? [value(minute)] : [];

/** EventBridge has no data point for zero. */
const counts =
  (metricName: string, at: readonly number[]): World =>
  () =>
  ({ name }) =>
  (minute) =>
    name === metricName && at.includes(minute) ? [1] : [];

interface Said {
  readonly minute: number;
  /** Part of the logical id of the function's log. */
  readonly by: string;
  readonly line: unknown;
}

/** A log line of a function of the orchestrator, in Lambda's format. */
const said = (by: string, line: LogLine, minutes: readonly number[]): readonly Said[] => {
  const levels = (['info', 'warn', 'error'] as const).map((level) => vi.spyOn(console, level).mockImplementation(() => {}));
  logLine(line);
  const [message] = levels.flatMap((spy) => spy.mock.calls).flat() as readonly unknown[];
  for (const spy of levels) spy.mockRestore();
  return minutes.map((minute) => ({ minute, by, line: { timestamp: '2026-01-01T00:00:00.000Z', level: 'WARN', message } }));
};

/** A log line that the function of each service and of the steps writes. */
const saidByService = (kind: 'fault' | 'handler-failed', minutes: readonly number[]): readonly Said[] =>
  ['Payments', 'Steps'].flatMap((by) =>
    minutes.map((minute) => ({
      minute,
      by,
      line: JSON.parse(noticeLine({ kind, messageId: 'm', message: 'no' }, { service: 'payments', now: 0 }) as string) as unknown,
    })),
  );

/** Counts lines as the metric filters of the template do. */
const logs =
  (...groups: readonly (readonly Said[])[]): World =>
  (resources) => {
    const filters = resources.filter(({ type }) => type === 'AWS::Logs::MetricFilter').map(({ properties }) => properties);
    const lines = groups.flat();
    return ({ namespace, name }) =>
      (minute) =>
        filters.flatMap(({ FilterPattern: pattern, LogGroupName: group, MetricTransformations: transformations }) => {
          const [made] = transformations as [{ MetricName: string; MetricNamespace: string; MetricValue: string }];
          if (made.MetricName !== name || made.MetricNamespace !== namespace) return [];
          return lines
            .filter((each) => each.minute === minute && String(group).includes(each.by) && matches(String(pattern), each.line))
            .map(({ line }) => Number(made.MetricValue.startsWith('$') ? selected(line, made.MetricValue) : made.MetricValue));
        });
  };

const parked = { event: 'parked', reason: 'MALFORMED', pid: 'default#trip#a' } as const;
/** A line at once, then one by wake-overdue every hour while the cause lasts: here from minute 20 to minute 400. */
const lasting = (once: LogLine, still: LogLine): World =>
  logs(
    said('AdvanceProcesses', once, [20]),
    said(
      'WakeOverdue',
      still,
      hourly(400).filter((minute) => minute > 20),
    ),
  );

export const STORIES: readonly Story[] = [
  {
    alarm: /DeadLettersAlarm/,
    minutes: HOUR,
    fault: 'dead letters that are taken at once and given back for 30 seconds, without end',
    broken: queue({ minutes: HOUR, arrivals: every(1, 1), receiver: () => 30 }),
    onBy: 15,
    healthy: {
      'a dead letter now and then, drained at once': queue({ minutes: HOUR, arrivals: every(120, HOUR), receiver: () => 'delete' }),
      'one that is given back twice, while a table is throttled': queue({
        minutes: HOUR,
        arrivals: [600],
        receiver: ({ receives }) => (receives < 3 ? 30 : 'delete'),
      }),
    },
  },
  {
    alarm: /(?:Inbox|HotLane|Starts|Operations)AgeAlarm/,
    minutes: 3 * HOUR,
    fault: 'a queue of the orchestrator that nothing takes from',
    broken: queue({ minutes: 3 * HOUR, arrivals: every(60, 180) }),
    onBy: 65,
    healthy: {
      'messages that are taken within a second': queue({ minutes: 3 * HOUR, arrivals: every(7, 180), receiver: () => 'delete' }),
      'a backlog of half an hour': queue({
        minutes: 3 * HOUR,
        arrivals: every(7, 180),
        receiver: ({ second }) => (second < 1800 ? 1800 - second : 'delete'),
      }),
    },
  },
  {
    alarm: /(?:Services\w+|Queue)AgeAlarm/,
    minutes: 3 * HOUR,
    fault: 'a service that is not running: nothing polls its queue',
    broken: queue({ minutes: 3 * HOUR, arrivals: every(600, 180) }),
    onBy: 25,
    healthy: {
      'commands that end within seconds': queue({ minutes: 3 * HOUR, arrivals: every(7, 180), workSeconds: 3, receiver: () => 'delete' }),
      'a handler that puts its command off for an hour': queue({
        minutes: 3 * HOUR,
        arrivals: [60],
        receiver: ({ receives }) => (receives === 1 ? 3600 : 'delete'),
      }),
      'a queue without a message': queue({ minutes: 3 * HOUR, arrivals: [], receiver: () => 'delete' }),
    },
  },
  {
    alarm: /UnfinishedAlarm/,
    minutes: 3 * HOUR,
    fault: 'a service whose handlers fail every command, with the backoff of the service',
    broken: queue({
      minutes: 3 * HOUR,
      arrivals: every(300, 180),
      receivesMax: QUEUE_RECEIVES_MAX,
      receiver: ({ receives }) => backoffSeconds(receives, 0.5),
    }),
    onBy: 35,
    healthy: {
      'commands that end, some after a failure': queue({
        minutes: 3 * HOUR,
        arrivals: every(60, 180),
        receiver: ({ number, receives }) => (number % 3 === 0 && receives < 4 ? backoffSeconds(receives, 0.5) : 'delete'),
      }),
      'one poisonous command among others': queue({
        minutes: 3 * HOUR,
        arrivals: every(600, 180),
        receiver: ({ number, receives }) => (number === 1 ? backoffSeconds(receives, 0.5) : 'delete'),
      }),
      'a handler that puts its command off for an hour': queue({
        minutes: 3 * HOUR,
        arrivals: [60],
        receiver: ({ receives }) => (receives === 1 ? 3600 : 'delete'),
      }),
    },
  },
  {
    alarm: /(?:WakeOverdue|RetireClosed)ErrorsAlarm/,
    minutes: 6 * HOUR,
    fault: 'a function that runs every hour and fails each time',
    broken: runs(hourly(6 * HOUR), () => 'fails'),
    onBy: 62,
    healthy: { 'a function that runs every hour': runs(hourly(6 * HOUR)) },
  },
  {
    alarm: /(?<!WakeOverdue|RetireClosed)ErrorsAlarm/,
    minutes: HOUR,
    fault: 'a function that fails as a whole, tried again whenever its messages are seen again',
    broken: runs([2, 4, 6, 8, 10, 12, 14, 16, 18], () => 'fails'),
    onBy: 20,
    until: 20,
    healthy: { 'one failed run': runs(minutely(HOUR), (minute) => (minute === 30 ? 'fails' : 'ends')) },
  },
  {
    alarm: /ThrottlesAlarm/,
    minutes: HOUR,
    fault: 'a function that gets no copy, minute after minute',
    broken: runs(minutely(HOUR), (minute) => (minute > 10 ? 'throttled' : 'ends')),
    onBy: 26,
    healthy: { 'a throttle while Lambda makes copies': runs(minutely(HOUR), (minute) => (minute === 30 ? 'throttled' : 'ends')) },
  },
  {
    alarm: /SweepTimersNotRunAlarm/,
    minutes: 2 * HOUR,
    fault: 'a schedule of every minute that has stopped',
    broken: runs(minutely(HOUR)),
    onBy: 76,
    healthy: { 'a run every minute': runs(minutely(2 * HOUR)) },
  },
  {
    alarm: /(?:WakeOverdue|RetireClosed)NotRunAlarm/,
    minutes: 12 * HOUR,
    fault: 'a schedule of every hour that has stopped',
    broken: runs(hourly(6 * HOUR)),
    onBy: 8 * HOUR,
    healthy: { 'a run every hour': runs([1, ...hourly(12 * HOUR)]) },
  },
  {
    alarm: /FailedAlarm/,
    minutes: HOUR,
    fault: 'one event that EventBridge could not deliver',
    broken: counts('FailedInvocations', [30]),
    onBy: 30,
    until: 30,
    healthy: { 'events that are delivered': counts('Invocations', minutely(HOUR)) },
  },
  {
    alarm: /LostAlarm/,
    minutes: HOUR,
    fault: 'one event that EventBridge could not keep either',
    broken: counts('InvocationsFailedToBeSentToDlq', [30]),
    onBy: 30,
    until: 30,
    healthy: { 'events that are delivered': counts('Invocations', minutely(HOUR)) },
  },
  {
    alarm: /parkedalarm/,
    minutes: 10 * HOUR,
    fault: 'an event that is parked, and stays so for hours',
    broken: lasting(parked, { event: 'still-parked', count: 1 }),
    onBy: 20,
    until: 400,
    offFrom: 400 + 105,
    healthy: {
      'events that came after the end of their instance': logs(said('AdvanceProcesses', { ...parked, reason: 'CLOSED' }, minutely(HOUR))),
    },
  },
  {
    alarm: /stuckalarm/,
    minutes: 10 * HOUR,
    fault: 'an instance that is stuck for hours',
    broken: lasting({ event: 'stuck', reason: 'POISON', pid: 'default#trip#a' }, { event: 'still-stuck', count: 1 }),
    onBy: 20,
    until: 400,
    offFrom: 400 + 105,
    healthy: { 'parked events alone': logs(said('AdvanceProcesses', parked, [20])) },
  },
  {
    alarm: /unresolvedalarm/,
    minutes: 10 * HOUR,
    fault: 'an instance that goes on for hours without an outcome',
    broken: lasting({ event: 'unresolved', reason: 'UNRESOLVED', pid: 'default#trip#a' }, { event: 'still-unresolved', count: 1 }),
    onBy: 20,
    until: 400,
    offFrom: 400 + 105,
    healthy: { 'late events': logs(said('AdvanceProcesses', { event: 'ignored', reason: 'CLOSED' }, minutely(HOUR))) },
  },
  {
    alarm: /unseenalarm/,
    minutes: 5 * HOUR,
    fault: 'too many running instances for one run of wake-overdue',
    broken: logs(said('WakeOverdue', { event: 'unseen' }, hourly(5 * HOUR))),
    onBy: HOUR,
    healthy: { 'lost ticks that are sent again': logs(said('WakeOverdue', { event: 'woken', count: 3 }, hourly(5 * HOUR))) },
  },
  {
    alarm: /Functionsfaultalarm/,
    minutes: 3 * HOUR,
    fault: 'one message that meets a fault at each delivery, its tries up to 15 minutes apart',
    broken: logs(said('DrainDeadLetters', { event: 'fault', error: 'AccessDenied' }, [1, 2, 5, 9, 18, 33, 48, 63, 78, 93])),
    onBy: 35,
    until: 93,
    healthy: {
      'a fault that the next try does not meet': logs(said('AdvanceProcesses', { event: 'fault', error: 'ThrottlingException' }, [20, 95])),
      'other log lines': logs(said('AdvanceProcesses', parked, minutely(HOUR))),
    },
  },
  {
    alarm: /(?:payments|steps)faultalarm/,
    minutes: 3 * HOUR,
    fault: 'a service that may not write its records',
    broken: logs(saidByService('fault', [1, 2, 5, 9, 18, 33, 48])),
    onBy: 20,
    until: 48,
    healthy: {
      'handlers that fail': logs(saidByService('handler-failed', minutely(HOUR))),
      'a fault now and then': logs(saidByService('fault', [20, 95])),
    },
  },
  {
    alarm: /MetricsOldestWaitAlarm/,
    minutes: 10 * HOUR,
    fault: 'a service that has not replied for a day',
    broken: hourlyGauge('oldestWait', (minute) => 22 * 3_600 + minute * 60),
    onBy: 5 * HOUR,
    healthy: { 'waits of some hours': hourlyGauge('oldestWait', (minute) => (minute % 300) * 60) },
  },
  {
    alarm: /MetricsNothingPendingAlarm/,
    minutes: 10 * HOUR,
    fault: 'an instance that nothing will wake',
    broken: hourlyGauge('nothingPending', (minute) => Number(minute > 2 * HOUR)),
    onBy: 5 * HOUR,
    healthy: { 'instances that wait': hourlyGauge('nothingPending', () => 0) },
  },
];
