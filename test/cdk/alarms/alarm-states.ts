import { evaluateMath, type Point } from './metric-math.ts';

/** The samples of a metric, by minute. A minute without samples has no data. */
export type Samples = (minute: number) => readonly number[];

interface Stat {
  readonly Metric: { readonly Namespace: string; readonly MetricName: string; readonly Dimensions?: readonly Dimension[] };
  readonly Period: number;
  readonly Stat: string;
}

interface Dimension {
  readonly Name: string;
  readonly Value: string;
}

interface Query {
  readonly Id: string;
  readonly Expression?: string;
  readonly MetricStat?: Stat;
  readonly ReturnData?: boolean;
}

/** An alarm as the template has it. */
export interface AlarmProperties {
  readonly Namespace?: string;
  readonly MetricName?: string;
  readonly Dimensions?: readonly Dimension[];
  readonly Statistic?: string;
  readonly Period?: number;
  readonly Metrics?: readonly Query[];
  readonly ComparisonOperator: string;
  readonly Threshold: number;
  readonly EvaluationPeriods: number;
  readonly DatapointsToAlarm?: number;
  readonly TreatMissingData: string;
}

export interface AlarmMetric {
  readonly namespace: string;
  readonly name: string;
  readonly dimensions: Readonly<Record<string, string>>;
}

/** The metrics of an alarm; AWS charges for each. */
export const metricsOf = (alarm: AlarmProperties): readonly AlarmMetric[] =>
  queriesOf(alarm).flatMap(({ MetricStat: stat }) => (stat ? [metricOf(stat)] : []));

/**
 * The minutes in which an alarm is on. Each minute it evaluates the latest `EvaluationPeriods` periods, in a sliding window. If some of
 * them have no data, it also looks further back ("Alarm evaluation", "How alarms treat missing data"). AWS does not document how far; here two periods.
 */
export function alarmedMinutes(alarm: AlarmProperties, samples: (metric: AlarmMetric) => Samples, minutes: number): readonly number[] {
  const queries = queriesOf(alarm);
  const period = queries.flatMap(({ MetricStat: stat }) => (stat ? [stat.Period / 60] : []))[0] as number;
  const [result] = queries.filter(({ ReturnData = true }) => ReturnData);
  const pointAt = (end: number): Point => {
    const one = ({ Expression: expression, MetricStat: stat }: Query): Point =>
      stat
        ? statistic(stat.Stat, valuesIn(samples(metricOf(stat)), end - stat.Period / 60, end))
        : evaluateMath(expression ?? '', (id) => one(queries.find(({ Id }) => Id === id) as Query));
    return one(result as Query);
  };
  const on: number[] = [];
  let alarmed = false;
  for (let minute = 1; minute <= minutes; minute += 1) {
    const looked = Array.from({ length: alarm.EvaluationPeriods + 2 }, (_, back) => pointAt(minute - back * period));
    alarmed = stateAfter(alarm, looked, alarmed);
    if (alarmed) on.push(minute);
  }
  return on;
}

function stateAfter(alarm: AlarmProperties, newestFirst: readonly Point[], before: boolean): boolean {
  const { EvaluationPeriods: wanted, DatapointsToAlarm: enough = wanted, TreatMissingData: missing } = alarm;
  const real = newestFirst.filter((point) => point !== undefined).slice(0, wanted);
  if (real.length === 0 && missing === 'ignore') return before;
  const breaching = real.filter((point) => breaches(alarm, point)).length + (missing === 'breaching' ? wanted - real.length : 0);
  return breaching >= enough;
}

function breaches({ ComparisonOperator: operator, Threshold: threshold }: AlarmProperties, point: number): boolean {
  if (operator === 'LessThanThreshold') return point < threshold;
  if (operator === 'GreaterThanOrEqualToThreshold') return point >= threshold;
  throw new SyntaxError(`${operator} is a comparison that the alarms did not use so far: write it here`);
}

function queriesOf(alarm: AlarmProperties): readonly Query[] {
  if (alarm.Metrics) return alarm.Metrics;
  const { Namespace = '', MetricName = '', Dimensions = [], Period = 0, Statistic = '' } = alarm;
  return [{ Id: 'only', MetricStat: { Metric: { Namespace, MetricName, Dimensions }, Period, Stat: Statistic } }];
}

function metricOf({ Metric: { Namespace: namespace, MetricName: name, Dimensions = [] } }: Stat): AlarmMetric {
  return { namespace, name, dimensions: Object.fromEntries(Dimensions.map(({ Name, Value }) => [Name, Value])) };
}

/** Of the minutes after `from` and up to `to`. */
function valuesIn(samples: Samples, from: number, to: number): readonly number[] {
  return Array.from({ length: to - from }, (_, i) => from + 1 + i).flatMap((minute) => (minute < 1 ? [] : samples(minute)));
}

function statistic(name: string, values: readonly number[]): Point {
  if (values.length === 0) return undefined;
  if (name === 'Sum') return values.reduce((sum, each) => sum + each, 0);
  if (name === 'Maximum') return Math.max(...values);
  if (name === 'Minimum') return Math.min(...values);
  throw new SyntaxError(`${name} is a statistic that the alarms did not use so far: write it here`);
}
