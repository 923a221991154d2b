import type { Deployment } from '../outside/deployment.ts';
import type { FunctionHost } from '../outside/function-processes.ts';
import { environmentOf, functionNames, setEnvironment } from '../outside/lambda.ts';
import { outputOf } from '../program.ts';

/** The address on which a proxy listens, and the name of that address inside functions. */
export interface ProxyPlace {
  readonly listen: string;
  readonly called: string;
}

/**
 * Functions that are processes of this machine reach its loopback. A container reaches the machine at the gateway of its network, which is
 * no address of other machines; where containers run in a virtual machine, Docker has a name for it.
 */
export function proxyPlace(host: FunctionHost): ProxyPlace {
  if ('parent' in host) return { listen: '127.0.0.1', called: '127.0.0.1' };
  if (process.platform !== 'linux') return { listen: '127.0.0.1', called: 'host.docker.internal' };
  const gateway = outputOf('docker', ['inspect', '--format', '{{range .NetworkSettings.Networks}}{{.Gateway}}{{end}}', host.container]);
  if (gateway === undefined || gateway === '') throw new Error(`Docker does not tell the gateway of ${host.container}.`);
  return { listen: gateway, called: gateway };
}

/**
 * Endpoints of single services go before the one of all, which LocalStack sets itself. SQS is called where the URL of the queue says,
 * whatever endpoint is set: so the URLs name the proxy.
 */
function through(endpoint: string, queueOrigin: string, variables: Readonly<Record<string, string>>): Readonly<Record<string, string>> {
  const own = Object.entries(variables).map(([name, value]) => [name, value.replaceAll(queueOrigin, endpoint)] as const);
  const endpoints = ['DYNAMODB', 'SQS', 'EVENTBRIDGE', 'S3'].map((service) => [`AWS_ENDPOINT_URL_${service}`, endpoint] as const);
  return Object.fromEntries([...own, ...endpoints]);
}

/** Lets all functions of a deployment talk to AWS through `endpoint` while something is done, and directly again in any case. */
export async function withFunctionsThrough(
  { name: stack, inboxUrl }: Deployment,
  endpoint: string,
  act: () => Promise<void>,
): Promise<void> {
  const names = await functionNames(stack);
  const before = await Promise.all(names.map(async (name) => [name, await environmentOf(name)] as const));
  const { origin } = new URL(inboxUrl);
  try {
    await Promise.all(before.map(([name, variables]) => setEnvironment(name, through(endpoint, origin, variables))));
    await act();
  } finally {
    await Promise.all(before.map(([name, variables]) => setEnvironment(name, variables)));
  }
}
