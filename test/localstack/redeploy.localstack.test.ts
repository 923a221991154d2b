import { setTimeout as pause } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { beforeAll, expect, test } from 'vitest';
import type { Deployment } from './outside/deployment.ts';
import { awaitStatus, pidOf } from './outside/head.ts';
import { deedsFor } from './outside/ledger.ts';
import { checkOut, publish } from './outside/publish.ts';
import { runQuietly } from './program.ts';
import { deployed, SUITE } from './suite-deployment.ts';

const run = Date.now().toString(36);
const root = fileURLToPath(new URL('../..', import.meta.url));
let suite: Deployment;

beforeAll(async () => {
  suite = await deployed('first');
});

test('bookings that run during a second deploy complete, and the deploy fixes a stuck process', { timeout: 420_000 }, async () => {
  const poisoned = pidOf('poison', `${run}-poison`);
  await publish(suite, 'trials.poison-taken', { id: `${run}-poison` });
  const stuck = await awaitStatus(suite, poisoned, 'stuck');
  expect(stuck.why).toContain('POISON');
  expect(await deedsFor(suite, poisoned)).toEqual(['guide: visit']);

  const ids: string[] = [];
  let deploying = true;
  const deploy = deployed('second').finally(() => (deploying = false));
  while (deploying) {
    const id = `${run}-under-way-${ids.length}`;
    await checkOut(suite, id);
    ids.push(id);
    await pause(1_000);
  }
  await deploy;
  for (const id of ids) {
    await awaitStatus(suite, pidOf('book-trip', id), 'completed');
    expect(await deedsFor(suite, pidOf('book-trip', id))).toEqual([
      'payments: charge',
      'flights: book',
      'hotels: book',
      'notifications: notify',
    ]);
  }
  expect(ids.length).toBeGreaterThan(2);

  const resume = ['--conditions=source', '--import', 'tsx', 'bin/tutti.ts', 'resume', 'poison', `${run}-poison`, '--stack', SUITE];
  await runQuietly(process.execPath, resume, { cwd: root, env: process.env });
  await awaitStatus(suite, poisoned, 'completed');
  expect(await deedsFor(suite, poisoned)).toEqual(['guide: visit', 'guide: visit']);
});
