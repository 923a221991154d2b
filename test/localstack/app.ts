import { App, Duration, RemovalPolicy, Stack } from 'aws-cdk-lib/core';
import { AttributeType, TableV2 } from 'aws-cdk-lib/aws-dynamodb';
import { AccountRootPrincipal, Role } from 'aws-cdk-lib/aws-iam';
import { Orchestrator, ServiceFunction, StepFunction } from 'tutti/cdk';
import { flights, hotels, notifications, payments } from '../../examples/travel-booking/contracts.ts';
import { GateReached, guide, NapWanted } from './systems/contracts.ts';
import { delivery } from './systems/processes.ts';
import { drivers } from '../../examples/ride-sharing/contracts.ts';
import { trips as inlineTrips } from '../../examples/inline-booking/book-trip.ts';
import { trials as first } from './systems/first-edition.ts';
import { trials as second } from './systems/second-edition.ts';

// The stack of the integration suite: the travel booking, the ride sharing and additional test processes, and beside it the system of examples/inline-booking.
// The ferry has no function.
const name = process.env['SUITE_NAME'] ?? 'suite';
const edition = process.env['SUITE_EDITION'] ?? 'first';
const folder = 'test/localstack/systems';

const stack = new Stack(new App(), name);
const ledger = new TableV2(stack, 'Ledger', {
  tableName: `${name}-ledger`,
  partitionKey: { name: 'key', type: AttributeType.STRING },
  removalPolicy: RemovalPolicy.DESTROY,
});
const steps = { timeout: Duration.seconds(5), environment: { LEDGER_TABLE: ledger.tableName } };
// The messages of a killed function are redelivered after half a minute.
const limits = {
  removalPolicy: RemovalPolicy.DESTROY,
  timeout: Duration.seconds(5),
  visibilityTimeout: Duration.seconds(30),
  serviceVisibilityTimeout: Duration.seconds(30),
};
const orchestrator = new Orchestrator(stack, 'Trials', {
  ...limits,
  name,
  system: edition === 'first' ? first : second,
  entry: `${folder}/${edition}-edition.ts`,
  memorySizeMb: edition === 'first' ? 512 : 640,
  // sweep-timers fires timers of more than two seconds.
  tickThreshold: Duration.seconds(2),
  steps,
});
// Its partners keep their deals in a folder of this machine, which all functions can write if they are processes of this machine.
new Orchestrator(stack, 'Inline', {
  ...limits,
  name: `${name}-inline`,
  system: inlineTrips,
  entry: 'examples/inline-booking/book-trip.ts',
  steps: { timeout: Duration.seconds(5), environment: { FOREIGN_SYSTEMS: process.env['SUITE_FOREIGN_SYSTEMS'] ?? '/tmp/foreign-systems' } },
});
const courier = new StepFunction(stack, 'Courier', { orchestrator, processes: [delivery], ...steps });
for (const runner of [orchestrator.steps, courier]) ledger.grantReadWriteData(runner);
// The role with which npm run smoke publishes, to test the rights of grantPublish.
const publisher = new Role(stack, 'Publisher', {
  roleName: `${name}-publisher-${stack.region}`,
  assumedBy: new AccountRootPrincipal(),
});
orchestrator.grantPublish(publisher, GateReached, NapWanted);
for (const [id, service, file] of [
  ['Payments', payments, 'payments'],
  ['Flights', flights, 'flights'],
  ['Hotels', hotels, 'hotels'],
  ['Notifications', notifications, 'notifications'],
  ['Guide', guide, 'guide'],
  ['Drivers', drivers, 'drivers'],
] as const) {
  const { function: handler } = new ServiceFunction(stack, id, {
    orchestrator,
    service,
    entry: `${folder}/services/${file}.ts`,
    timeout: Duration.seconds(5),
    environment: { LEDGER_TABLE: ledger.tableName },
  });
  ledger.grantReadWriteData(handler);
}
