import { Annotations, Duration, Stack } from 'aws-cdk-lib/core';
import { Alarm, ComparisonOperator, type IMetric, MathExpression, TreatMissingData } from 'aws-cdk-lib/aws-cloudwatch';
import { SnsAction } from 'aws-cdk-lib/aws-cloudwatch-actions';
import type { IFunction } from 'aws-cdk-lib/aws-lambda';
import type { ILogGroup } from 'aws-cdk-lib/aws-logs';
import type { ITopic } from 'aws-cdk-lib/aws-sns';
import type { IQueue } from 'aws-cdk-lib/aws-sqs';
import type { Construct } from 'constructs';

interface Condition {
  readonly metric: IMetric;
  /** Read by an operator who is on call: first what is wrong, then the command to run. */
  readonly description: string;
  readonly threshold: number;
  /** Number of latest periods to evaluate. @default 1 */
  readonly periods?: number;
  /** Number of those periods that must breach the threshold. @default all */
  readonly datapoints?: number;
  /** The alarm is on while the metric is below the threshold or missing. @default the alarm is on at the threshold and above */
  readonly below?: boolean;
}

/** A function that runs less often has no data point in most periods. */
const PERIOD = Duration.minutes(5);

/** The command that prints the latest lines of a log, for descriptions of alarms. */
export function logCommand(logGroup: ILogGroup): string {
  return `aws logs tail ${logGroup.logGroupName} --since 1h`;
}

/** The command that counts the messages of a queue, for descriptions of alarms. */
export function queueCommand(queueName: string): string {
  return `aws sqs get-queue-attributes --attribute-names All --queue-url $(aws sqs get-queue-url --queue-name ${queueName} --output text)`;
}

/** Makes each alarm in the scope of the resource that it watches. Without a topic the alarms have no action, and synth warns. */
export class Alarms {
  readonly topic: ITopic | undefined;
  readonly #console: string;

  /** `consoleUrl`: the console that each description names. */
  constructor(scope: Construct, topic: ITopic | undefined, consoleUrl?: string) {
    this.topic = topic;
    this.#console = consoleUrl === undefined ? '' : ` Console: ${consoleUrl}`;
    if (topic) return;
    Annotations.of(Stack.of(scope)).addWarningV2(
      'tutti/cdk:no-alarm-topic',
      'The alarms of this stack have no action: pass alarmTopic, an SNS topic, to each construct of Tutti, or acknowledge this warning.',
    );
  }

  add(
    scope: Construct,
    id: string,
    { metric, description, threshold, periods = 1, datapoints = periods, below = false }: Condition,
  ): Alarm {
    const alarm = new Alarm(scope, id, {
      metric,
      alarmDescription: `${description}${this.#console}`,
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
   * A dead-letter queue that is not drained. A message that is received and returned repeatedly is in flight most of the time, so both counts
   * are added. SQS reports each of them only while it is not zero ("Available CloudWatch metrics for Amazon SQS").
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

  /** Messages that are not received. SQS excludes messages that were received three times from this age; other alarms watch those. */
  age(scope: Construct, queue: IQueue, ageMax: Duration, description: string): Alarm {
    const metric = queue.metricApproximateAgeOfOldestMessage({ period: PERIOD, statistic: 'Maximum' });
    return this.add(scope, 'AgeAlarm', { metric, description, threshold: ageMax.toSeconds() });
  }

  /** As `age`, for a queue whose receiver may hide a message for hours: the age counts only while some message is visible throughout. */
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
   * A receiver that completes no message. Lambda counts no error if a function reports failures per message, and the age above excludes
   * messages that were received three times. A returned message is hidden for at most 15 minutes, so each period has one receive.
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
   * A function whose calls fail as a whole, in three periods of 5 minutes; a failure of one message is in the partial response instead.
   * `every`: the interval of its schedule. @default a queue calls it
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
   * A function that its schedule does not call. The alarm is also on from its creation to the first run. Without `FILL`, CloudWatch would
   * search for the missing data points further back ("How alarms treat missing data"), and the alarm would be hours late.
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
    // Two runs that are an hour and some seconds apart leave at most one period empty.
    return this.add(scope, 'NotRunAlarm', { metric, description, threshold: 1, periods: seldom ? 2 : 3, below: true });
  }
}
