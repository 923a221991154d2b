import { spawn, type ChildProcess } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { pythonWithBoto3, RunningService } from '../python-service/running-service.ts';
import type { Deployment } from './outside/deployment.ts';
import { awaitStatus, pidOf } from './outside/head.ts';
import { deedsFor } from './outside/ledger.ts';
import { checkOut } from './outside/publish.ts';
import { withoutFunction } from './outside/service-switch.ts';
import { deployed } from './suite-deployment.ts';

const run = Date.now().toString(36);
const folder = mkdtempSync(join(tmpdir(), 'services-as-programs-'));
const root = fileURLToPath(new URL('../..', import.meta.url));
let suite: Deployment;
let python: string;

beforeAll(async () => {
  python = await pythonWithBoto3();
  suite = await deployed();
});

afterAll(() => rmSync(folder, { recursive: true }));

/** The environment of a program that is the service of the hotels. */
const environment = (): Record<string, string> => ({
  TUTTI_NAME: suite.name,
  TUTTI_BUS: suite.bus,
  TUTTI_BUCKET: suite.bucket,
  TUTTI_BUCKET_OWNER: suite.bucketOwner,
  TUTTI_COMMAND_TABLE: `${suite.name}-hotels-commands`,
  TUTTI_QUEUE_URL: suite.queueUrl('hotels'),
  TUTTI_DEAD_LETTER_URL: `${suite.queueUrl('hotels')}-dead-letter`,
});

/** Ten bookings and one whose hotel is full; the function of the hotels has no part in them. */
async function bookEleven(mark: string): Promise<void> {
  const ids = Array.from({ length: 10 }, (_, index) => `${run}-${mark}-${index}`);
  await Promise.all([...ids.map((id) => checkOut(suite, id)), checkOut(suite, `${run}-${mark}-full`, 'Venice')]);
  for (const id of ids) {
    await awaitStatus(suite, pidOf('book-trip', id), 'completed');
    expect(await deedsFor(suite, pidOf('book-trip', id))).toEqual(['payments: charge', 'flights: book', 'notifications: notify']);
  }
  await awaitStatus(suite, pidOf('book-trip', `${run}-${mark}-full`), 'failed');
}

const ended = (child: ChildProcess): Promise<number | null> => new Promise((resolve) => child.once('exit', resolve));

test('a service in Python on boto3 books the hotels, and refuses the one that is full', { timeout: 300_000 }, async () => {
  await withoutFunction(suite, 'hotels', async () => {
    const service = await RunningService.start(python, {
      ...environment(),
      HOTELS_DATABASE: join(folder, 'hotels.db'),
      HOTELS_NETWORK_SECONDS: '0.1',
    });
    try {
      await bookEleven('python');
    } finally {
      const code = await service.end('SIGTERM');
      expect({ code, said: service.said }).toMatchObject({ code: 0 });
    }
  });
});

test('a service as a program that polls its queue books the hotels, and ends on a signal', { timeout: 300_000 }, async () => {
  await withoutFunction(suite, 'hotels', async () => {
    const poller = spawn(process.execPath, ['--conditions=source', '--import', 'tsx', 'examples/travel-booking/hotels/poll.ts'], {
      cwd: root,
      env: { ...process.env, ...environment(), FOREIGN_SYSTEMS: folder },
      stdio: ['ignore', 'ignore', 'pipe'],
    });
    let said = '';
    poller.stderr.setEncoding('utf8').on('data', (text: string) => (said += text));
    const end = ended(poller);
    try {
      await bookEleven('poller');
    } finally {
      poller.kill('SIGTERM');
      const code = await end;
      expect({ code, said }).toMatchObject({ code: 0 });
    }
    const reservations = readFileSync(join(folder, 'hotels.jsonl'), 'utf8')
      .split('\n')
      .filter((line) => line !== '');
    expect(new Set(reservations.map((line) => (JSON.parse(line) as { key: string }).key)).size).toBe(10);
  });
});
