import { setTimeout as pause } from 'node:timers/promises';
import { beforeAll, expect, inject, test } from 'vitest';
import type { Deployment } from './outside/deployment.ts';
import { killOne } from './outside/function-processes.ts';
import { awaitStatus, journalOf, pidOf, statusesOf } from './outside/head.ts';
import { logTails } from './outside/lambda.ts';
import { deedsFor } from './outside/ledger.ts';
import { publish } from './outside/publish.ts';
import { until } from './outside/until.ts';
import { deployed, SUITE } from './suite-deployment.ts';

const ERRANDS = 20;
const KILLS = 6;
const run = Date.now().toString(36);
let suite: Deployment;

beforeAll(async () => {
  suite = await deployed();
});

test('the step of a process that has a StepFunction runs in that function', { timeout: 120_000 }, async () => {
  const id = `${run}-delivery`;
  await publish(suite, 'trials.delivery-wanted', { id });
  await awaitStatus(suite, pidOf('delivery', id), 'completed');
  expect(await deedsFor(suite, pidOf('delivery', id))).toEqual([`courier: ${SUITE}-steps-courier`]);
});

test(
  'processes complete, each step done once with what it has captured, while the step runner is killed',
  { timeout: 400_000 },
  async () => {
    const host = inject('localStackProcesses');
    if (host === undefined) throw new Error('The functions of this LocalStack cannot be found: start it with `npm run localstack`.');
    const ids = Array.from({ length: ERRANDS }, (_, index) => `${run}-${index}`);
    await Promise.all(ids.map((id) => publish(suite, 'trials.errand-wanted', { id })));
    const killed: string[] = [];
    let open: readonly string[] = ids.map((id) => pidOf('errand', id));
    await until(
      `${ERRANDS} errands to be completed`,
      async () => {
        const statuses = await statusesOf(suite, open);
        open = open.filter((pid) => statuses.get(pid) !== 'completed');
        const name =
          killed.length < KILLS ? killOne(host, `${SUITE}-TrialsSteps`, (count) => Math.floor(Math.random() * count)) : undefined;
        if (name !== undefined) killed.push(name);
        await pause(250);
        return open.length === 0;
      },
      { withinSeconds: 360, report: async () => `${open.length} are open.\n${await journalOf(suite, open[0]!)}\n${await logTails(SUITE)}` },
    );
    expect(killed).toHaveLength(KILLS);
    for (const id of ids)
      expect(await deedsFor(suite, pidOf('errand', id))).toEqual(['steps: bakery-after-0', 'steps: market-after-1', 'steps: post-after-2']);
  },
);
