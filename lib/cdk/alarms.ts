import { Duration } from 'aws-cdk-lib/core';
import { Alarm, ComparisonOperator, type IMetric, TreatMissingData } from 'aws-cdk-lib/aws-cloudwatch';
import { SnsAction } from 'aws-cdk-lib/aws-cloudwatch-actions';
import type { IFunction } from 'aws-cdk-lib/aws-lambda';
import type { ITopic } from 'aws-cdk-lib/aws-sns';
import type { IQueue } from 'aws-cdk-lib/aws-sqs';
import type { Construct } from 'constructs';

interface Condition {
  readonly metric: IMetric;
  readonly description: string;
  readonly threshold: number;
  /** How many periods in a row. @default 1 */
  readonly periods?: number;
  /** Alarms when the metric falls below the threshold, or is missing. @default it alarms at the threshold and above */
  readonly below?: boolean;
}

/** Alarms beside what they watch. They exist without a topic and then notify nobody. */
export class Alarms {
  readonly #topic: ITopic | undefined;

  constructor(topic: ITopic | undefined) {
    this.#topic = topic;
  }

  add(scope: Construct, id: string, { metric, description, threshold, periods = 1, below = false }: Condition): Alarm {
    const alarm = new Alarm(scope, id, {
      metric,
      alarmDescription: description,
      threshold,
      evaluationPeriods: periods,
      comparisonOperator: below ? ComparisonOperator.LESS_THAN_THRESHOLD : ComparisonOperator.GREATER_THAN_OR_EQUAL_TO_THRESHOLD,
      treatMissingData: below ? TreatMissingData.BREACHING : TreatMissingData.NOT_BREACHING,
    });
    if (this.#topic) alarm.addAlarmAction(new SnsAction(this.#topic));
    return alarm;
  }

  /** A dead-letter queue that nothing empties. */
  deadLetters(scope: Construct, queue: IQueue, description: string): Alarm {
    const metric = queue.metricApproximateNumberOfMessagesVisible({ period: Duration.minutes(1), statistic: 'Maximum' });
    return this.add(scope, 'DeadLettersAlarm', { metric, description, threshold: 1, periods: 5 });
  }

  /** A function that keeps failing as a whole; what one message does is told by its partial response. */
  errors(scope: Construct, fn: IFunction, description: string): Alarm {
    const metric = fn.metricErrors({ period: Duration.minutes(5), statistic: 'Sum' });
    return this.add(scope, 'ErrorsAlarm', { metric, description, threshold: 1, periods: 3 });
  }

  throttles(scope: Construct, fn: IFunction, description: string): Alarm {
    const metric = fn.metricThrottles({ period: Duration.minutes(5), statistic: 'Sum' });
    return this.add(scope, 'ThrottlesAlarm', { metric, description, threshold: 1, periods: 3 });
  }
}
