import { App, Stack } from 'aws-cdk-lib/core';
import { EventBus, Rule } from 'aws-cdk-lib/aws-events';
import { SqsQueue } from 'aws-cdk-lib/aws-events-targets';
import { Queue } from 'aws-cdk-lib/aws-sqs';

const stack = new Stack(new App(), 'Newsletter');
new Rule(stack, 'Booked', {
  eventBus: EventBus.fromEventBusName(stack, 'Bus', 'trips'), // /tutti/trips/bus in the Parameter Store
  eventPattern: { source: ['trips'], detailType: ['trips.trip-booked'] },
  targets: [new SqsQueue(new Queue(stack, 'Queue'), { deadLetterQueue: new Queue(stack, 'Undelivered') })],
});
