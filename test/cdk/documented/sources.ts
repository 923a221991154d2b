import { App, Stack } from 'aws-cdk-lib/core';
import { EventBus } from 'aws-cdk-lib/aws-events';
import { BusSource, BusTarget, KafkaSource, Orchestrator } from 'tutti/cdk';
import { CheckoutTravelCart, TripBooked } from '../../../examples/travel-booking/contracts.ts';
import { trips } from '../../../examples/travel-booking/system.ts';

const stack = new Stack(new App(), 'Trips', { env: { account: '111111111111', region: 'eu-west-1' } });
const orchestrator = new Orchestrator(stack, 'Trips', { system: trips, entry: 'examples/travel-booking/system.ts' });

const shop = EventBus.fromEventBusName(stack, 'ShopBus', 'shop');
orchestrator.addSource(new BusSource(stack, 'Shop', { bus: shop, events: [CheckoutTravelCart] }));

const analytics = EventBus.fromEventBusArn(stack, 'AnalyticsBus', 'arn:aws:events:us-east-1:222222222222:event-bus/analytics');
orchestrator.addTarget(new BusTarget(stack, 'Analytics', { bus: analytics, events: [TripBooked] }));

const cluster = 'arn:aws:kafka:eu-west-1:111111111111:cluster/web/7b0c8f5e-2f1c-4a55-9d0e-0f6a3c1d2e4b-2';
orchestrator.addSource(new KafkaSource(stack, 'Carts', { cluster, topic: 'carts', event: CheckoutTravelCart }));
