import { App, Duration, RemovalPolicy, Stack } from 'aws-cdk-lib/core';
import type { System } from '../../lib/contract/system.ts';
import { Orchestrator, ServiceFunction } from 'tutti/cdk';
import { claims, desk, refunds } from './systems/desks.ts';

// Two systems in one stack, and in a second stack the function of the service that they share.
const folder = 'test/localstack/systems';
const app = new App();
const systems = new Stack(app, 'DeskSystems');
addSystem('Claims', claims);
addSystem('Refunds', refunds);
const stack = new Stack(app, 'Desk');
const shared = new ServiceFunction(stack, 'Desk', {
  orchestrators: [Orchestrator.fromName(stack, 'Claims', claims.name), Orchestrator.fromName(stack, 'Refunds', refunds.name)],
  service: desk,
  entry: `${folder}/services/desk.ts`,
  timeout: Duration.seconds(5),
});
// The mappings need the queues.
shared.node.addDependency(systems);

function addSystem(id: string, system: System<string>): Orchestrator {
  return new Orchestrator(systems, id, {
    system,
    entry: `${folder}/desks.ts`,
    removalPolicy: RemovalPolicy.DESTROY,
    timeout: Duration.seconds(5),
    visibilityTimeout: Duration.seconds(30),
    serviceVisibilityTimeout: Duration.seconds(30),
  });
}
