import { expect, test, vi } from 'vitest';
import { inFolder, RunningTutti, SEATS, tutti } from './command-line.ts';

// The test starts several programs, so a busy machine needs more time.
vi.setConfig({ testTimeout: 120_000 });

test('parked lists the parked events, and redrive and discard count them before they act', async () => {
  await inFolder(async (folder) => {
    const dev = new RunningTutti('dev', SEATS, '--local', folder);
    const run = (...parts: readonly string[]): ReturnType<typeof tutti> => tutti(...parts, '--local', folder);
    await vi.waitUntil(async () => (await run('list')).code === 0, { timeout: 60_000, interval: 500 });
    await run('publish', 'seats.seat-wanted', '{"id":"s-1","seat":"bug"}', '--id', 'e-1');
    await dev.line(/s-1 .*stuck/i);

    const [listed, json, counted, none, incomplete] = await Promise.all([
      run('parked'),
      run('parked', 'book-seat', 's-1', '--json'),
      run('redrive', '--reason', 'STUCK'),
      run('redrive', '--reason', 'DEAD_LETTER', '--older-than', '1h', '--yes'),
      run('parked', 'book-seat'),
    ]);
    expect(listed).toMatchObject({ code: 0, stderr: '' });
    expect(listed.stdout).toMatch(/^\S+Z {2}book-seat s-1 {2}STUCK {2}seats\.seat-wanted e-1 of seats {2}.*no such row.*\n$/);
    expect(JSON.parse(json.stdout)).toMatchObject({ process: 'book-seat', id: 's-1', reason: 'STUCK', eventId: 'e-1', source: 'seats' });
    expect(counted).toMatchObject({
      code: 0,
      stdout: '1 parked event matches: 1 STUCK\n',
      stderr: 'Nothing was sent. Repeat with --yes to send them.\n',
    });
    expect(none).toMatchObject({ code: 0, stdout: '0 parked events match.\n', stderr: '' });
    expect(incomplete).toMatchObject({ code: 2, stderr: expect.stringContaining('was given without an id') });

    const sent = await run('redrive', 'book-seat', 's-1', '--type', 'seats.seat-wanted', '--since', '1h', '--yes', '--json');
    expect(
      sent.stdout
        .trim()
        .split('\n')
        .map((line) => JSON.parse(line) as unknown),
    ).toEqual([
      { count: 1, reasons: { STUCK: 1 } },
      { sent: 1, left: 0, of: 1 },
    ]);
    // The instance is still stuck, so the event is parked again.
    expect((await run('parked', 'book-seat', 's-1')).stdout).toContain('STUCK');

    await run('publish', 'seats.seat-wanted', '{"id":"s-2","seat":"bug"}', '--id', 'e-2');
    await dev.line(/s-2 .*stuck/i);
    const [all, unexplained, only] = await Promise.all([
      run('discard', '--yes', '--because', 'of a test'),
      run('discard', '--reason', 'STUCK', '--yes'),
      run('discard', 'book-seat', 's-2', '--reason', 'STUCK'),
    ]);
    expect(all).toMatchObject({ code: 2, stderr: expect.stringContaining('discard was given no --reason') });
    expect(unexplained).toMatchObject({ code: 2, stderr: expect.stringContaining('discard was given no --because') });
    expect(only).toMatchObject({
      code: 0,
      stdout: '1 parked event matches: 1 STUCK\n',
      stderr: 'Nothing was discarded. Repeat with --because <text> --yes to discard them.\n',
    });
    const discarded = await run('discard', 'book-seat', 's-2', '--reason', 'STUCK', '--because', 'of a test', '--yes', '--json');
    expect(discarded.stdout).toBe('{"count":1,"reasons":{"STUCK":1}}\n{"discarded":1,"left":0,"of":1}\n');
    expect((await run('parked', 'book-seat', 's-2')).stderr).toBe('No parked event matches.\n');

    await dev.end('SIGKILL');
    // The commands run one after the other, because only one program may open the folder.
    const stored = await run('parked');
    const unreachable = await run('redrive', '--yes');
    expect(stored).toMatchObject({ code: 0, stdout: expect.stringContaining('STUCK') });
    expect(unreachable).toMatchObject({ code: 4, stderr: expect.stringContaining('No system runs on the folder') });
  });
});
