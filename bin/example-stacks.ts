import { type App, RemovalPolicy, Stack } from 'aws-cdk-lib/core';
import { Orchestrator, ServiceFunction } from '../lib/cdk/index.ts';
import { serviceContract } from '../lib/contract/service.ts';
import type { System } from '../lib/contract/system.ts';
import { orders } from '../examples/order-fulfilment/fulfil-order.ts';
import { trips } from '../examples/travel-booking/system.ts';

/** The two examples, each a stack of its own. The context `throw-away` deletes all their data with the stacks. */
export function addExamples(app: App): void {
  addExample(app, 'TravelBooking', trips, 'examples/travel-booking', 'system.ts');
  addExample(app, 'OrderFulfilment', orders, 'examples/order-fulfilment', 'fulfil-order.ts');
}

/** A system and its services, each of them a function from its own folder. */
function addExample(app: App, id: string, system: System<string>, folder: string, entry: string): void {
  const throwAway = app.node.tryGetContext('throw-away') !== undefined;
  // `cdk destroy` is refused until it is switched off: instances may be running.
  const stack = new Stack(app, id, { description: `Tutti: the example ${folder}`, terminationProtection: !throwAway });
  const orchestrator = new Orchestrator(stack, 'Orchestrator', {
    system,
    entry: `${folder}/${entry}`,
    ...(throwAway && { removalPolicy: RemovalPolicy.DESTROY }),
  });
  for (const service of system['~'].services) {
    const { name } = serviceContract(service);
    new ServiceFunction(stack, `${name[0]?.toUpperCase()}${name.slice(1)}`, {
      orchestrator,
      service,
      entry: `${folder}/${name}/service.ts`,
    });
  }
}
