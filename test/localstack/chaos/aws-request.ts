import type { IncomingHttpHeaders } from 'node:http';

/** The services into whose calls the proxy injects faults. It forwards calls to other services. */
export const SERVICES = ['dynamodb', 'sqs', 'events', 's3'] as const;
export type Service = (typeof SERVICES)[number];

/** Service and operation of a request, from its headers. */
export interface AwsRequest {
  readonly service: Service;
  /** `SendMessageBatch`; for S3, which is REST, the method. */
  readonly operation: string;
  /** Equal for all tries that the SDK makes of one call; undefined from clients that do not say. */
  readonly invocation: string | undefined;
}

const prefixes: Readonly<Record<string, Service>> = { DynamoDB_20120810: 'dynamodb', AmazonSQS: 'sqs', AWSEvents: 'events' };

/** The JSON protocols name their operation in `x-amz-target`; S3 is known by the scope of its signature. */
export function awsRequest(method: string, headers: IncomingHttpHeaders): AwsRequest | undefined {
  const invocation = text(headers['amz-sdk-invocation-id']);
  const [prefix = '', operation] = text(headers['x-amz-target'])?.split('.') ?? [];
  const service = prefixes[prefix];
  if (service !== undefined && operation !== undefined) return { service, operation, invocation };
  return /\/s3\/aws4_request/.test(headers.authorization ?? '') ? { service: 's3', operation: method, invocation } : undefined;
}

const text = (value: string | string[] | undefined): string | undefined => (Array.isArray(value) ? value[0] : value);
