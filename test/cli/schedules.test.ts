import { fileURLToPath } from 'node:url';
import { expect, test, vi } from 'vitest';
import { inFolder, RunningTutti, tutti } from './command-line.ts';

// The test starts several programs, so a busy machine needs more time.
vi.setConfig({ testTimeout: 120_000 });

const NIGHTS = fileURLToPath(new URL('nights.ts', import.meta.url));

test('schedules lists, describes and operates the schedules of a running system, with JSON', async () => {
  await inFolder(async (folder) => {
    const dev = new RunningTutti('dev', NIGHTS, '--local', folder);
    const run = (...parts: readonly string[]): ReturnType<typeof tutti> => tutti('schedules', ...parts, '--local', folder);
    await vi.waitUntil(async () => (await run('list')).stdout.startsWith('nightly  active'), { timeout: 60_000, interval: 500 });
    const range = ['--from', '2026-01-01T00:00:00Z', '--to', '2026-01-02T00:00:00Z'];
    const created = ['create', 'cleaning', '--process', 'report', '--cron', '0 3 * * SUN', '--zone', 'UTC', '--input', '{"day":"any"}'];
    expect(await run('pause', 'nightly', '--reason', 'closing')).toMatchObject({
      code: 0,
      stdout: expect.stringContaining('by dev: closing'),
    });
    expect(await run('resume', 'nightly')).toMatchObject({ code: 0, stdout: expect.stringContaining('active') });
    expect(await run('trigger', 'nightly', '--overlap', 'skip')).toMatchObject({ code: 0 });
    expect(await run('backfill', 'nightly', ...range)).toMatchObject({ code: 0 });
    expect(await run(...created, '--catch-up', 'none', '--within', '6 hours')).toMatchObject({
      code: 0,
      stdout: expect.stringContaining('cleaning'),
    });
    await vi.waitUntil(async () => (await run('describe', 'nightly')).stdout.includes('2 started'), { timeout: 30_000, interval: 300 });
    const listed = (await run('list', '--json')).stdout
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line) as object);
    expect(listed).toEqual(
      expect.arrayContaining([
        expect.objectContaining({
          name: 'nightly',
          origin: 'system',
          started: 2,
          last: expect.objectContaining({ id: 'nightly@2026-01-01T02:30~Europe.Paris' }),
        }),
        expect.objectContaining({ name: 'cleaning', origin: 'client', process: 'report', catchUp: 'none' }),
      ]),
    );
    expect(await run('delete', 'cleaning', '--reason', 'done')).toMatchObject({ code: 0, stdout: expect.stringContaining('ended') });
    expect(await run('delete', 'nightly', '--reason', 'done')).toMatchObject({ code: 1, stderr: expect.stringContaining('ALREADY_USED') });
    expect(await run('describe', 'other')).toMatchObject({ code: 3, stderr: expect.stringContaining('There is no schedule "other"') });
    expect(await run('pause', 'nightly')).toMatchObject({ code: 2 });
    const shown = await tutti('show', 'tutti--schedule', 'nightly', '--local', folder);
    expect(shown.stdout).toMatch(/pause by dev: closing[\s\S]*2026-01-01T02:30 started/);
    await dev.end('SIGKILL');
    expect((await run('list')).stdout).toContain('nightly  active');
  });
});
