import { App, Stack } from 'aws-cdk-lib/core';
import { Orchestrator, ServiceFunction, ServiceQueue } from 'tutti/cdk';
import { flights } from '../../../examples/travel-booking/contracts.ts';

const stack = new Stack(new App(), 'Flights', { env: { account: '222222222222', region: 'eu-west-1' } });
const orchestrator = Orchestrator.fromName(stack, 'Trips', 'trips', { account: '111111111111' });
// Accepts messages of that orchestrator only.
const queue = new ServiceQueue(stack, 'Queue', { orchestrator, service: flights });
new ServiceFunction(stack, 'Flights', { orchestrator, service: flights, queue, entry: 'examples/travel-booking/flights/service.ts' });
