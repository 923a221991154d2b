import { App, Duration, RemovalPolicy, Stack } from 'aws-cdk-lib/core';
import { Orchestrator, ServiceFunction } from 'tutti/cdk';
import { clearing, exchange, risk } from '../../examples/trade-settlement/contracts.ts';
import { minuteMarket } from '../../examples/trade-settlement/minute-market.ts';

// examples/trade-settlement on a market whose days last a minute. No report is late, so the queue of its back office has no function.
const folder = 'examples/trade-settlement';
const stack = new Stack(new App(), 'Trading');
const orchestrator = new Orchestrator(stack, 'Trading', {
  system: minuteMarket,
  entry: `${folder}/minute-market.ts`,
  removalPolicy: RemovalPolicy.DESTROY,
  timeout: Duration.seconds(5),
  visibilityTimeout: Duration.seconds(30),
  serviceVisibilityTimeout: Duration.seconds(30),
  steps: false,
});
for (const [id, service, name] of [
  ['Exchange', exchange, 'exchange'],
  ['Risk', risk, 'risk'],
  ['Clearing', clearing, 'clearing'],
] as const)
  new ServiceFunction(stack, id, { orchestrator, service, entry: `${folder}/${name}/service.ts`, timeout: Duration.seconds(5) });
