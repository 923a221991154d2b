import { parseArgs } from 'node:util';
import { environmentOf } from './endpoint.ts';
import { installLocalStack, startLocalStack } from './localstack.ts';

// npm run localstack [-- --port N]: starts LocalStack, prints the environment that reaches it, and keeps it up until Ctrl-C.
// npm run localstack -- --install: only fetches what it needs.
const say = (line: string): void => void process.stderr.write(`localstack: ${line}\n`);

function portOf(given: string): number {
  const port = Number(given);
  if (Number.isInteger(port) && port > 0 && port < 65_536) return port;
  throw new Error(`--port ${given} is no port: give a number from 1 to 65535.`);
}

try {
  const { values } = parseArgs({ options: { port: { type: 'string', default: '4566' }, install: { type: 'boolean' } } });
  if (values.install === true) {
    await installLocalStack(say);
    process.exit(0);
  }
  const port = portOf(values.port);
  const running = await startLocalStack(() => Promise.resolve(port), say);
  for (const [name, value] of Object.entries(environmentOf(running.endpoint))) process.stdout.write(`export ${name}=${value}\n`);
  if (!running.startedHere) process.exit(0);
  say('set the lines above in another terminal, then deploy the examples there: npm run deploy:local');
  say('Ctrl-C ends it; what it holds is then gone');
  // A pipe or a terminal that closes must end it as well, and standard input is not read.
  const held = setInterval(() => undefined, 60_000);
  const end = (): void => {
    clearInterval(held);
    say('ending');
    void running.stop().then(() => process.exit(0));
  };
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.once(signal, end);
} catch (error) {
  say(error instanceof Error ? error.message : String(error));
  process.exit(1);
}
