import { App, Stack } from 'aws-cdk-lib/core';
import { Queue } from 'aws-cdk-lib/aws-sqs';
import { Orchestrator } from 'tutti/cdk';
import { trips } from '../../../examples/travel-booking/system.ts';

const stack = new Stack(new App(), 'Trips', { env: { account: '111111111111', region: 'eu-west-1' } });
new Orchestrator(stack, 'Trips', {
  system: trips,
  entry: 'examples/travel-booking/system.ts',
  queues: { flights: Queue.fromQueueArn(stack, 'Flights', 'arn:aws:sqs:eu-west-1:222222222222:trips-flights') },
});
