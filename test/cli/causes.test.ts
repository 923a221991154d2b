import { expect, test, vi } from 'vitest';
import { inFolder, LEASES, RunningTutti, SEATS, tutti } from './command-line.ts';

// Each test starts several programs, so a busy machine needs more time.
vi.setConfig({ testTimeout: 120_000 });

type Run = (...parts: readonly string[]) => ReturnType<typeof tutti>;

const withSystem = (module: string, use: (run: Run, dev: RunningTutti) => Promise<void>): Promise<void> =>
  inFolder(async (folder) => {
    const dev = new RunningTutti('dev', module, '--local', folder);
    const run: Run = (...parts) => tutti(...parts, '--local', folder);
    await vi.waitUntil(async () => (await run('list')).code === 0, { timeout: 60_000, interval: 500 });
    await use(run, dev);
    await dev.end('SIGKILL');
  });

interface Group {
  readonly cause: string;
  readonly [key: string]: unknown;
}

const groupsOf = (stdout: string): readonly Group[] =>
  stdout
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line) as Group);

test('list --group counts instances by cause, with an example, the remedy and the command that resumes the group', async () => {
  await withSystem(SEATS, async (run, dev) => {
    for (const id of ['s-1', 's-2', 's-3']) await run('start', 'book-seat', JSON.stringify({ id, seat: 'bug' }));
    for (const id of ['h-1', 'h-2']) await run('start', 'book-seat', JSON.stringify({ id, seat: 'on hold' }));
    await run('start', 'book-seat', '{"id":"t-1","seat":"taken"}');
    await dev.line(/h-2 +desk\.book completed/);
    const [json, text, waiting] = await Promise.all([
      run('list', '--status', 'stuck', '--group', '--json'),
      run('list', '--status', 'stuck', '--group'),
      run('list', '--group', '--json'),
    ]);
    const [group, ...others] = groupsOf(json.stdout);
    expect(others).toEqual([]);
    expect(group).toEqual({
      cause: expect.stringMatching(/^[0-9a-f]{8}$/),
      process: 'book-seat',
      status: 'stuck',
      code: 'POISON',
      reason: expect.stringMatching(/no such row.*seats\.ts:\d+/),
      remedy: expect.stringContaining('Correct the process'),
      count: 3,
      oldest: expect.stringMatching(/^\d{4}-.*Z$/),
      example: { process: 'book-seat', id: 's-1' },
    });
    const { cause } = group as Group;
    expect(text.stdout).toMatch(new RegExp(`^${cause}  3 book-seat stuck \\(POISON\\): .*no such row`));
    expect(text.stdout).toMatch(/\n {10}the first since \S+Z: tutti why book-seat s-1 --local \S+\n/);
    expect(text.stdout).toMatch(new RegExp(`\\n {10}tutti resume --cause ${cause} --local \\S+\\n$`));
    expect(groupsOf(waiting.stdout).map(({ count, status, reason }) => [count, status, reason])).toEqual([
      [3, 'stuck', expect.stringContaining('no such row')],
      [2, 'running', 'waits for the event seats.confirmed'],
      [1, 'failed', 'failed: desk.book failed with Taken'],
    ]);
    expect((await run('list', '--cause', cause)).stdout.trim().split('\n')).toHaveLength(3);
  });
});

test('resume --cause counts the stuck instances of a cause, and with --yes resumes the first alone', async () => {
  await withSystem(LEASES, async (run, dev) => {
    for (const id of ['s-1', 's-2', 's-3']) await run('start', 'lease-seat', '{"seat":"12A"}', '--id', id);
    for (const id of ['s-1', 's-2', 's-3']) await dev.line(new RegExp(`${id} .*stuck`));
    const [{ cause } = { cause: '' }] = groupsOf((await run('list', '--status', 'stuck', '--group', '--json')).stdout);
    const [counted, other, incomplete, both] = await Promise.all([
      run('resume', '--cause', cause),
      run('resume', '--cause', 'POISON', '--yes'),
      run('resume', 'lease-seat'),
      run('resume', 'lease-seat', 's-1', '--cause', cause),
    ]);
    expect(counted).toMatchObject({
      code: 0,
      stdout: '3 stuck instances match.\n',
      stderr: 'Nothing was resumed. Repeat with --yes to resume them.\n',
    });
    expect(other).toMatchObject({ code: 0, stdout: '0 stuck instances match.\n' });
    expect(incomplete).toMatchObject({ code: 2, stderr: expect.stringContaining('No instance was named.') });
    expect(both).toMatchObject({ code: 2, stderr: expect.stringContaining('--cause was given with an id.') });
    const resumed = await run('resume', '--cause', 'UNKNOWN_OUTCOME', 'lease-seat', '--yes', '--json');
    expect(groupsOf(resumed.stdout)).toEqual([{ count: 3 }, { resumed: 3, left: 0, of: 3 }]);
    expect(resumed.code).toBe(0);
  });
});
