import { GetQueueAttributesCommand } from '@aws-sdk/client-sqs';
import type { Deployment } from '../localstack/outside/deployment.ts';

interface ApiRequest {
  readonly service: 'lambda' | 'logs';
  /** Of a GET. */
  readonly path?: string;
  readonly query?: Readonly<Record<string, string>>;
  /** Of a POST: the operation of CloudWatch Logs, and its input. */
  readonly operation?: string;
  readonly body?: object;
}

/** The part of `Deployment` that the check uses. */
type Reached = Pick<Deployment, 'dynamodb' | 'sqs' | 'inboxUrl'>;

/**
 * The lines of advance-processes about a code cache that V8 has refused, since the function was deployed. Each start of the function logs one. A
 * line names the Node and the flags of Lambda, so it tells what the build must do otherwise. A function without a code cache logs none.
 */
export async function refusedCaches(deployment: Reached, send: typeof fetch = fetch): Promise<readonly string[]> {
  const { sqs, inboxUrl } = deployment;
  const { Attributes } = await sqs.send(new GetQueueAttributesCommand({ QueueUrl: inboxUrl, AttributeNames: ['QueueArn'] }));
  const request = (asked: ApiRequest): Promise<any> => call(deployment, asked, send);
  const { EventSourceMappings } = await request({
    service: 'lambda',
    path: '/2015-03-31/event-source-mappings/',
    query: { EventSourceArn: Attributes?.['QueueArn'] ?? '' },
  });
  const [{ FunctionArn }] = EventSourceMappings as readonly [{ readonly FunctionArn: string }];
  const { LoggingConfig, LastModified } = await request({
    service: 'lambda',
    path: `/2015-03-31/functions/${encodeURIComponent(FunctionArn)}/configuration`,
  });
  const lines: string[] = [];
  let nextToken: string | undefined;
  do {
    const found = await request({
      service: 'logs',
      operation: 'Logs_20140328.FilterLogEvents',
      body: { logGroupName: LoggingConfig.LogGroup, startTime: Date.parse(LastModified), filterPattern: '"code-cache"', nextToken },
    });
    for (const { message } of found.events ?? []) lines.push(String(message).trim());
    ({ nextToken } = found);
  } while (nextToken !== undefined);
  return lines;
}

/** A signed request to a service for which the project has no client. */
async function call(
  { dynamodb }: Reached,
  { service, path = '/', query = {}, operation, body }: ApiRequest,
  send: typeof fetch,
): Promise<unknown> {
  const { config } = dynamodb;
  const region = await config.region();
  const hostname = `${service}.${region}.amazonaws.com`;
  const method = operation === undefined ? 'GET' : 'POST';
  const headers = {
    host: hostname,
    ...(operation !== undefined && { 'content-type': 'application/x-amz-json-1.1', 'x-amz-target': operation }),
  };
  const text = body === undefined ? {} : { body: JSON.stringify(body) };
  const signer = await config.signer({ name: 'sigv4', signingName: service, signingRegion: region, properties: {} });
  const signed = await signer.sign(
    { method, protocol: 'https:', hostname, path, query: { ...query }, headers, ...text },
    // A client keeps the service that it has signed for first.
    { signingService: service, signingRegion: region },
  );
  const url = new URL(`https://${hostname}${path}?${new URLSearchParams(query).toString()}`);
  const { host: _, ...sent } = signed.headers;
  const response = await send(url, { method, headers: sent, ...text });
  const answer = await response.text();
  if (!response.ok) throw new Error(`${service} answered ${response.status} to ${operation ?? path}: ${answer}`);
  return JSON.parse(answer);
}
