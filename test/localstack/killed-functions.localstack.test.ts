import { setTimeout as pause } from 'node:timers/promises';
import { beforeAll, expect, inject, test } from 'vitest';
import type { Deployment } from './outside/deployment.ts';
import { killOne, type FunctionHost } from './outside/function-processes.ts';
import { journalOf, pidOf, statusesOf } from './outside/head.ts';
import { logTails } from './outside/lambda.ts';
import { readLedger } from './outside/ledger.ts';
import { readParked } from './outside/parked.ts';
import { checkOut } from './outside/publish.ts';
import { messagesIn } from './outside/queue.ts';
import { until } from './outside/until.ts';
import { deployed, SUITE } from './suite-deployment.ts';

const BOOKINGS = 200;
const KILLS = 25;
const services = ['payments', 'flights', 'hotels', 'notifications'];
const run = Date.now().toString(36);
const ids = Array.from({ length: BOOKINGS }, (_, index) => `${run}-${index}`);
let suite: Deployment;

beforeAll(async () => {
  suite = await deployed();
});

function functionHost(): FunctionHost {
  const host = inject('localStackProcesses');
  if (host !== undefined) return host;
  throw new Error('The functions of this LocalStack cannot be found, so none can be killed: start it with `npm run localstack`.');
}

/** Kills one running environment of a function per poll while bookings are open. Returns the names of the functions. */
async function killUntilCompleted(host: FunctionHost): Promise<readonly string[]> {
  const killed: string[] = [];
  let open: readonly string[] = ids.map((id) => pidOf('book-trip', id));
  await until(
    `${BOOKINGS} bookings to be completed`,
    async () => {
      const statuses = await statusesOf(suite, open);
      open = open.filter((pid) => statuses.get(pid) !== 'completed');
      const name = killed.length < KILLS ? killOne(host, `${SUITE}-`, (count) => Math.floor(Math.random() * count)) : undefined;
      if (name !== undefined) killed.push(name);
      await pause(500);
      return open.length === 0;
    },
    {
      withinSeconds: 540,
      report: async () =>
        [
          `${open.length} are open. Killed: ${killed.join(', ')}.`,
          await journalOf(suite, open[0]!),
          await queueCounts(),
          await logTails(SUITE),
        ].join('\n'),
    },
  );
  return killed;
}

/** All queues that bookings use, with their dead-letter queues. */
const queueUrls = (): readonly string[] => [
  suite.inboxUrl,
  suite.hotLaneUrl,
  ...services.flatMap((service) => [suite.queueUrl(service), `${suite.queueUrl(service)}-dead-letter`]),
];

const queueCounts = async (): Promise<string> =>
  (await Promise.all(queueUrls().map(async (url) => `${url.split('/').at(-1)} ${await messagesIn(suite, url)}`))).join(', ');

test(
  'two hundred bookings at once are completed, each effect done once, while function processes are killed',
  { timeout: 700_000 },
  async () => {
    const host = functionHost();
    const parkedBefore = (await readParked(suite)).length;
    await Promise.all(ids.map((id) => checkOut(suite, id)));
    const killed = await killUntilCompleted(host);
    expect(killed.length).toBeGreaterThan(5);

    const deeds = await readLedger(suite);
    const faults = ids.flatMap((id) => {
      const of = deeds
        .filter(({ key }) => key.startsWith(`${pidOf('book-trip', id)}/`))
        .map(({ service, what }) => `${service}: ${what.split(' ')[0]}`);
      const once = ['payments: charge', 'flights: book', 'hotels: book', 'notifications: notify'];
      return of.join() === once.join() ? [] : [`${id}: ${of.join()}`];
    });
    expect(faults).toEqual([]);

    // The messages of a killed function are redelivered after the visibility timeout, as duplicates.
    await until(
      'the queues to be empty',
      async () => (await Promise.all(queueUrls().map((url) => messagesIn(suite, url)))).every((count) => count === 0),
      {
        withinSeconds: 120,
        report: queueCounts,
      },
    );
    expect((await readParked(suite)).length).toBe(parkedBefore);
  },
);
