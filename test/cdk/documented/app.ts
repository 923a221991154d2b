import { App, Stack } from 'aws-cdk-lib/core';
import { Orchestrator, ServiceFunction } from 'tutti/cdk';
import { payments } from '../../../examples/travel-booking/contracts.ts';
import { trips } from '../../../examples/travel-booking/system.ts';

const stack = new Stack(new App(), 'Trips');
const orchestrator = new Orchestrator(stack, 'Trips', {
  system: trips,
  entry: 'examples/travel-booking/system.ts', // the module that exports the system
});
new ServiceFunction(stack, 'Payments', {
  orchestrator,
  service: payments,
  entry: 'examples/travel-booking/payments/service.ts', // exports `handler`, made by serve()
});
