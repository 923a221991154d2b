import { setTimeout as pause } from 'node:timers/promises';
import { beforeAll, expect, inject, test } from 'vitest';
import type { Deployment } from './outside/deployment.ts';
import { killOne } from './outside/function-processes.ts';
import { journalOf, pidOf, readHead } from './outside/head.ts';
import { logTails } from './outside/lambda.ts';
import { readLedger } from './outside/ledger.ts';
import { readParked } from './outside/parked.ts';
import { checkOut } from './outside/publish.ts';
import { messagesIn } from './outside/queue.ts';
import { until } from './outside/until.ts';
import { deployed, SUITE } from './suite-deployment.ts';

const BOOKINGS = 200;
const KILLS = 25;
const run = Date.now().toString(36);
let suite: Deployment;

beforeAll(async () => {
  suite = await deployed('first');
});

test(
  'two hundred bookings are each completed, and nothing is done twice, while function processes are killed',
  { timeout: 600_000 },
  async () => {
    const host = inject('localStackProcesses');
    if (host === undefined)
      throw new Error('The functions of this LocalStack cannot be found, so none can be killed: start it with `npm run localstack`.');
    const parkedBefore = (await readParked(suite)).length;
    const pids = Array.from({ length: BOOKINGS }, (_, index) => pidOf('book-trip', `${run}-${index}`));
    await Promise.all(pids.map((_, index) => checkOut(suite, `${run}-${index}`)));

    const killed: string[] = [];
    const open = new Set(pids);
    await until(
      `${BOOKINGS} bookings to be completed`,
      async () => {
        for (const pid of open) if ((await readHead(suite, pid))?.status === 'completed') open.delete(pid);
        const name = killed.length < KILLS ? killOne(host, SUITE, (count) => Math.floor(Math.random() * count)) : undefined;
        if (name !== undefined) killed.push(name);
        await pause(500);
        return open.size === 0;
      },
      {
        withinSeconds: 560,
        report: async () =>
          `${open.size} are open, after the kills of ${killed.join(', ')}.\n${await journalOf(suite, [...open][0]!)}\n${await logTails(SUITE)}`,
      },
    );

    expect(killed.length).toBeGreaterThan(BOOKINGS / 50);
    const deeds = (await readLedger(suite)).filter(({ processId }) => pids.includes(processId));
    const byBooking = new Map<string, readonly string[]>();
    for (const { processId, service, what } of deeds)
      byBooking.set(processId, [...(byBooking.get(processId) ?? []), `${service}: ${what.split(' ')[0]}`]);
    const once = ['payments: charge', 'flights: book', 'hotels: book', 'notifications: notify'];
    expect(pids.filter((pid) => JSON.stringify(byBooking.get(pid)) !== JSON.stringify(once))).toEqual([]);
    expect(new Set(deeds.map(({ key }) => key)).size).toBe(BOOKINGS * 4);

    const queues = [suite.inboxUrl, suite.hotLaneUrl, ...['payments', 'flights', 'hotels', 'notifications'].map(suite.queueUrl)];
    await until(
      'the queues to be empty',
      async () => (await Promise.all(queues.map((url) => messagesIn(suite, url)))).every((count) => count === 0),
      {
        withinSeconds: 90,
        report: async () => (await Promise.all(queues.map(async (url) => `${url}: ${await messagesIn(suite, url)}`))).join('\n'),
      },
    );
    expect((await readParked(suite)).length).toBe(parkedBefore);
  },
);
