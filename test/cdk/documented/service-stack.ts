import { App, Stack } from 'aws-cdk-lib/core';
import { Role, ServicePrincipal } from 'aws-cdk-lib/aws-iam';
import { Orchestrator, ServiceFunction } from 'tutti/cdk';
import { flights, hotels } from '../../../examples/travel-booking/contracts.ts';

const stack = new Stack(new App(), 'Hotels');
// Found by its published parameters; neither stack references the other.
const orchestrator = Orchestrator.fromName(stack, 'Trips', 'trips');
new ServiceFunction(stack, 'Hotels', { orchestrator, service: hotels, entry: 'examples/travel-booking/hotels/service.ts' });

const task = new Role(stack, 'FlightsTask', { assumedBy: new ServicePrincipal('ecs-tasks.amazonaws.com') });
orchestrator.grantService(flights, task); // a container, in any language, that polls the queue of flights
