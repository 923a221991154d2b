import { DynamoDBClient } from '@aws-sdk/client-dynamodb';
import { EventBridgeClient } from '@aws-sdk/client-eventbridge';
import { S3Client } from '@aws-sdk/client-s3';
import { SQSClient } from '@aws-sdk/client-sqs';
import { GetParametersByPathCommand, SSMClient } from '@aws-sdk/client-ssm';

/** A deployment as an external client sees it: by its published names, with the SDK. */
export interface Deployment {
  readonly name: string;
  readonly table: string;
  readonly bus: string;
  readonly bucket: string;
  readonly bucketOwner: string;
  readonly inboxUrl: string;
  readonly hotLaneUrl: string;
  readonly queueUrl: (service: string) => string;
  readonly ledger: string;
  readonly dynamodb: DynamoDBClient;
  readonly events: EventBridgeClient;
  readonly sqs: SQSClient;
  readonly s3: S3Client;
}

/** Reads the parameters under `/tutti/<name>/`, as a foreign service would. */
export async function findDeployment(name: string): Promise<Deployment> {
  const { Parameters = [] } = await new SSMClient({}).send(new GetParametersByPathCommand({ Path: `/tutti/${name}` }));
  const published = new Map(Parameters.map(({ Name, Value }) => [Name!.split('/').at(-1)!, Value!]));
  const parameter = (key: string): string => {
    const value = published.get(key);
    if (value === undefined)
      throw new Error(`/tutti/${name}/${key} is not there: there are ${[...published.keys()].join(', ') || 'none'}.`);
    return value;
  };
  const inboxUrl = parameter('inbox-url');
  return {
    name,
    table: parameter('table'),
    bus: parameter('bus'),
    bucket: parameter('bucket'),
    bucketOwner: parameter('bucket-owner'),
    inboxUrl,
    hotLaneUrl: parameter('hot-lane-url'),
    queueUrl: (service) => `${inboxUrl.slice(0, inboxUrl.lastIndexOf('/') + 1)}${name}-${service}`,
    ledger: `${name}-ledger`,
    dynamodb: new DynamoDBClient({}),
    events: new EventBridgeClient({}),
    sqs: new SQSClient({}),
    s3: new S3Client({}),
  };
}
