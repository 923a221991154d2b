import { parseArgs } from 'node:util';
import { exitCodeOf, EXIT } from '../../bin/exit-code.ts';
import { awsReach } from '../../lib/client/aws/aws.ts';
import { findDeployment } from '../localstack/outside/deployment.ts';
import { isLoopback } from '../localstack/endpoint.ts';
import { CHECKS } from './checks.ts';
import { outcomeText, runChecks } from './run-checks.ts';

// npm run smoke -- --stack trips: acts on a deployed system as its producers, services, clients and operators, and reports what works.
const USAGE = `npm run smoke -- --stack NAME [--deny-table] [--json]

  --stack NAME    the name of the deployment, as in tutti list --stack NAME
  --deny-table    deny the main table to advance-processes for five minutes (a real account only)
  --json          one object with all outcomes on stdout

It starts instances of its own, whose ids begin with "smoke-". Exit code 0: nothing failed; 1: a check failed; 2: wrong usage;
3: there is no such deployment; 4: it is out of reach.`;

process.exitCode = await main();

async function main(): Promise<number> {
  const options = readOptions();
  if (typeof options === 'string') {
    process.stderr.write(`${options}\n\n${USAGE}\n`);
    return EXIT.usage;
  }
  const { stack, 'deny-table': mayDenyTable = false, json = false } = options;
  process.env['AWS_SDK_JS_NODE_VERSION_SUPPORT_WARNING_DISABLED'] ??= 'true';
  const endpoint = process.env['AWS_ENDPOINT_URL'];
  try {
    const reach = await awsReach({ name: stack });
    const smoke = {
      deployment: await findDeployment(stack),
      reach,
      run: `smoke-${Date.now().toString(36)}`,
      local: endpoint !== undefined && isLoopback(endpoint),
      mayDenyTable,
    };
    const tell = json ? () => {} : (outcome: Parameters<typeof outcomeText>[0]) => void process.stdout.write(`${outcomeText(outcome)}\n`);
    const outcomes = await runChecks(CHECKS, smoke, { now: Date.now, tell });
    const counted = (status: string): number => outcomes.filter((outcome) => outcome.status === status).length;
    const sum = `${counted('passed')} passed, ${counted('failed')} failed, ${counted('skipped')} skipped`;
    process.stdout.write(`${json ? JSON.stringify({ stack, local: smoke.local, outcomes }) : sum}\n`);
    return counted('failed') > 0 ? EXIT.bad : EXIT.done;
  } catch (error) {
    process.stderr.write(`${error instanceof Error ? error.message : String(error)}\n`);
    return exitCodeOf(error);
  }
}

function readOptions(): { readonly stack: string; readonly 'deny-table'?: boolean; readonly json?: boolean } | string {
  try {
    const { values } = parseArgs({
      options: { stack: { type: 'string' }, 'deny-table': { type: 'boolean' }, json: { type: 'boolean' } },
    });
    const { stack, ...others } = values;
    return stack === undefined ? 'The name of the deployment is missing.' : { stack, ...others };
  } catch (error) {
    return error instanceof Error ? error.message : String(error);
  }
}
