import { endpointOf, isHealthy, LOCALSTACK_VERSION } from './endpoint.ts';
import type { Running } from './running.ts';
import { outputOf, run } from './program.ts';
import { commonSettings } from './without-docker.ts';

const image = `localstack/localstack:${LOCALSTACK_VERSION}`;

/** True where a daemon answers, not only a client is installed. */
export const dockerRuns = (): boolean => outputOf('docker', ['version', '--format', '{{.Server.Version}}']) !== undefined;

const containerName = (port: number): string => `tutti-localstack-${port}`;

/** The container of a LocalStack that this starter keeps on that port, if there is one. */
export const containerOf = (port: number): string | undefined =>
  outputOf('docker', ['inspect', '--format', '{{.State.Running}}', containerName(port)]) === 'true' ? containerName(port) : undefined;

/** Starts LocalStack's image; functions run in AWS's own images, which it starts through the socket of the daemon. */
export async function startWithDocker(port: number, say: (line: string) => void): Promise<Running> {
  const name = containerName(port);
  say(`starting ${image} in Docker; the first time it is pulled`);
  const settings = {
    ...commonSettings,
    GATEWAY_LISTEN: `0.0.0.0:${port}`,
    LOCALSTACK_HOST: `localhost.localstack.cloud:${port}`,
    MAIN_CONTAINER_NAME: name,
    // The functions are for arm64; the image of the machine's own architecture runs them as well.
    LAMBDA_IGNORE_ARCHITECTURE: '1',
  };
  const environment = Object.entries(settings).flatMap(([key, value]) => ['--env', `${key}=${value}`]);
  const place = ['--name', name, '--publish', `127.0.0.1:${port}:${port}`, '--volume', '/var/run/docker.sock:/var/run/docker.sock'];
  await run('docker', ['run', '--detach', '--rm', ...place, ...environment, image]);
  const stop = (): Promise<void> => run('docker', ['stop', '--time', '10', name]);
  for (let tries = 0; tries < 240; tries++) {
    if (await isHealthy(endpointOf(port))) {
      say(`up on ${endpointOf(port)}, in Docker as ${name}`);
      return { endpoint: endpointOf(port), stop, processes: { container: name }, startedHere: true };
    }
    await new Promise((resolve) => setTimeout(resolve, 250));
  }
  const log = outputOf('docker', ['logs', '--tail', '40', name]) ?? 'The container is gone.';
  await stop();
  throw new Error(`LocalStack did not answer within 60 seconds in Docker. The end of its log:\n${log}`);
}
