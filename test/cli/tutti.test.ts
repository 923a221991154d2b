import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, onTestFinished, test, vi } from 'vitest';
import { inFolder, RunningTutti, SEATS, SEATS_UNSERVED, tutti } from './command-line.ts';

// Each test starts several programs, so a busy machine needs more time.
vi.setConfig({ testTimeout: 120_000 });

const ESCAPE = '\u001b';

function wanted(id: string, seat: string): string {
  return JSON.stringify({ type: 'seats.seat-wanted', data: { id, seat } });
}

function eventsFile(folder: string, ...lines: readonly string[]): string {
  const file = join(folder, 'events.jsonl');
  writeFileSync(file, `${lines.join('\n')}\n`);
  return file;
}

/** A copy of the seats with other code, in a folder from which modules resolve `tutti`. */
const otherSeats = (from: string, to: string): string => {
  const parent = join(import.meta.dirname, '../../.tutti');
  mkdirSync(parent, { recursive: true });
  const folder = mkdtempSync(join(parent, 'other-seats-'));
  onTestFinished(() => rmSync(folder, { recursive: true }));
  const text = readFileSync(SEATS, 'utf8');
  expect(text).toContain(from);
  writeFileSync(join(folder, 'seats.ts'), text.replace(from, to));
  return join(folder, 'seats.ts');
};

describe('usage', () => {
  test('help lists the commands and exits 0, and wrong usage prints an error to stderr and exits 2', async () => {
    const [help, unknown, missing, policy] = await Promise.all([
      tutti('--help'),
      tutti('frobnicate'),
      tutti('cancel', 'book-seat', 's-1'),
      tutti('start', 'book-seat', '{nonsense'),
    ]);
    expect(help.code).toBe(0);
    for (const command of [
      'dev',
      'start',
      'signal',
      'publish',
      'list',
      'show',
      'why',
      'cancel',
      'terminate',
      'resolve',
      'resume',
      'replay',
      'contracts',
    ])
      expect(help.stdout).toContain(`\n  ${command} `);
    for (const { code, stdout, stderr } of [unknown, missing, policy]) {
      expect([code, stdout]).toEqual([2, '']);
      expect(stderr).toContain('error');
    }
  });
});

describe('dev --once', () => {
  test('dev --once processes all events and prints them, and a second run processes none of them twice', async () => {
    await inFolder(async (folder) => {
      const parts = [
        'dev',
        SEATS,
        '--local',
        folder,
        '--once',
        '--events',
        eventsFile(folder, wanted('s-1', '12A'), wanted('s-2', 'taken')),
      ];
      const first = await tutti(...parts);
      expect(first.code).toBe(0);
      expect(first.stdout).toMatch(/book-seat s-1 +desk\.book sent\n/);
      expect(first.stdout).toMatch(/book-seat s-1 +completed {"number":3}\n/);
      expect(first.stdout).toMatch(/book-seat s-2 +desk\.book failed with Taken {"seat":"taken"}\n/);
      expect(first.stdout).toMatch(/\n2 instances: 1 completed, 1 failed\n|\n2 instances: 1 failed, 1 completed\n/);
      expect(first.stdout + first.stderr).not.toContain(ESCAPE);
      const second = await tutti(...parts);
      expect([second.code, second.stdout]).toEqual([0, '0 instances\n']);
    });
  });

  test('dev --once exits 2 if it skips lines of the events file, and reports each with its fault', async () => {
    await inFolder(async (folder) => {
      const events = eventsFile(folder, 'not JSON', wanted('s-1', '12A'), JSON.stringify({ type: 'seats.seat-wantd', data: {} }));
      const { code, stdout, stderr } = await tutti('dev', SEATS, '--memory', '--once', '--events', events);
      expect(code).toBe(2);
      expect(stdout).toMatch(/\n1 instance: 1 completed\n/);
      expect(stderr).toMatch(/events\.jsonl line 1: The line is not JSON/);
      expect(stderr).toMatch(
        /events\.jsonl line 3: seats\.seat-wantd is not an event of seats: expected one of seats\.seat-wanted, seats\.confirmed\./,
      );
    });
  });

  test('dev --retention passes the retention to the runtime, which refuses less than a day', async () => {
    const { code, stderr } = await tutti('dev', SEATS, '--memory', '--once', '--retention', '12h');
    expect(code).toBe(2);
    expect(stderr).toContain('The retention is 43200 seconds: expected a day or more, or none.');
  });

  test('dev --once exits 1 if an instance is stuck, and prints the instance with its remedy', async () => {
    await inFolder(async (folder) => {
      const events = eventsFile(folder, wanted('s-1', 'bug'));
      const { code, stdout } = await tutti('dev', SEATS, '--memory', '--once', '--json', '--events', events);
      expect(code).toBe(1);
      const lines = stdout
        .trim()
        .split('\n')
        .map((line) => JSON.parse(line) as Record<string, unknown>);
      expect(lines.at(-1)).toEqual({
        summary: expect.objectContaining({
          instances: 1,
          statuses: { stuck: 1 },
          stuck: [
            { process: 'book-seat', id: 's-1', why: expect.stringMatching(/^stuck \(POISON\): .*no such row.*\. Correct the process/) },
          ],
        }),
      });
    });
  });
});

