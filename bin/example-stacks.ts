import { type App, RemovalPolicy, Stack } from 'aws-cdk-lib/core';
import { Orchestrator, ServiceFunction } from '../lib/cdk/index.ts';
import { serviceContract } from '../lib/contract/service.ts';
import type { System } from '../lib/contract/system.ts';
import { orders } from '../examples/order-fulfilment/fulfil-order.ts';
import { trips } from '../examples/travel-booking/system.ts';

/** Adds one stack per example. With the context `throw-away`, deleting a stack deletes its data. */
export function addExamples(app: App): void {
  addExample(app, 'TravelBooking', { system: trips, folder: 'examples/travel-booking', entry: 'system.ts' });
  addExample(app, 'OrderFulfilment', { system: orders, folder: 'examples/order-fulfilment', entry: 'fulfil-order.ts' });
}

interface Example {
  readonly system: System<string>;
  readonly folder: string;
  /** The file of the system in its folder. */
  readonly entry: string;
}

/** Adds the stack of one system, with one Lambda function per service. */
function addExample(app: App, id: string, { system, folder, entry }: Example): void {
  const throwAway = app.node.tryGetContext('throw-away') !== undefined;
  // Termination protection refuses `cdk destroy`, because instances may be running.
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
