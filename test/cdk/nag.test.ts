import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { Duration, Validations, type App } from 'aws-cdk-lib/core';
import { EventBus } from 'aws-cdk-lib/aws-events';
import { AwsSolutionsChecks } from 'cdk-nag';
import { describe, expect, test } from 'vitest';
import { CheckoutTravelCart, hotels, flights, payments } from '../../examples/travel-booking/contracts.ts';
import { BusSource, BusTarget } from '../../lib/cdk/bus-source.ts';
import { Console } from '../../lib/cdk/console.ts';
import { KafkaSource } from '../../lib/cdk/kafka-source.ts';
import { Orchestrator } from '../../lib/cdk/orchestrator.ts';
import { ServiceFunction } from '../../lib/cdk/service-function.ts';
import { ServiceQueue } from '../../lib/cdk/service-queue.ts';
import { ACCOUNT, REGION, testApp, testStack, tripsOrchestrator } from './synthesized.ts';

interface Report {
  readonly pluginReports: readonly {
    readonly violations: readonly {
      readonly ruleName: string;
      readonly violatingConstructs: readonly { readonly constructPath: string }[];
    }[];
  }[];
}

/** The findings of cdk-nag, as `rule at construct`. */
const findings = (app: App): readonly string[] => {
  Validations.of(app).addPlugins(new AwsSolutionsChecks(app));
  try {
    app.synth();
  } catch {
    // With findings, synth throws after it has written its report.
  }
  const report = JSON.parse(readFileSync(join(app.outdir, 'validation-report.json'), 'utf8')) as Report;
  return report.pluginReports.flatMap(({ violations }) =>
    violations.flatMap(({ ruleName, violatingConstructs }) =>
      violatingConstructs.map(({ constructPath }) => `${ruleName} at ${constructPath}`),
    ),
  );
};

describe('AwsSolutions of cdk-nag', () => {
  test('cdk-nag has no finding in a system with its services', () => {
    const app = testApp();
    const stack = testStack('Trips', app);
    const orchestrator = tripsOrchestrator(stack, {
      retention: Duration.days(60),
      otlp: {},
      accounts: { '222222222222': { publishes: [CheckoutTravelCart] } },
    });
    new ServiceFunction(stack, 'Payments', { orchestrator, service: payments, entry: 'examples/travel-booking/payments/service.ts' });
    expect(findings(app)).toEqual([]);
  });

  test('cdk-nag has no finding in the stack of a service, in the same account or in another', () => {
    const app = testApp();
    const stack = testStack('Hotels', app);
    const near = Orchestrator.fromName(stack, 'Trips', 'trips');
    new ServiceFunction(stack, 'Hotels', { orchestrator: near, service: hotels, entry: 'examples/travel-booking/hotels/service.ts' });
    const elsewhere = testStack('Flights', app, { account: '222222222222', region: REGION });
    const far = Orchestrator.fromName(elsewhere, 'Trips', 'trips', { account: ACCOUNT });
    const queue = new ServiceQueue(elsewhere, 'Queue', { orchestrator: far, service: flights });
    new ServiceFunction(elsewhere, 'Flights', {
      orchestrator: far,
      queue,
      service: flights,
      entry: 'examples/travel-booking/flights/service.ts',
    });
    expect(findings(app)).toEqual([]);
  });

  test('cdk-nag has no finding in a console', () => {
    const app = testApp();
    const stack = testStack('Trips', app);
    new Console(stack, 'Console', { orchestrator: tripsOrchestrator(stack), authorizer: 'console/authorizer.ts' });
    expect(findings(app)).toEqual([]);
  });

  test('cdk-nag has no finding in sources and targets of events', () => {
    const app = testApp();
    const stack = testStack('Trips', app);
    const orchestrator = tripsOrchestrator(stack);
    const bus = EventBus.fromEventBusName(stack, 'ShopBus', 'shop');
    orchestrator.addSource(new BusSource(stack, 'Shop', { bus, events: [CheckoutTravelCart] }));
    orchestrator.addTarget(new BusTarget(stack, 'Newsletter', { bus, events: [CheckoutTravelCart] }));
    const cluster = `arn:aws:kafka:${REGION}:${ACCOUNT}:cluster/clicks/1a2b`;
    orchestrator.addSource(new KafkaSource(stack, 'Carts', { cluster, topic: 'carts', event: CheckoutTravelCart }));
    expect(findings(app)).toEqual([]);
  });

  test('cdk-nag finds a queue without TLS, so its checks do run', () => {
    const app = testApp();
    const { inbox } = tripsOrchestrator(testStack('Trips', app));
    inbox.queue.node.tryRemoveChild('Policy');
    expect(findings(app)).toEqual(['AwsSolutions-SQS4 at Trips/Trips/Inbox/Queue/Resource']);
  });
});
