import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { ReceiveMessageCommand } from '@aws-sdk/client-sqs';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { bundleStepRunner } from '../../lib/cdk/bundle/bundle.ts';
import { findDeployment, type Deployment } from './outside/deployment.ts';
import { awaitStatus, pidOf } from './outside/head.ts';
import { environmentOf, functionNames } from './outside/lambda.ts';
import { publish } from './outside/publish.ts';
import { acknowledge } from './outside/queue.ts';
import { withoutFunction } from './outside/service-switch.ts';
import { until } from './outside/until.ts';
import { runQuietly } from './program.ts';
import { deployed, INLINE, SUITE } from './suite-deployment.ts';

const run = Date.now().toString(36);
const root = fileURLToPath(new URL('../..', import.meta.url));
const MINUTES_16_MS = 16 * 60_000;
let inline: Deployment;
let variables: Readonly<Record<string, string>>;
let folder: string;
/** Builds of the step runner. */
let older: string;
let failing: string;

beforeAll(async () => {
  // From here, modules resolve `tutti` and `zod`.
  mkdirSync(join(root, '.tutti'), { recursive: true });
  folder = mkdtempSync(join(root, '.tutti/skewed-builds-'));
  older = runnerOf('older', 'return { flight: null };');
  failing = runnerOf(
    'failing',
    `await ctx.run('book the flight', async () => { throw new TypeError('connection reset'); }, { undo: async () => {} });`,
  );
  await deployed();
  inline = await findDeployment(INLINE);
  const name = (await functionNames(SUITE)).find((each) => each.includes('InlineStepsRunner'));
  variables = await environmentOf(name!);
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

/** The bundle of a step runner whose book-trip has these steps after the one that charges. */
function runnerOf(name: string, steps: string): string {
  const entry = join(folder, `${name}.ts`);
  const example = '../../examples/inline-booking';
  writeFileSync(
    entry,
    `import { process, system } from 'tutti';
     import { CartCheckedOut } from '${example}/book-trip.ts';
     const partners = () => import('${example}/partners.ts');
     const bookTrip = process('book-trip', { startOn: CartCheckedOut.byId((cart) => cart.cartId) }, async (ctx, cart) => {
       await ctx.run('charge', async (task) => (await partners()).bank.charge(cart.card, cart.total, task), {
         undo: async (payment, task) => (await partners()).bank.refund(payment.reference, task),
       });
       ${steps}
     });
     export const trips = system('inline-trips', { processes: [bookTrip], services: [] });`,
  );
  return bundleStepRunner({ entry, system: 'inline-trips' }).folder;
}

/** A command as Lambda passes it to a function. */
interface Received {
  readonly messageId: string;
  readonly receiptHandle: string;
  readonly body: string;
  readonly attributes: Readonly<Record<string, string>>;
}

/** The next message of the queue of steps, hidden from other receivers. The function has no mapping meanwhile. */
const nextStep = (pid: string): Promise<Received> =>
  until(`a step of ${pid} in the queue`, async () => {
    const { Messages = [] } = await inline.sqs.send(
      new ReceiveMessageCommand({
        QueueUrl: inline.queueUrl('steps'),
        WaitTimeSeconds: 1,
        VisibilityTimeout: 300,
        MessageSystemAttributeNames: ['All'],
      }),
    );
    const [message] = Messages.filter(({ Body }) => Body!.includes(`"${pid}/`));
    return (
      message && {
        messageId: message.MessageId!,
        receiptHandle: message.ReceiptHandle!,
        body: message.Body!,
        attributes: message.Attributes!,
      }
    );
  });

const SCRIPT = `
const [folder, batch] = process.argv.slice(1);
require(folder + '/index.js').handler(JSON.parse(batch), { getRemainingTimeInMillis: () => 20_000 })
  .then(({ batchItemFailures }) => console.log(batchItemFailures.length === 0 ? 'DONE' : 'RETURNED'));`;

/** Runs the function of another build on the message, as if the message had been sent so long ago. Returns the output of the function. */
async function runOn(build: string, message: Received, sentMsAgo = 0): Promise<string> {
  const attributes = { ...message.attributes, SentTimestamp: String(Date.now() - sentMsAgo) };
  const batch = {
    Records: [{ ...message, attributes, eventSource: 'aws:sqs', eventSourceARN: 'arn:aws:sqs:us-east-1:000000000000:suite-inline-steps' }],
  };
  const output = await runQuietly(process.execPath, ['-e', SCRIPT, build, JSON.stringify(batch)], {
    cwd: root,
    env: { ...process.env, ...variables, NODE_ENV: 'production' },
  });
  if (output.includes('DONE')) await acknowledge(inline, 'steps', { receipt: message.receiptHandle, body: {} });
  return output;
}

/** The output of `tutti why`, once it has the text. */
const whyHas = (id: string, text: RegExp): Promise<string> => {
  const program = ['--conditions=source', '--import', 'tsx', 'bin/tutti.ts', 'why', 'book-trip', id, '--stack', INLINE];
  const why = (): Promise<string> => runQuietly(process.execPath, program, { cwd: root, env: process.env });
  return until(`why to match ${text}`, async () => text.test(await why()) && text.source, { report: why });
};

/** Checks a cart out, lets the older build charge it, and returns the step that this build does not have. */
async function untilFlight(id: string): Promise<Received> {
  await publish(inline, 'shop.cart-checked-out', { cartId: id, card: 'tok_visa', total: 129_000, flight: 'BER-LIS', hotel: 'Lisbon' });
  expect(await runOn(older, await nextStep(pidOf('book-trip', id)))).toContain('DONE');
  return nextStep(pidOf('book-trip', id));
}

test(
  'a build without the step leaves it in the queue, replies after 15 minutes that nothing happened, and the process sends it again',
  { timeout: 300_000 },
  async () => {
    const id = `${run}-skewed`;
    await withoutFunction(inline, 'steps', async () => {
      const flight = await untilFlight(id);
      expect(await runOn(older, flight)).toMatch(/"kind":"held".*\nRETURNED/s);
      await whyHas(id, /waits for the step book the flight since .*: attempt 1 is in the queue of steps or running/);
      expect(await runOn(older, flight, MINUTES_16_MS)).toMatch(/"kind":"gave-up".*\nDONE/s);
      await whyHas(id, /waits for the step book the flight since .*: attempt 2 is in the queue of steps or running/);
    });
    await awaitStatus(inline, pidOf('book-trip', id), 'completed');
  },
);

test(
  'after a run of a build that has the step, the outcome is unknown, and nothing is undone on a guess',
  { timeout: 300_000 },
  async () => {
    const id = `${run}-claimed`;
    await withoutFunction(inline, 'steps', async () => {
      const flight = await untilFlight(id);
      expect(await runOn(failing, flight)).toMatch(/"kind":"handler-failed".*\nRETURNED/s);
      expect(await runOn(older, flight, MINUTES_16_MS)).toMatch(/"kind":"gave-up".*\nDONE/s);
    });
    await awaitStatus(inline, pidOf('book-trip', id), 'stuck');
    await whyHas(id, /stuck \(UNKNOWN_OUTCOME\): the step book the flight may or may not have happened after 1 attempt/);
  },
);
