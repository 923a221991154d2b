import { App, Stack } from 'aws-cdk-lib/core';
import { Orchestrator, ServiceFunction } from 'tutti/cdk';
import { payments } from '../../../examples/travel-booking/contracts.ts';

const stack = new Stack(new App(), 'Payments');
const trips = Orchestrator.fromName(stack, 'Trips', 'trips');
const orders = Orchestrator.fromName(stack, 'Orders', 'orders');
new ServiceFunction(stack, 'Payments', {
  orchestrators: [trips, orders], // the first keeps the records; add others at the end
  service: payments,
  entry: 'examples/travel-booking/payments/service.ts',
});
