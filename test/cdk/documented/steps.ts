import { App, Duration, Stack } from 'aws-cdk-lib/core';
import { Secret } from 'aws-cdk-lib/aws-secretsmanager';
import { Orchestrator, StepFunction } from 'tutti/cdk';
import { bookTrip } from '../../../examples/travel-booking/book-trip.ts';
import { trips } from '../../../examples/travel-booking/system.ts';

const stack = new Stack(new App(), 'Trips');
const orchestrator = new Orchestrator(stack, 'Trips', {
  system: trips,
  entry: 'examples/travel-booking/system.ts',
  steps: { timeout: Duration.minutes(2), environment: { GATEWAY: 'https://bank.example' } },
});
Secret.fromSecretNameV2(stack, 'Crm', 'crm').grantRead(orchestrator.steps); // the steps of all other processes

const booking = new StepFunction(stack, 'Booking', { orchestrator, processes: [bookTrip] });
Secret.fromSecretNameV2(stack, 'Bank', 'bank').grantRead(booking); // the steps of book-trip only
