import { until } from './until.ts';

/**
 * The few requests to Lambda and its logs that the tests make, without a client of their own in the project: LocalStack
 * looks at the scope of a signature and never at the signature.
 */
const request = async (
  service: string,
  path: string,
  init: { readonly method: string; readonly target?: string; readonly body?: unknown },
): Promise<any> => {
  const endpoint = process.env['AWS_ENDPOINT_URL']!;
  const response = await fetch(new URL(path, endpoint), {
    method: init.method,
    headers: {
      authorization: `AWS4-HMAC-SHA256 Credential=test/20260101/us-east-1/${service}/aws4_request, SignedHeaders=host, Signature=0`,
      'content-type': init.target === undefined ? 'application/json' : 'application/x-amz-json-1.1',
      ...(init.target === undefined ? {} : { 'x-amz-target': init.target }),
    },
    ...(init.body === undefined ? {} : { body: JSON.stringify(init.body) }),
  });
  const text = await response.text();
  if (!response.ok) throw new Error(`${service} ${init.method} ${path} answered ${response.status}: ${text}`);
  return text === '' ? undefined : JSON.parse(text);
};

interface Mapping {
  readonly UUID: string;
  readonly State: string;
  readonly FunctionArn: string;
}

const mappings = '/2015-03-31/event-source-mappings/';

/** The mappings from queues to functions whose queue has that name. */
export async function mappingsOf(queue: string): Promise<readonly Mapping[]> {
  const { EventSourceMappings } = await request('lambda', mappings, { method: 'GET' });
  return EventSourceMappings.filter(({ EventSourceArn }: { readonly EventSourceArn?: string }) => EventSourceArn?.endsWith(`:${queue}`));
}

/** Stops a function from taking messages of its queue, or lets it again. */
export async function switchMapping({ UUID }: Mapping, enabled: boolean): Promise<void> {
  await request('lambda', `${mappings}${UUID}`, { method: 'PUT', body: { Enabled: enabled } });
}

/** The names of the deployment's functions. */
export async function functionNames(stack: string): Promise<readonly string[]> {
  const { Functions } = await request('lambda', '/2015-03-31/functions/', { method: 'GET' });
  return Functions.map(({ FunctionName }: { readonly FunctionName: string }) => FunctionName).filter((name: string) =>
    name.startsWith(`${stack}-`),
  );
}

const configuration = (name: string): string => `/2015-03-31/functions/${name}/configuration`;

/** The environment variables of a function. */
export async function environmentOf(name: string): Promise<Readonly<Record<string, string>>> {
  return (await request('lambda', configuration(name), { method: 'GET' })).Environment?.Variables ?? {};
}

/** Gives a function another environment; resolves when its next call starts in it. */
export async function setEnvironment(name: string, variables: Readonly<Record<string, string>>): Promise<void> {
  await request('lambda', configuration(name), { method: 'PUT', body: { Environment: { Variables: variables } } });
  await until(`${name} to be updated`, async () => {
    const { LastUpdateStatus } = await request('lambda', configuration(name), { method: 'GET' });
    return LastUpdateStatus === 'Successful';
  });
}

/** The newest error lines of each log of the stack, to explain a failed test. */
export async function logTails(stack: string, count = 8): Promise<string> {
  const logs = (target: string, body: unknown): Promise<any> =>
    request('logs', '/', { method: 'POST', target: `Logs_20140328.${target}`, body });
  const { logGroups = [] } = await logs('DescribeLogGroups', {});
  const names: readonly string[] = logGroups.map(({ logGroupName }: { readonly logGroupName: string }) => logGroupName);
  const tails = await Promise.all(
    names
      .filter((name) => name.includes(stack))
      .map(async (logGroupName) => {
        const { events = [] } = await logs('FilterLogEvents', { logGroupName });
        const lines = events
          .map(({ message }: { readonly message: string }) => message.trim())
          .filter((line: string) => /error|warn|exit/i.test(line));
        return lines.length === 0 ? [] : [`-- ${logGroupName}`, ...lines.slice(-count)];
      }),
  );
  return tails.flat().join('\n');
}
