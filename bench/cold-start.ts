import { execFile } from 'node:child_process';
import { readdirSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { CheckoutTravelCart } from '../examples/travel-booking/contracts.ts';
import { startStub, stubEnvironment } from '../lib/cdk/bundle/code-cache/stub-aws.ts';
import { cartOf } from './systems.ts';

const run = promisify(execFile);

/** One environment of a function, from its start to its first answer. */
export interface ColdStart {
  readonly importMs: number;
  readonly firstCallMs: number;
  /** Size of the files that were loaded by then, in bytes. */
  readonly loadedBytes: number;
}

/** Runs in a new process, which has loaded nothing before. */
const SCRIPT = `
const [folder, event] = process.argv.slice(1);
const begun = performance.now();
const { handler } = require(folder + '/index.js');
const imported = performance.now();
handler(JSON.parse(event), { getRemainingTimeInMillis: () => 20_000 }).then(answer => {
  const answered = performance.now();
  const loadedBytes = Object.keys(require.cache).reduce((sum, file) => sum + require('fs').statSync(file).size, 0);
  console.log(JSON.stringify({ importMs: imported - begun, firstCallMs: answered - imported, loadedBytes, answer }));
});`;

/**
 * Starts advance-processes of the travel booking `times` times in sequence, on the given Node; the first event starts a trip. `more`: variables
 * of its environment beside those of each deployment.
 */
export const coldStarts = async (
  node: string,
  folder: string,
  times: number,
  more: (stub: string) => Readonly<Record<string, string>> = () => ({}),
): Promise<readonly ColdStart[]> => {
  const stub = await startStub();
  const env = { ...stubEnvironment(stub.endpoint), NODE_ENV: 'production', ...more(stub.endpoint) };
  const starts: ColdStart[] = [];
  try {
    for (let time = 0; time < times; time += 1) {
      const { stdout } = await run(node, ['-e', SCRIPT, folder, JSON.stringify(eventOf(time))], { env });
      const { answer, ...start } = JSON.parse(stdout.trim().split('\n').at(-1) ?? '') as ColdStart & {
        readonly answer: { readonly batchItemFailures: unknown[] };
      };
      if (answer.batchItemFailures.length > 0)
        throw new Error(`The first call gave its message back; it had called ${stub.targets.join(', ')}.`);
      starts.push(start);
    }
  } finally {
    stub.close();
  }
  return starts;
};

/** Size of all uploaded files in bytes. */
export const assetBytes = (folder: string): number => readdirSync(folder).reduce((sum, file) => sum + statSync(join(folder, file)).size, 0);

const eventOf = (number: number): unknown => ({
  Records: [
    {
      messageId: `m-${number}`,
      receiptHandle: `r-${number}`,
      body: JSON.stringify({
        account: '111111111111',
        source: 'trips',
        'detail-type': CheckoutTravelCart.type,
        id: `e-${number}`,
        time: new Date().toISOString(),
        detail: cartOf(`cart-${number}`),
      }),
      attributes: { ApproximateReceiveCount: '1', SentTimestamp: String(Date.now()) },
      eventSourceARN: 'arn:aws:sqs:eu-central-1:111111111111:trips-inbox',
    },
  ],
});
