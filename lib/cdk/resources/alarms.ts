import { Annotations, Duration, Stack } from 'aws-cdk-lib/core';
import { Alarm, ComparisonOperator, type IMetric, MathExpression, TreatMissingData } from 'aws-cdk-lib/aws-cloudwatch';
import { SnsAction } from 'aws-cdk-lib/aws-cloudwatch-actions';
import type { IFunction } from 'aws-cdk-lib/aws-lambda';
import type { ITopic } from 'aws-cdk-lib/aws-sns';
import type { IQueue } from 'aws-cdk-lib/aws-sqs';
import type { Construct } from 'constructs';

interface Condition {
  readonly metric: IMetric;
  readonly description: string;
  readonly threshold: number;
  /** How many of the latest periods are looked at. @default 1 */
  readonly periods?: number;
  /** How many of them must be over the threshold. @default all */
  readonly datapoints?: number;
  /** Alarms when the metric falls below the threshold, or is missing. @default it alarms at the threshold and above */
  readonly below?: boolean;
}

/** A function that runs less often than this has no data point in most periods of five minutes. */
const PERIOD = Duration.minutes(5);

/** Alarms beside what they watch. They exist without a topic and then notify nobody. */
export class Alarms {
  readonly topic: ITopic | undefined;

  constructor(scope: Construct, topic: ITopic | undefined) {
    this.topic = topic;
    if (topic) return;
    Annotations.of(Stack.of(scope)).addWarningV2(
      'tutti/cdk:no-alarm-topic',
      'The alarms of this stack notify nobody: give alarmTopic, an SNS topic, to each construct of Tutti, or acknowledge this warning.',
    );
  }

  add(
    scope: Construct,
    id: string,
    { metric, description, threshold, periods = 1, datapoints = periods, below = false }: Condition,
  ): Alarm {
    const alarm = new Alarm(scope, id, {
      metric,
      alarmDescription: description,
      threshold,
      evaluationPeriods: periods,
      ...(datapoints !== periods && { datapointsToAlarm: datapoints }),
      comparisonOperator: below ? ComparisonOperator.LESS_THAN_THRESHOLD : ComparisonOperator.GREATER_THAN_OR_EQUAL_TO_THRESHOLD,
      treatMissingData: below ? TreatMissingData.BREACHING : TreatMissingData.NOT_BREACHING,
    });
    if (this.topic) alarm.addAlarmAction(new SnsAction(this.topic));
    return alarm;
  }

  /**
   * A dead-letter queue that nothing empties. A message that is taken and given back again and again is in flight nearly all the time, so both
   * counts are added; SQS reports each of them only while it is not zero ("Available CloudWatch metrics for Amazon SQS").
   */
  deadLetters(scope: Construct, queue: IQueue, description: string): Alarm {
    const each = { period: Duration.minutes(1), statistic: 'Maximum' };
    const metric = new MathExpression({
      expression: 'FILL(visible, 0) + FILL(taken, 0)',
      label: 'dead letters',
      period: each.period,
      usingMetrics: {
        visible: queue.metricApproximateNumberOfMessagesVisible(each),
        taken: queue.metricApproximateNumberOfMessagesNotVisible(each),
      },
    });
    return this.add(scope, 'DeadLettersAlarm', { metric, description, threshold: 1, periods: 10 });
  }

  /** Messages that nothing takes. SQS leaves out of this age what was received three times, which is for other alarms. */
  age(scope: Construct, queue: IQueue, ageMax: Duration, description: string): Alarm {
    const metric = queue.metricApproximateAgeOfOldestMessage({ period: PERIOD, statistic: 'Maximum' });
    return this.add(scope, 'AgeAlarm', { metric, description, threshold: ageMax.toSeconds() });
  }

  /** As `age`, where a receiver may hide a message for hours by its own will: the age counts while a message can be taken all the time. */
  ageOfVisible(scope: Construct, queue: IQueue, ageMax: Duration, description: string): Alarm {
    const metric = new MathExpression({
      expression: 'IF(FILL(visible, 0) > 0, FILL(age, 0), 0)',
      label: 'age of the oldest command while one can be taken',
      period: PERIOD,
      usingMetrics: {
        visible: queue.metricApproximateNumberOfMessagesVisible({ period: PERIOD, statistic: 'Minimum' }),
        age: queue.metricApproximateAgeOfOldestMessage({ period: PERIOD, statistic: 'Maximum' }),
      },
    });
    return this.add(scope, 'AgeAlarm', { metric, description, threshold: ageMax.toSeconds() });
  }

  /**
   * A receiver that finishes nothing. Lambda counts no error of a function that returns its failures by message, and the age above leaves
   * out what was received three times. Messages given back wait 15 minutes at the most, so each period has one receive.
   */
  unfinished(scope: Construct, queue: IQueue, description: string): Alarm {
    const each = { period: Duration.minutes(15), statistic: 'Sum' };
    const metric = new MathExpression({
      expression: 'IF(FILL(received, 0) > 0 AND FILL(deleted, 0) == 0, 1, 0)',
      label: 'received and none deleted',
      period: each.period,
      usingMetrics: { received: queue.metricNumberOfMessagesReceived(each), deleted: queue.metricNumberOfMessagesDeleted(each) },
    });
    return this.add(scope, 'UnfinishedAlarm', { metric, description, threshold: 1, periods: 2 });
  }

  /**
   * A function that keeps failing as a whole; what one message does is told by its partial response.
   * `every`: how often its schedule calls it. @default a queue calls it, again and again
   */
  errors(scope: Construct, fn: IFunction, description: string, every: Duration = PERIOD): Alarm {
    const seldom = every.toSeconds() > PERIOD.toSeconds();
    const metric = fn.metricErrors({ period: seldom ? every : PERIOD, statistic: 'Sum' });
    return this.add(scope, 'ErrorsAlarm', { metric, description, threshold: 1, periods: seldom ? 1 : 3 });
  }

  throttles(scope: Construct, fn: IFunction, description: string): Alarm {
    const metric = fn.metricThrottles({ period: PERIOD, statistic: 'Sum' });
    return this.add(scope, 'ThrottlesAlarm', { metric, description, threshold: 1, periods: 3 });
  }

  /**
   * A function that its schedule does not reach. It alarms from the creation of the alarm to the first run as well. Without `FILL`, CloudWatch
   * would look for the missing data points further back ("How alarms treat missing data"), and alarm hours later.
   */
  notRun(scope: Construct, fn: IFunction, every: Duration, description: string): Alarm {
    const seldom = every.toSeconds() > PERIOD.toSeconds();
    const each = { period: seldom ? every : PERIOD, statistic: 'Sum' };
    const metric = new MathExpression({
      expression: 'FILL(runs, 0)',
      label: 'runs',
      period: each.period,
      usingMetrics: { runs: fn.metricInvocations(each) },
    });
    // Two runs that are an hour and some seconds apart leave one period empty, never two.
    return this.add(scope, 'NotRunAlarm', { metric, description, threshold: 1, periods: seldom ? 2 : 3, below: true });
  }
}
