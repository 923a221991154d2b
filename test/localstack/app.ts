import { App, Duration, RemovalPolicy, Stack } from 'aws-cdk-lib/core';
import { AttributeType, TableV2 } from 'aws-cdk-lib/aws-dynamodb';
import { AccountRootPrincipal, Role } from 'aws-cdk-lib/aws-iam';
import { Orchestrator, ServiceFunction } from 'tutti/cdk';
import { flights, hotels, notifications, payments } from '../../examples/travel-booking/contracts.ts';
import { GateReached, guide, NapWanted } from './systems/contracts.ts';
import { trials as first } from './systems/first-edition.ts';
import { trials as second } from './systems/second-edition.ts';

// What the integration suite deploys: the travel booking beside processes that exist to be tried. The ferry has no function.
const name = process.env['SUITE_NAME'] ?? 'suite';
const edition = process.env['SUITE_EDITION'] ?? 'first';
const folder = 'test/localstack/systems';

const stack = new Stack(new App(), name);
const ledger = new TableV2(stack, 'Ledger', {
  tableName: `${name}-ledger`,
  partitionKey: { name: 'key', type: AttributeType.STRING },
  removalPolicy: RemovalPolicy.DESTROY,
});
const orchestrator = new Orchestrator(stack, 'Trials', {
  name,
  system: edition === 'first' ? first : second,
  entry: `${folder}/${edition}-edition.ts`,
  removalPolicy: RemovalPolicy.DESTROY,
  memorySizeMb: edition === 'first' ? 512 : 640,
  // Timers of more than two seconds are the sweep's, and a function that is killed gives its messages back within half a minute.
  tickThreshold: Duration.seconds(2),
  timeout: Duration.seconds(5),
  visibilityTimeout: Duration.seconds(30),
  serviceVisibilityTimeout: Duration.seconds(30),
});
// What npm run smoke publishes as, to learn what IAM makes of it.
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
