import { Stack } from 'aws-cdk-lib/core';
import { SecurityGroup, Subnet } from 'aws-cdk-lib/aws-ec2';
import { EventBus } from 'aws-cdk-lib/aws-events';
import { Secret } from 'aws-cdk-lib/aws-secretsmanager';
import { describe, expect, test } from 'vitest';
import { CheckoutTravelCart, TripBooked } from '../../examples/travel-booking/contracts.ts';
import { BusSource, BusTarget, type BusSourceProps } from '../../lib/cdk/bus-source.ts';
import { KafkaSource, type KafkaSourceProps } from '../../lib/cdk/kafka-source.ts';
import { Orchestrator } from '../../lib/cdk/orchestrator.ts';
import { matchesPattern } from './account/template.ts';
import { policyLines, roleLines } from './statement-lines.ts';
import { ACCOUNT, REGION, resourcesOf, testApp, testStack, tripsOrchestrator, type Resource } from './synthesized.ts';

const OTHER = '222222222222';

interface Rule {
  readonly Name: string;
  readonly EventBusName: string;
  readonly EventPattern: Readonly<Record<string, unknown>>;
  readonly Targets: readonly {
    readonly Arn: string;
    readonly RoleArn: string;
    readonly DeadLetterConfig: object;
    readonly RetryPolicy: object;
  }[];
}

/** The forwarding rules of a stack. */
const rulesOf = (resources: readonly Resource[]): readonly Rule[] =>
  resources
    .filter(({ type }) => type === 'AWS::Events::Rule')
    .map(({ properties }) => properties as unknown as Rule)
    .filter(({ Targets }) => Targets?.[0]?.RoleArn !== undefined && Targets[0].Arn.includes('event-bus'));

const checkout = { source: 'trips', 'detail-type': 'trips.checkout-travel-cart', account: ACCOUNT, detail: {} };

describe('a BusSource', () => {
  const stack = testStack();
  const orchestrator = tripsOrchestrator(stack);
  orchestrator.addSource(
    new BusSource(stack, 'Shop', { bus: EventBus.fromEventBusName(stack, 'ShopBus', 'shop'), events: [CheckoutTravelCart] }),
  );
  const resources = resourcesOf(stack);
  const [rule, ...others] = rulesOf(resources);

  test('a rule of the other bus puts its events onto the bus of the orchestrator, for a day, then into a queue', () => {
    expect(others).toEqual([]);
    expect(rule).toMatchObject({
      EventBusName: 'shop',
      Targets: [
        {
          Arn: `arn:aws:events:${REGION}:${ACCOUNT}:event-bus/trips`,
          RetryPolicy: { MaximumEventAgeInSeconds: 86_400, MaximumRetryAttempts: 185 },
          DeadLetterConfig: { Arn: expect.stringContaining('Undelivered') as unknown },
        },
      ],
    });
  });

  test('it forwards these events of the account of that bus, each only in the name of its owner, and no replay of an archive', () => {
    const forwards = (event: object): boolean => matchesPattern((rule as Rule).EventPattern, event);
    expect(forwards(checkout)).toBe(true);
    expect(forwards({ ...checkout, source: 'shop' })).toBe(false);
    expect(forwards({ ...checkout, 'detail-type': 'trips.trip-booked' })).toBe(false);
    expect(forwards({ ...checkout, account: OTHER })).toBe(false);
    expect(forwards({ ...checkout, 'replay-name': 'r' })).toBe(false);
  });

  test('its role may only put events onto that bus, and only its rules may send to the queue', () => {
    expect(roleLines(resources, 'ShopRules')).toEqual(['events:PutEvents on bus trips']);
    expect(policyLines(resources, 'AWS::SQS::QueuePolicy').filter((line) => line.includes('Undelivered'))).toEqual([
      expect.stringMatching(/^events\.amazonaws\.com: sqs:SendMessage on .*Undelivered.*, if aws:SourceArn is rule shop\/\S+$/) as unknown,
    ]);
    expect(rule?.Name).toMatch(/^.{1,64}$/);
  });

  test('alarms tell of events that wait in the queue, and of events that are lost', () => {
    const alarms = resources.filter(({ id, type }) => type === 'AWS::CloudWatch::Alarm' && id.startsWith('Shop'));
    expect(alarms.map(({ properties }) => String(properties['AlarmDescription']).split(':')[1]?.trim() ?? '').sort()).toEqual([
      expect.stringMatching(/^EventBridge can put events of the rule .* neither onto the bus arn$/) as unknown,
      'EventBridge could not put events onto the bus arn',
    ]);
  });

  test('in the account of another bus it forwards to the orchestrator of this account', () => {
    const elsewhere = testStack('Shop', testApp(), { account: OTHER, region: 'eu-central-1' });
    const far = Orchestrator.fromName(elsewhere, 'Trips', 'trips', { account: ACCOUNT, region: REGION });
    far.addSource(new BusSource(elsewhere, 'Shop', { bus: new EventBus(elsewhere, 'Bus'), events: [CheckoutTravelCart] }));
    const [forwarding] = rulesOf(resourcesOf(elsewhere));
    expect(forwarding?.Targets[0]?.Arn).toBe(`arn:aws:events:${REGION}:${ACCOUNT}:event-bus/trips`);
    expect(forwarding?.EventPattern['account']).toEqual([OTHER]);
  });

  test.each<[string, (of: Stack) => Partial<BusSourceProps>, string]>([
    ['no events', () => ({ events: [] }), 'has no events'],
    [
      'an event that no process handles',
      () => ({ events: [TripBooked] }),
      'A source brings trips.trip-booked, which no process of trips starts on or receives.',
    ],
    [
      'a bus of another account',
      (of) => ({ bus: EventBus.fromEventBusArn(of, 'Far', `arn:aws:events:${REGION}:${OTHER}:event-bus/shop`) }),
      `is in the account ${ACCOUNT}, and the bus that it forwards from is in ${OTHER}`,
    ],
    [
      'a bus of another region',
      (of) => ({ bus: EventBus.fromEventBusArn(of, 'Far', `arn:aws:events:us-east-1:${ACCOUNT}:event-bus/shop`) }),
      `is in the region ${REGION}, and the bus that it forwards from is in us-east-1`,
    ],
  ])('synth refuses %s', (_, props, message) => {
    const own = testStack();
    const of = tripsOrchestrator(own);
    const bus = EventBus.fromEventBusName(own, 'ShopBus', 'shop');
    expect(() => of.addSource(new BusSource(own, 'Shop', { bus, events: [CheckoutTravelCart], ...props(own) }))).toThrow(message);
  });

  test('synth refuses the bus of the orchestrator itself', () => {
    const own = testStack();
    const of = tripsOrchestrator(own);
    expect(() => of.addSource(new BusSource(own, 'Own', { bus: of.bus, events: [CheckoutTravelCart] }))).toThrow('to the same bus');
    expect(() => of.addTarget(new BusTarget(own, 'Same', { bus: of.bus, events: [TripBooked] }))).toThrow('to the same bus');
  });
});