describe('dev --once with a service that no module serves', () => {
  test('dev --once stops when all other work is done, and counts the commands that wait for an unserved service', async () => {
    await inFolder(async (folder) => {
      const events = eventsFile(folder, wanted('s-1', '12A'), wanted('s-2', '7C'));
      const { code, stdout, stderr } = await tutti('dev', SEATS_UNSERVED, '--local', folder, '--once', '--events', events);
      expect([code, stdout]).toEqual([0, expect.stringMatching(/\n2 instances: 2 running\n/)]);
      expect(stderr).toContain('2 commands wait in the queue of desk, which no module serves.\n');
      const later = await tutti('dev', SEATS, '--local', folder, '--once');
      expect([later.code, later.stdout]).toEqual([0, expect.stringMatching(/\n2 instances: 2 completed\n/)]);
    });
  });
});

describe('a running dev', () => {
  test('other commands reach a running dev, and read its stored state after a kill', async () => {
    await inFolder(async (folder) => {
      const where = ['--local', folder];
      const dev = new RunningTutti('dev', SEATS, ...where, '--events', eventsFile(folder, wanted('s-1', 'on hold')));
      await dev.line(/s-1 +desk\.book completed/);
      const page = new RunningTutti('console', ...where);
      const [, address = '', token = ''] = /(http\S+)\/#token=(\S+)/.exec(await page.line(/#token=/)) ?? [];
      const counts = await fetch(`${address}/api/counts`, { headers: { authorization: `Bearer ${token}` } });
      expect(await counts.json()).toMatchObject({ counts: [{ process: 'book-seat', status: 'running', count: 1 }] });
      expect((await page.end('SIGINT')).code).toBe(130);
      const start = (input: string, ...more: readonly string[]): ReturnType<typeof tutti> =>
        tutti('start', 'book-seat', input, ...more, ...where);
      const [started, failed, again, why, nobody] = await Promise.all([
        start('{"id":"s-2","seat":"7C"}', '--wait'),
        start('{"id":"s-3","seat":"taken"}', '--wait'),
        start('{"id":"s-1","seat":"7C"}'),
        tutti('why', 'book-seat', 's-1', ...where),
        tutti('why', 'book-seat', 's-9', ...where),
      ]);
      expect(started).toMatchObject({ code: 0, stdout: '{"number":2}\n' });
      expect(failed).toMatchObject({
        code: 1,
        stdout: '',
        stderr: expect.stringContaining('error book-seat s-3 failed: desk.book failed with Taken {"seat":"taken"}\n'),
      });
      expect(again).toMatchObject({ code: 1, stderr: expect.stringContaining('ALREADY_OPEN') });
      expect(why).toMatchObject({ code: 0, stdout: 'book-seat s-1 waits for the event seats.confirmed\n' });
      expect(nobody).toMatchObject({ code: 3, stdout: '' });
      await dev.end('SIGKILL');

      const listed = await tutti('list', '--json', '--status', 'running', ...where);
      expect(
        listed.stdout
          .trim()
          .split('\n')
          .map((line) => JSON.parse(line) as unknown),
      ).toEqual([
        {
          process: 'book-seat',
          id: 's-1',
          run: expect.stringMatching(/^[\w-]{22}$/),
          status: 'running',
          started: expect.stringMatching(/Z$/),
          why: 'waits for the event seats.confirmed',
        },
      ]);
      const shown = await tutti('show', 'book-seat', 's-2', ...where);
      expect(shown.stdout).toMatch(/started by seats\.seat-wanted|started by book-seat\.start/);
      expect(shown.stdout).toMatch(/ tagged seat=7C\n.* its view changed\n/);
      expect(shown.stdout).toMatch(/completed {"number":2}\ntags {2}seat=7C\nview {2}{"stage":"booking"}\n$/);
      const signal = ['signal', 'book-seat', 's-1', 'seats.confirmed', '{"id":"s-1"}', ...where];
      expect(await tutti(...signal)).toMatchObject({ code: 4, stderr: expect.stringContaining('Start tutti dev') });
      expect(await tutti('replay', SEATS, '--open', ...where)).toMatchObject({
        code: 0,
        stdout: expect.stringContaining('same     book-seat s-1'),
      });
      // Code that the run has not reached replays, and is still other code.
      const other = otherSeats('return { number };', 'return { number: number + 1 };');
      expect(await tutti('replay', other, '--open', ...where)).toMatchObject({
        code: 1,
        stdout: expect.stringContaining('changed  book-seat s-1'),
        stderr: expect.stringMatching(/book-seat@1: 1 open run was begun by other code than ([0-9a-f]{16}) .* --accept \1\./),
      });

      const next = new RunningTutti('dev', SEATS, ...where);
      await next.line(/s-1 +continues: waits for the event seats\.confirmed/);
      expect((await tutti(...signal)).code).toBe(0);
      await next.line(/s-1 +completed {"number":7}/);
      expect(await tutti('signal', 'book-seat', 's-9', 'seats.confirmed', '{"id":"s-9"}', ...where)).toMatchObject({
        code: 0,
        stderr: expect.stringMatching(/^book-seat s-9 has not been started\. The event is kept until \S+Z, and is parked/m),
      });
      const { code, stdout, stderr } = await next.end('SIGINT');
      expect(code).toBe(130);
      expect(stdout).toMatch(/\n1 instance: 1 completed\n/);
      expect(stderr).toMatch(/^The console is at http:\/\/127\.0\.0\.1:\d+\/#token=[\w-]{22}$/m);
    });
  });

  test('cancel ends an instance of a running dev and prints its status', async () => {
    await inFolder(async (folder) => {
      const where = ['--local', folder];
      const dev = new RunningTutti('dev', SEATS, ...where, '--events', eventsFile(folder, wanted('s-1', 'on hold'), wanted('s-2', 'bug')));
      await dev.line(/s-2 +stuck/);
      await dev.line(/s-1 +desk\.book completed/);
      expect(await tutti('resume', 'book-seat', 's-1', '--version', '2', ...where)).toMatchObject({
        code: 2,
        stdout: '',
        stderr: expect.stringContaining('is running on version 1 and was to be resumed with version 2'),
      });
      expect(await tutti('cancel', 'book-seat', 's-1', '--reason', 'changed plans', '--json', ...where)).toMatchObject({
        code: 0,
        stdout: '{"process":"book-seat","id":"s-1","status":"cancelled"}\n',
      });
      expect(await dev.line(/cancel requested/)).toMatch(/cancel requested by dev: changed plans$/);
      // The code is still wrong, so the instance gets stuck again at once.
      expect(await tutti('resume', 'book-seat', 's-2', ...where)).toMatchObject({
        code: 0,
        stdout: expect.stringMatching(/^(?:stuck|running)\n$/),
      });
      await dev.end('SIGKILL');
    });
  });
});

test('a command on a folder without stored state exits 4 and creates no folder', async () => {
  await inFolder(async (folder) => {
    expect(await tutti('list', '--local', join(folder, 'none'))).toMatchObject({ code: 4, stdout: '' });
  });
});
