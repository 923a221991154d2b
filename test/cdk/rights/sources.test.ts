import { Role, ServicePrincipal } from 'aws-cdk-lib/aws-iam';
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest';
import { aws, connect, type Client } from 'tutti/client';
import { bundleForwarder, bundleFunctions } from '../../../lib/cdk/bundle/bundle.ts';
import { KafkaSource } from '../../../lib/cdk/kafka-source.ts';
import { Orchestrator } from '../../../lib/cdk/orchestrator.ts';
import { AwsAccount } from '../account/aws-account.ts';
import { DeployedFunctions } from '../account/deployed-functions.ts';
import { openEndpoint, type Endpoint } from '../account/endpoint.ts';
import { ACCOUNT, REGION, resourcesOf, testStack } from '../synthesized.ts';
import { order, OrderPlaced, shop } from './shop.ts';

// The function of a KafkaSource, bundled as it is deployed, in an account in memory whose IAM is that of the synthesized template.

vi.setConfig({ testTimeout: 120_000 });

const ENTRY = new URL('shop.ts', import.meta.url).pathname;

let account: AwsAccount;
let endpoint: Endpoint;
let functions: DeployedFunctions;
let client: Client;

beforeAll(async () => {
  const stack = testStack('Shop');
  const orchestrator = new Orchestrator(stack, 'Shop', { system: shop, entry: ENTRY });
  const cluster = `arn:aws:kafka:${REGION}:${ACCOUNT}:cluster/shop/1a2b`;
  orchestrator.addSource(new KafkaSource(stack, 'Placed', { cluster, topic: 'placed', event: OrderPlaced }));
  orchestrator.grantRead(new Role(stack, 'Reader', { assumedBy: new ServicePrincipal('ecs-tasks.amazonaws.com') }));
  const resources = resourcesOf(stack);
  account = new AwsAccount(resources);
  endpoint = await openEndpoint(account);
  account.place(endpoint.url);
  const ofQueues = resources.filter(({ type, properties }) => type !== 'AWS::Lambda::EventSourceMapping' || !('Topics' in properties));
  functions = new DeployedFunctions(account, endpoint.url, ofQueues, (id) =>
    id.startsWith('Placed') ? bundleForwarder().folder : bundleFunctions({ entry: ENTRY, system: shop.name }).folders['advance-processes'],
  );
  const credentials = { accessKeyId: account.roleOf('Reader'), secretAccessKey: 'secret' };
  client = connect(shop, aws({ name: 'shop', region: REGION, endpoint: endpoint.url, credentials }));
}, 120_000);

afterAll(() => endpoint.close());

const recordOf = (offset: number, data: object): object => ({
  topic: 'placed',
  partition: 0,
  offset,
  timestamp: Date.now(),
  timestampType: 'CREATE_TIME',
  value: Buffer.from(JSON.stringify(data)).toString('base64'),
  headers: [],
});

describe('the function of a KafkaSource', () => {
  test('its records begin instances, also with data that is too large for the bus, and no right is missing', async () => {
    const records = [recordOf(1, { orderId: 'k-1', text: '' }), recordOf(2, { orderId: 'k-2', text: 'x'.repeat(250_000) })];
    await functions.request('Placed', { eventSource: 'aws:kafka', records: { 'placed-0': records } });
    await functions.run({ only: 'AdvanceProcesses' });
    expect(await client.describe(order, 'k-1')).toMatchObject({ status: 'running' });
    expect(await client.describe(order, 'k-2')).toMatchObject({ status: 'running' });
    expect([...account.objects.keys()].some((key) => key.includes('/_clients/web.order-placed/'))).toBe(true);
    expect(account.refused).toEqual([]);
  });
});
