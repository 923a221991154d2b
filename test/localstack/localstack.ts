import type { FunctionHost } from './outside/function-processes.ts';
import { endpointOf, isHealthy, isLoopback } from './endpoint.ts';
import { install, missingPrograms } from './installation.ts';
import type { Running } from './running.ts';
import { containerOf, dockerRuns, startWithDocker } from './with-docker.ts';
import { keeperOf, startWithoutDocker } from './without-docker.ts';

/**
 * LocalStack: the endpoint that the user gave (`AWS_ENDPOINT_URL`), else Docker, else without Docker. Fails with what is missing.
 */
export async function startLocalStack(port: () => Promise<number>, say: (line: string) => void): Promise<Running> {
  const given = process.env['AWS_ENDPOINT_URL'];
  if (given !== undefined) return reuse(given, say);
  if (dockerRuns()) return startWithDocker(await unused(await port()), say);
  refuseMissingPrograms();
  return startWithoutDocker(await unused(await port()), say);
}

/** Fetches what LocalStack needs without Docker. With Docker nothing: the image is fetched when it starts. */
export async function installLocalStack(say: (line: string) => void): Promise<void> {
  if (dockerRuns()) return;
  refuseMissingPrograms();
  say(`installed in ${await install(say)}`);
}

function refuseMissingPrograms(): void {
  const missing = missingPrograms();
  if (missing.length === 0) return;
  throw new Error(
    [
      'LocalStack cannot start here.',
      '- No Docker daemon answers: start Docker, and all else is fetched; or, without Docker:',
      ...missing.map((line) => `- ${line}`),
      'Alternatively set the endpoint of a running LocalStack: AWS_ENDPOINT_URL=http://127.0.0.1:4566.',
    ].join('\n'),
  );
}

async function reuse(endpoint: string, say: (line: string) => void): Promise<Running> {
  if (!isLoopback(endpoint))
    throw new Error(`AWS_ENDPOINT_URL is ${endpoint}: LocalStack must be on this machine, as in http://127.0.0.1:4566.`);
  if (!(await isHealthy(endpoint)))
    throw new Error(
      `AWS_ENDPOINT_URL is ${endpoint}, but no LocalStack answers there: start it, or unset AWS_ENDPOINT_URL and one is started.`,
    );
  say(`using the one at ${endpoint}`);
  return { endpoint, stop: () => Promise.resolve(), processes: hostOn(Number(new URL(endpoint).port)), startedHere: false };
}

/** Functions can be found, and killed, where this starter keeps the LocalStack on that port in another terminal. */
function hostOn(port: number): FunctionHost | undefined {
  const parent = keeperOf(port);
  if (parent !== undefined) return { parent };
  const container = containerOf(port);
  return container === undefined ? undefined : { container };
}

async function unused(port: number): Promise<number> {
  if (await isHealthy(endpointOf(port)))
    throw new Error(
      `A LocalStack already answers on port ${port}: use it with AWS_ENDPOINT_URL=${endpointOf(port)}, or choose another port.`,
    );
  return port;
}
