import { spawn } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { GetParameterCommand, SSMClient } from '@aws-sdk/client-ssm';
import { environmentOf, isHealthy, isLoopback } from './endpoint.ts';

// npm run deploy:local: the stacks of bin/app.ts, into the LocalStack at AWS_ENDPOINT_URL. It never deploys anywhere else.
const DEFAULT_ENDPOINT = 'http://127.0.0.1:4566';
const ACCOUNT = 'aws://000000000000/us-east-1';
const BOOTSTRAP_VERSION = '/cdk-bootstrap/hnb659fds/version';
const root = fileURLToPath(new URL('../..', import.meta.url));

const say = (line: string): void => void process.stderr.write(`deploy:local: ${line}\n`);

/** The SDK puts the name of a bucket before a host name, but not before an address. */
const endpoint = (process.env['AWS_ENDPOINT_URL'] ?? DEFAULT_ENDPOINT).replace('//localhost', '//127.0.0.1');
if (!isLoopback(endpoint)) {
  say(`AWS_ENDPOINT_URL is ${endpoint}, which is not this machine. Expected http://127.0.0.1:4566 or another loopback address.`);
  say('To deploy to an account, run npx cdk deploy yourself.');
  process.exit(2);
}
if (!(await isHealthy(endpoint))) {
  say(`no LocalStack answers at ${endpoint}: start one with npm run localstack, or name its endpoint in AWS_ENDPOINT_URL.`);
  process.exit(1);
}

/** LocalStack's own credentials, so that AWS refuses a request that is sent elsewhere; and no profile that names other endpoints. */
const environment: NodeJS.ProcessEnv = {
  ...process.env,
  ...environmentOf(endpoint),
  CDK_DISABLE_CLI_TELEMETRY: 'true',
  CDK_VALIDATION: 'false',
};
for (const name of Object.keys(environment))
  if (/^AWS_(?:PROFILE|DEFAULT_PROFILE|SESSION_TOKEN|IGNORE_CONFIGURED_ENDPOINT_URLS|ENDPOINT_URL_(?!S3$).*)$/.test(name))
    delete environment[name];

try {
  if (!(await isBootstrapped())) await cdk('bootstrap', ACCOUNT);
  await cdk('deploy', '--all', '--require-approval', 'never', '-c', 'throw-away=true');
  console.log(nextStep());
} catch (error) {
  say(error instanceof Error ? error.message : String(error));
  process.exit(1);
}

async function isBootstrapped(): Promise<boolean> {
  const client = new SSMClient({ endpoint, region: 'us-east-1', credentials: { accessKeyId: 'test', secretAccessKey: 'test' } });
  try {
    await client.send(new GetParameterCommand({ Name: BOOTSTRAP_VERSION }));
    return true;
  } catch (error) {
    if (error instanceof Error && error.name === 'ParameterNotFound') return false;
    throw error;
  } finally {
    client.destroy();
  }
}

/** Its own output folder, since a synth for an account leaves other templates. */
function cdk(...args: readonly string[]): Promise<void> {
  say(`cdk ${args.join(' ')}`);
  const program = join(root, 'node_modules/aws-cdk/bin/cdk');
  const child = spawn(process.execPath, [program, ...args, '--output', 'cdk.out/local', '--no-notices', '--ci'], {
    cwd: root,
    env: environment,
    stdio: ['ignore', 2, 2],
  });
  return new Promise((resolve, reject) => {
    child.once('error', reject);
    child.once('exit', (code, signal) =>
      code === 0 ? resolve() : reject(new Error(`cdk ${args[0]} ended with ${code ?? signal}; what it said is above.`)),
    );
  });
}

function nextStep(): string {
  const [cart = ''] = readFileSync(join(root, 'examples/travel-booking/carts.jsonl'), 'utf8').split('\n');
  const { type, data } = JSON.parse(cart) as { readonly type: string; readonly data: { readonly cartId: string } };
  const entry = { EventBusName: 'trips', Source: 'trips', DetailType: type, Detail: JSON.stringify(data) };
  const variables = Object.entries(environmentOf(endpoint)).map(([name, value]) => `export ${name}=${value}`);
  return `Deployed into ${endpoint}: TravelBooking (trips) and OrderFulfilment (orders).

Set what reaches it, publish a checkout as any program would, and see what becomes of it:

${variables.join('\n')}
aws events put-events --entries '${JSON.stringify([entry])}'
npm run tutti -- show book-trip ${data.cartId} --stack trips --follow

Without the AWS CLI, start the same booking with the command line of Tutti:

npm run tutti -- start book-trip '${JSON.stringify(data)}' --stack trips --wait`;
}