describe('a BusTarget', () => {
  test('a rule of the bus of the orchestrator puts its events onto the other bus, in another account and region', () => {
    const stack = testStack();
    const orchestrator = tripsOrchestrator(stack);
    const bus = EventBus.fromEventBusArn(stack, 'Analytics', `arn:aws:events:us-east-1:${OTHER}:event-bus/analytics`);
    orchestrator.addTarget(new BusTarget(stack, 'Target', { bus, events: [TripBooked] }));
    const [rule, ...others] = rulesOf(resourcesOf(stack));
    expect(others).toEqual([]);
    expect(rule).toMatchObject({
      EventBusName: 'trips',
      EventPattern: { source: ['trips'], 'detail-type': ['trips.trip-booked'], account: [ACCOUNT] },
      Targets: [{ Arn: `arn:aws:events:us-east-1:${OTHER}:event-bus/analytics` }],
    });
    expect(roleLines(resourcesOf(stack), 'TargetRules')).toEqual([
      `events:PutEvents on arn:aws:events:us-east-1:${OTHER}:event-bus/analytics`,
    ]);
  });

  test('synth refuses one outside the account and region of the orchestrator', () => {
    const elsewhere = testStack('Analytics', testApp(), { account: ACCOUNT, region: 'us-east-1' });
    const far = Orchestrator.fromName(elsewhere, 'Trips', 'trips', { region: REGION });
    const target = new BusTarget(elsewhere, 'Target', { bus: new EventBus(elsewhere, 'Bus'), events: [TripBooked] });
    expect(() => far.addTarget(target)).toThrow(`is in the region us-east-1, and the bus that it forwards from is in ${REGION}`);
  });
});

