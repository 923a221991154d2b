import { Duration, Fn } from 'aws-cdk-lib/core';
import type { ISecurityGroup, ISubnet } from 'aws-cdk-lib/aws-ec2';
import type { IGrantable, IPrincipal, PolicyStatement } from 'aws-cdk-lib/aws-iam';
import {
  EventSourceMapping,
  type Function as Lambda,
  type SourceAccessConfiguration,
  SourceAccessConfigurationType,
  StartingPosition,
} from 'aws-cdk-lib/aws-lambda';
import { RetentionDays } from 'aws-cdk-lib/aws-logs';
import type { ISecret } from 'aws-cdk-lib/aws-secretsmanager';
import type { ITopic } from 'aws-cdk-lib/aws-sns';
import { Construct } from 'constructs';
import { ContractError } from '../contract/errors.ts';
import { eventContract, type AnyEvent } from '../contract/event.ts';
import { bundleForwarder } from './bundle/bundle.ts';
import { LambdaFunction } from './bundle/lambda-function.ts';
import { checkRegion } from './function-checks.ts';
import { publishing } from './iam/grants.ts';
import { allow } from './iam/statement.ts';
import type { EventSource, IOrchestrator } from './orchestrator-interface.ts';
import { acknowledgeNetworkInterfaces } from './resources/acknowledged-prefixes.ts';
import { Alarms, logCommand } from './resources/alarms.ts';

/** "Lambda event source mappings": the largest batch of records. */
const BATCH_SIZE_MAX = 10_000;

/** A cluster of Amazon MSK. Lambda signs in as the role of the function, which gets the rights to read the topic, or with `secret`. */
export interface ManagedCluster {
  /** ARN of the cluster. */
  readonly cluster: string;
  readonly brokers?: never;
  readonly network?: never;
}

/** A cluster that is not of Amazon MSK. Lambda signs in with `secret`. */
export interface SelfManagedCluster {
  /** Addresses of brokers, as `host:port`. */
  readonly brokers: readonly string[];
  /** The network in which Lambda reaches the brokers. @default the brokers are reached through the Internet */
  readonly network?: { readonly subnets: readonly ISubnet[]; readonly securityGroup: ISecurityGroup };
  readonly secret: ISecret;
  readonly cluster?: never;
}

export type KafkaSourceProps = (ManagedCluster | SelfManagedCluster) & KafkaSourceOptions;

export interface KafkaSourceOptions {
  readonly topic: string;
  /** The event that each record becomes. The value of a record is its data, as JSON, or as text if it is no JSON. */
  readonly event: AnyEvent;
  /** Secret with the credentials. @default none: Lambda signs in to a cluster of MSK as the role of the function */
  readonly secret?: ISecret;
  /** The kind of credentials that the secret has. @default SourceAccessConfigurationType.SASL_SCRAM_512_AUTH */
  readonly authentication?: SourceAccessConfigurationType;
  /** Name of the consumer group; another one reads the topic again from `startingPosition`. @default the path of the construct */
  readonly consumerGroup?: string;
  /** The record to begin with if the consumer group has read none. @default StartingPosition.LATEST: records that exist already are not read */
  readonly startingPosition?: StartingPosition.LATEST | StartingPosition.TRIM_HORIZON;
  /** Maximum number of records in a call of the function; 1 to 10,000. @default 100 */
  readonly batchSize?: number;
  /** Time limit for a batch of records. @default Duration.seconds(30) */
  readonly timeout?: Duration;
  /** Memory of the function in MB. @default 512 */
  readonly memorySizeMb?: number;
  /** Retention of the log. @default RetentionDays.ONE_MONTH */
  readonly logRetention?: RetentionDays;
  /** SNS topic that each alarm notifies. @default the topic of the orchestrator; if that has none, the alarms are made without an action, and synth warns */
  readonly alarmTopic?: ITopic;
}

/**
 * Publishes the records of a Kafka topic as events on the bus of an orchestrator, in the name of their owner. A batch that is delivered again
 * makes duplicates, which change nothing. If the bus refuses events, their partition waits. The engine parks a value that the contract of
 * the event refuses. In the region of the orchestrator, else `addSource` throws a `ContractError`.
 * @example orchestrator.addSource(new KafkaSource(stack, 'Clicks', { cluster, topic: 'clicks', event: Viewed }));
 */
export class KafkaSource extends Construct implements EventSource, IGrantable {
  readonly events: readonly AnyEvent[];
  readonly #props: KafkaSourceProps;
  #made: LambdaFunction | undefined;

  constructor(scope: Construct, id: string, props: KafkaSourceProps) {
    super(scope, id);
    const { batchSize = 100, brokers, topic } = props;
    if (!Number.isInteger(batchSize) || batchSize < 1 || batchSize > BATCH_SIZE_MAX)
      throw invalid(this, `has a batchSize of ${batchSize}: expected 1 to ${BATCH_SIZE_MAX}`, 'Correct batchSize, or leave it out.');
    if (brokers?.length === 0) throw invalid(this, `of the topic ${topic} has no brokers`, 'List one address or more, as host:port.');
    this.events = [props.event];
    this.#props = props;
  }

  /** The function that publishes the records. Throws a `ContractError` before `addSource`. */
  get function(): Lambda {
    return this.#added.function;
  }