describe('a KafkaSource', () => {
  const CLUSTER = `arn:aws:kafka:${REGION}:${ACCOUNT}:cluster/clicks/1a2b`;
  const ofKafka = (props: (stack: Stack) => Partial<KafkaSourceProps>): readonly Resource[] => {
    const stack = testStack();
    const own = { topic: 'carts', event: CheckoutTravelCart, ...props(stack) } as KafkaSourceProps;
    tripsOrchestrator(stack).addSource(new KafkaSource(stack, 'Carts', own));
    return resourcesOf(stack).filter(({ id }) => id.startsWith('Carts'));
  };
  const mappingOf = (resources: readonly Resource[]): Resource['properties'] | undefined =>
    resources.find(({ type }) => type === 'AWS::Lambda::EventSourceMapping')?.properties;
  const publishes = [
    'events:PutEvents on bus trips, if each events:source is trips and each events:detail-type is trips.checkout-travel-cart and events:source is there and events:detail-type is there',
    'logs:CreateLogStream, logs:PutLogEvents on its own log',
    's3:PutObject on values _clients/trips.checkout-travel-cart/*',
  ];
  const interfaces =
    'ec2:CreateNetworkInterface, ec2:DeleteNetworkInterface, ec2:DescribeNetworkInterfaces, ec2:DescribeSecurityGroups, ec2:DescribeSubnets, ec2:DescribeVpcs on *';

  test('its function reads a topic of MSK as its role, and publishes one type of event only', () => {
    const resources = ofKafka(() => ({ cluster: CLUSTER }));
    expect(mappingOf(resources)).toMatchObject({
      EventSourceArn: CLUSTER,
      Topics: ['carts'],
      AmazonManagedKafkaEventSourceConfig: { ConsumerGroupId: 'Trips-Carts' },
      StartingPosition: 'LATEST',
      BatchSize: 100,
    });
    expect(roleLines(resources, 'Carts')).toEqual(
      [
        ...publishes,
        interfaces,
        `kafka-cluster:Connect, kafka-cluster:DescribeClusterDynamicConfiguration, kafka:DescribeCluster, kafka:DescribeClusterV2, kafka:GetBootstrapBrokers on ${CLUSTER}`,
        `kafka-cluster:DescribeTopic, kafka-cluster:ReadData on ${CLUSTER.replace('cluster/', 'topic/')}/carts`,
        `kafka-cluster:AlterGroup, kafka-cluster:DescribeGroup on ${CLUSTER.replace('cluster/', 'group/')}/Trips-Carts`,
      ].toSorted(),
    );
    const made = resources.find(({ type }) => type === 'AWS::Lambda::Function');
    expect(made?.properties['Environment']).toMatchObject({ Variables: { TUTTI_BUS: 'trips', TUTTI_EVENT: 'trips.checkout-travel-cart' } });
  });

  test('it reads a topic of other brokers with a secret, through a network', () => {
    const resources = ofKafka((stack) => ({
      brokers: ['b-1:9096', 'b-2:9096'],
      secret: Secret.fromSecretNameV2(stack, 'Secret', 'kafka'),
      network: {
        subnets: [Subnet.fromSubnetId(stack, 'Subnet', 'subnet-1')],
        securityGroup: SecurityGroup.fromSecurityGroupId(stack, 'Group', 'sg-1'),
      },
    }));
    expect(mappingOf(resources)).toMatchObject({
      SelfManagedEventSource: { Endpoints: { KafkaBootstrapServers: ['b-1:9096', 'b-2:9096'] } },
      SelfManagedKafkaEventSourceConfig: { ConsumerGroupId: 'Trips-Carts' },
      SourceAccessConfigurations: [
        { Type: 'SASL_SCRAM_512_AUTH' },
        { Type: 'VPC_SUBNET', URI: 'subnet:subnet-1' },
        { Type: 'VPC_SECURITY_GROUP', URI: 'security_group:sg-1' },
      ],
    });
    expect(roleLines(resources, 'Carts')).toEqual(
      [
        ...publishes,
        interfaces,
        `secretsmanager:DescribeSecret, secretsmanager:GetSecretValue on arn:aws:secretsmanager:${REGION}:${ACCOUNT}:secret:kafka-??????`,
      ].toSorted(),
    );
  });

  test('an alarm fires when its function fails', () => {
    const alarms = ofKafka(() => ({ cluster: CLUSTER })).filter(({ type }) => type === 'AWS::CloudWatch::Alarm');
    expect(alarms.map(({ properties }) => properties['AlarmDescription'])).toEqual([
      expect.stringContaining('records of the Kafka topic carts cannot be published as trips.checkout-travel-cart') as unknown,
    ]);
  });

  test.each<[string, Partial<KafkaSourceProps>, string]>([
    ['a batch of none', { cluster: CLUSTER, batchSize: 0 }, 'has a batchSize of 0: expected 1 to 10000'],
    ['no brokers', { brokers: [] }, 'of the topic carts has no brokers'],
    ['an event that no process handles', { cluster: CLUSTER, event: TripBooked }, 'A source brings trips.trip-booked'],
  ])('synth refuses %s', (_, props, message) => {
    expect(() => ofKafka(() => props)).toThrow(message);
  });

  test('synth refuses one in another region than its orchestrator, and a grant before addSource', () => {
    const elsewhere = testStack('Carts', testApp(), { account: ACCOUNT, region: 'us-east-1' });
    const source = new KafkaSource(elsewhere, 'Carts', { cluster: CLUSTER, topic: 'carts', event: CheckoutTravelCart });
    expect(() => source.grantPrincipal).toThrow('has no function yet');
    const far = Orchestrator.fromName(elsewhere, 'Trips', 'trips', { region: REGION });
    expect(() => far.addSource(source)).toThrow(`expected the same region`);
  });
});