  /** Principal for grants, such as `kms:Decrypt` of the key of the secret. */
  get grantPrincipal(): IPrincipal {
    return this.#added.role;
  }

  get #added(): LambdaFunction {
    if (this.#made) return this.#made;
    throw invalid(this, 'has no function yet', 'Pass it to addSource of an orchestrator first.');
  }

  attachTo(orchestrator: IOrchestrator): void {
    const { topic, timeout = Duration.seconds(30), memorySizeMb = 512, logRetention = RetentionDays.ONE_MONTH, ...props } = this.#props;
    const { type, dedupeBy } = eventContract(props.event);
    checkRegion(`of the topic ${topic}`, this, orchestrator);
    const group = props.consumerGroup ?? this.node.path.replaceAll(/[^A-Za-z0-9]+/g, '-');
    const made = new LambdaFunction(this, 'Forwarder', {
      description: `${orchestrator.name}: publishes the records of the topic ${topic} as ${type}`,
      bundle: bundleForwarder,
      environment: {
        TUTTI_BUS: orchestrator.busAddress,
        TUTTI_BUCKET: orchestrator.payloadBucketName,
        TUTTI_BUCKET_OWNER: orchestrator.payloadBucketOwner,
        TUTTI_EVENT: type,
        ...(dedupeBy && { TUTTI_DEDUPES: 'true' }),
      },
      statements: [...publishing(orchestrator, this.events), ...readingStatements(this.#props, group)],
      memorySizeMb,
      timeout,
      logRetention,
    });
    if (props.brokers === undefined || props.network) acknowledgeNetworkInterfaces(made.role);
    props.secret?.grantRead(made.role);
    this.#made = made;
    new EventSourceMapping(this, 'Source', {
      target: made.function,
      ...(props.brokers === undefined ? { eventSourceArn: props.cluster } : { kafkaBootstrapServers: [...props.brokers] }),
      kafkaTopic: topic,
      kafkaConsumerGroupId: group,
      startingPosition: props.startingPosition ?? StartingPosition.LATEST,
      batchSize: props.batchSize ?? 100,
      sourceAccessConfigurations: accessOf(this.#props),
    });
    new Alarms(this, props.alarmTopic ?? orchestrator.alarmTopic, orchestrator.consoleUrl).errors(
      this,
      made.function,
      `${orchestrator.name}: records of the Kafka topic ${topic} cannot be published as ${type}: the bus or the bucket refuses them. The records wait in the topic, until its own retention ends. Run: ${logCommand(made.logGroup)}`,
    );
  }
}

function accessOf({
  secret,
  network,
  authentication = SourceAccessConfigurationType.SASL_SCRAM_512_AUTH,
}: KafkaSourceProps): SourceAccessConfiguration[] {
  const credentials = secret ? [{ type: authentication, uri: secret.secretArn }] : [];
  if (!network) return credentials;
  const subnets = network.subnets.map(({ subnetId }) => ({ type: SourceAccessConfigurationType.VPC_SUBNET, uri: `subnet:${subnetId}` }));
  const group = { type: SourceAccessConfigurationType.VPC_SECURITY_GROUP, uri: `security_group:${network.securityGroup.securityGroupId}` };
  return [...credentials, ...subnets, group];
}

/** The rights by which Lambda reads the topic ("Configuring your Amazon MSK cluster and Amazon VPC network for Lambda", "Managing cluster access and permissions"). */
function readingStatements(props: KafkaSourceProps, group: string): readonly PolicyStatement[] {
  const { cluster, secret, topic, network } = props;
  return [
    ...(cluster === undefined ? [] : [allow(['kafka:DescribeCluster', 'kafka:DescribeClusterV2', 'kafka:GetBootstrapBrokers'], [cluster])]),
    ...(cluster === undefined || secret ? [] : signedIn(cluster, topic, group)),
    ...(cluster === undefined && !network ? [] : [allow(NETWORK_INTERFACES, ['*'])]),
  ];
}

/** EC2 knows no resources for these actions before the interface exists. */
const NETWORK_INTERFACES = [
  'ec2:CreateNetworkInterface',
  'ec2:DeleteNetworkInterface',
  'ec2:DescribeNetworkInterfaces',
  'ec2:DescribeSecurityGroups',
  'ec2:DescribeSubnets',
  'ec2:DescribeVpcs',
];

/** The ARN of a topic or of a group has that of its cluster in it: `arn:…:topic/<name>/<uuid>/<topic>`. */
function signedIn(cluster: string, topic: string, group: string): readonly PolicyStatement[] {
  const parts = Fn.split(':cluster/', cluster, 2);
  const within = (kind: string, name: string): string => Fn.join('', [Fn.select(0, parts), `:${kind}/`, Fn.select(1, parts), `/${name}`]);
  return [
    allow(['kafka-cluster:Connect', 'kafka-cluster:DescribeClusterDynamicConfiguration'], [cluster]),
    allow(['kafka-cluster:DescribeTopic', 'kafka-cluster:ReadData'], [within('topic', topic)]),
    allow(['kafka-cluster:AlterGroup', 'kafka-cluster:DescribeGroup'], [within('group', group)]),
  ];
}

function invalid(scope: Construct, text: string, remedy: string): ContractError {
  return new ContractError('CONTRACT_INVALID', `The KafkaSource ${scope.node.path} ${text}.`, { remedy });
}
