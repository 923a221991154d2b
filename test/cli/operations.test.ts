import { expect, test, vi } from 'vitest';
import { inFolder, LEASES, RunningTutti, SEATS, tutti } from './command-line.ts';

// Each test starts several programs, so a busy machine needs more time.
vi.setConfig({ testTimeout: 120_000 });

type Use = (run: (...parts: readonly string[]) => ReturnType<typeof tutti>, dev: RunningTutti) => Promise<void>;

/** Runs a system, and passes `use` the options by which other commands reach it. */
const withSystem = (module: string, use: Use): Promise<void> =>
  inFolder(async (folder) => {
    const dev = new RunningTutti('dev', module, '--local', folder);
    const run = (...parts: readonly string[]): ReturnType<typeof tutti> => tutti(...parts, '--local', folder);
    // The first event shows that the system runs.
    await vi.waitUntil(async () => (await run('list')).code === 0, { timeout: 60_000, interval: 500 });
    await use(run, dev);
    await dev.end('SIGKILL');
  });

const withSeats = (use: Use): Promise<void> => withSystem(SEATS, use);

test('publish starts the processes of an event and prints the event id, and a repetition of the id changes nothing', async () => {
  await withSeats(async (run, dev) => {
    const event = ['publish', 'seats.seat-wanted', '{"id":"s-1","seat":"on hold"}', '--id', 'once'];
    expect(await run(...event)).toMatchObject({ code: 0, stdout: 'once\n', stderr: '' });
    await dev.line(/s-1 +desk\.book completed/);
    const [again, reached, unknown, wrong] = await Promise.all([
      run(...event),
      run('publish', 'seats.confirmed', '{"id":"s-1"}', '--json'),
      run('publish', 'seats.confirmd', '{"id":"s-1"}'),
      run('publish', 'seats.confirmed', '{}'),
    ]);
    expect(again).toMatchObject({ code: 0, stdout: 'once\n' });
    expect([reached.code, JSON.parse(reached.stdout)]).toEqual([0, { id: expect.stringMatching(/^\w{26}$/) }]);
    await dev.line(/s-1 +completed {"number":7}/);
    expect(unknown).toMatchObject({
      code: 3,
      stdout: '',
      stderr: expect.stringContaining('There is no event seats.confirmd in seats: expected one of seats.seat-wanted, seats.confirmed.'),
    });
    expect(wrong).toMatchObject({ code: 2, stdout: '', stderr: expect.stringContaining('DATA_INVALID') });
  });
});

test('terminate ends an instance at once and requires a reason, and an unknown process is refused with the list of known ones', async () => {
  await withSeats(async (run, dev) => {
    await run('start', 'book-seat', '{"id":"s-1","seat":"on hold"}');
    await dev.line(/s-1 +desk\.book completed/);
    const names = expect.stringContaining('There is no process nope in seats: expected one of book-seat.');
    const [help, unreasoned, listed, why, shown, cancelled, resumed] = await Promise.all([
      run('terminate', '--help'),
      run('terminate', 'book-seat', 's-1'),
      run('list', '--process', 'nope'),
      run('why', 'nope', 's-1'),
      run('show', 'nope', 's-1'),
      run('cancel', 'nope', 's-1', '--reason', 'x'),
      run('resume', 'nope', 's-1'),
    ]);
    expect(help.stdout).toContain('Usage: tutti terminate [options] --reason <text> <process> <id>');
    expect([unreasoned.code, unreasoned.stderr]).toEqual([2, expect.stringContaining("required option '--reason <text>' not specified")]);
    for (const ended of [listed, why, shown, cancelled, resumed]) expect(ended).toMatchObject({ code: 3, stdout: '', stderr: names });
    expect(await run('list', '--process', 'book-seat', '--status', 'failed')).toMatchObject({ code: 0, stdout: '' });
    expect(await run('terminate', 'book-seat', 's-1', '--reason', 'duplicate order')).toMatchObject({ code: 0, stdout: 'terminated\n' });
    expect(await dev.line(/terminate requested/)).toMatch(/terminate requested by dev: duplicate order$/);
    expect(await run('terminate', 'book-seat', 's-1', '--reason', 'again')).toMatchObject({
      code: 1,
      stderr: expect.stringContaining('CLOSED'),
    });
  });
});

test('start --wait prints the reason if an instance fails, gets stuck or does not end in time', async () => {
  await withSeats(async (run) => {
    const start = (id: string, seat: string, ...more: readonly string[]): ReturnType<typeof tutti> =>
      run('start', 'book-seat', JSON.stringify({ id, seat }), '--wait', ...more);
    const [failed, stuck, late, booked, wrong] = await Promise.all([
      start('s-1', 'taken', '--json'),
      start('s-2', 'bug'),
      start('s-3', 'on hold', '--timeout', '2s', '--json'),
      start('s-4', '12A', '--json', '--timeout', '1 minute'),
      start('s-5', '12A', '--timeout', 'soon'),
    ]);
    expect([failed.code, JSON.parse(failed.stdout)]).toEqual([
      1,
      {
        id: 's-1',
        run: expect.stringMatching(/^[\w-]{22}$/),
        started: true,
        status: 'failed',
        why: expect.stringMatching(/^failed at /),
        failure: expect.objectContaining({
          type: 'Other',
          details: { cause: expect.objectContaining({ command: 'desk.book', type: 'Taken', data: { seat: 'taken' } }) },
        }),
      },
    ]);
    expect(failed.stderr).toContain('error book-seat s-1 failed: desk.book failed with Taken {"seat":"taken"}\n');
    expect([stuck.code, stuck.stdout]).toEqual([1, '']);
    expect(stuck.stderr).toMatch(/^error book-seat s-2 stuck \(POISON\): .*no such row/);
    expect([late.code, JSON.parse(late.stdout)]).toEqual([1, expect.objectContaining({ id: 's-3', status: 'running' })]);
    expect(late.stderr).toMatch(/^error book-seat s-3 has not ended in time: waits for /);
    expect([booked.code, JSON.parse(booked.stdout)]).toEqual([0, expect.objectContaining({ id: 's-4', result: { number: 3 } })]);
    expect(wrong).toMatchObject({ code: 2, stdout: '' });
  });
});

test('resolve records an unknown outcome: a stuck instance continues, and an unresolved one leaves the list', async () => {
  await withSystem(LEASES, async (run) => {
    const stuck = await run('start', 'lease-seat', '{"seat":"12A"}', '--id', 's-1', '--wait');
    expect(stuck).toMatchObject({ code: 1, stdout: '', stderr: expect.stringMatching(/lease-seat s-1 stuck \(UNKNOWN_OUTCOME\)/) });
    expect((await run('start', 'try-lease', '{"seat":"7C"}', '--id', 's-2', '--wait')).code).toBe(0);
    const [why, unresolved, wrong, neither] = await Promise.all([
      run('why', 'lease-seat', 's-1'),
      run('list', '--unresolved', '--json'),
      run('resolve', 'lease-seat', 's-1', 'desk.lease:1', '--failure', '{"code":"x"}', '--reason', 'asked the desk'),
      run('resolve', 'lease-seat', 's-1', 'desk.lease:1', '--reason', 'asked the desk'),
    ]);
    expect(why.stdout).toContain('tutti resolve');
    const listed = unresolved.stdout
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line) as Record<string, unknown>);
    expect(listed.map(({ process, id, status }) => `${String(process)} ${String(id)} ${String(status)}`).toSorted()).toEqual([
      'lease-seat s-1 stuck',
      'try-lease s-2 completed',
    ]);
    expect(wrong).toMatchObject({ code: 2, stdout: '', stderr: expect.stringContaining('--failure {"code":"x"} is not a failure') });
    expect(neither).toMatchObject({ code: 2, stdout: '', stderr: expect.stringContaining('No outcome was given.') });
    const [leased, nothing] = await Promise.all([
      run('resolve', 'lease-seat', 's-1', 'desk.lease:1', '--output', '{"number":9}', '--reason', 'asked the desk'),
      run('resolve', 'try-lease', 's-2', 'desk.lease:1', '--failure', '{"type":"NoLease"}', '--reason', 'asked the desk', '--json'),
    ]);
    expect(leased.code).toBe(0);
    expect([nothing.code, JSON.parse(nothing.stdout)]).toEqual([0, { process: 'try-lease', id: 's-2', status: 'completed' }]);
    await vi.waitUntil(async () => /completed/.test((await run('why', 'lease-seat', 's-1')).stdout), { timeout: 30_000, interval: 500 });
    expect(await run('list', '--unresolved', '--json')).toMatchObject({ code: 0, stdout: '' });
    const shown = await run('show', 'lease-seat', 's-1');
    expect(shown.stdout).toMatch(/desk\.lease.*asked the desk/);
  });
});

test('commands act within the named tenant, and print its name unless it is the default', async () => {
  await withSeats(async (run, dev) => {
    const ofAcme = ['--tenant', 'acme'];
    for (const tenant of [ofAcme, []]) await run('start', 'book-seat', '{"id":"s-1","seat":"on hold"}', ...tenant);
    await dev.line(/s-1 of the tenant acme +desk\.book completed/);
    const [listed, others, why, shown, wrong, help] = await Promise.all([
      run('list', ...ofAcme),
      run('list', '--json'),
      run('why', 'book-seat', 's-1', ...ofAcme),
      run('show', 'book-seat', 's-1', ...ofAcme),
      run('list', '--tenant', 'A'),
      run('parked', '--help'),
    ]);
    expect(listed).toMatchObject({ code: 0, stdout: expect.stringMatching(/^book-seat s-1 of the tenant acme {2}running/) });
    expect(
      others.stdout
        .trim()
        .split('\n')
        .map((line) => JSON.parse(line) as object),
    ).toEqual([expect.not.objectContaining({ tenant: expect.anything() as unknown })]);
    expect(why.stdout).toMatch(/^book-seat s-1 of the tenant acme waits for/);
    expect(shown.stdout).toContain('tenant  acme');
    expect([wrong.code, wrong.stderr]).toEqual([2, expect.stringContaining('Expected 2 to 64 letters, digits and . _ -.')]);
    expect(help.stdout).toContain('--tenant <tenant>');
    expect((await run('cancel', 'book-seat', 's-1', '--reason', 'x', ...ofAcme)).code).toBe(0);
    await dev.line(/s-1 of the tenant acme +cancelled/);
    expect((await run('why', 'book-seat', 's-1')).stdout).toMatch(/^book-seat s-1 waits for/);
    expect((await run('why', 'book-seat', 's-1', '--tenant', 'zoo')).stderr).toContain('There is no book-seat s-1 of the tenant zoo');
  });
});

test('cancel takes a filter: it previews, and with --yes begins a bulk job, whose progress and results bulk prints', async () => {
  await withSeats(async (run, dev) => {
    for (const id of ['s-1', 's-2']) {
      await run('start', 'book-seat', JSON.stringify({ id, seat: 'on hold' }));
      await dev.line(new RegExp(`${id} +desk\\.book completed`));
    }
    const filter = ['cancel', '--where', 'process:book-seat id~s-', '--reason', 'the hall is closed'];
    const [preview, both, none, wrong, unreasoned] = await Promise.all([
      run(...filter),
      run(...filter, 'book-seat', 's-1'),
      run('cancel', '--reason', 'x'),
      run('cancel', '--where', 'proces:x', '--reason', 'x'),
      run('resume', '--where', 'process:book-seat', '--yes'),
    ]);
    expect(preview).toMatchObject({ code: 0, stderr: expect.stringContaining('Nothing was done.') });
    expect(preview.stdout).toMatch(
      /^cancel would change 2 instances\.\nbook-seat s-\d {2}running {4}would undo what was done, then end it/,
    );
    expect(both).toMatchObject({ code: 2, stderr: expect.stringContaining('Give either an instance or a filter.') });
    expect(none).toMatchObject({ code: 2, stderr: expect.stringContaining('No instance was named.') });
    expect(wrong).toMatchObject({ code: 2, stderr: expect.stringContaining('has the field "proces"') });
    expect(unreasoned).toMatchObject({ code: 2, stderr: expect.stringContaining('--where was given without --reason.') });
    const begun = await run(...filter, '--yes', '--rate', '50');
    const [, id = ''] = /tutti bulk describe (\S+)/.exec(begun.stderr) ?? [];
    await vi.waitUntil(async () => (await run('bulk', 'describe', id)).stdout.includes('2 of 2 done'), { timeout: 60_000, interval: 500 });
    const [listed, results, shown, late] = await Promise.all([
      run('bulk', '--json'),
      run('bulk', 'results', id),
      run('show', 'tutti--bulk', id),
      run('bulk', 'cancel', id, '--reason', 'x'),
    ]);
    expect(JSON.parse(listed.stdout)).toMatchObject({
      id,
      act: 'cancel',
      status: 'completed',
      of: 2,
      done: 2,
      reason: 'the hall is closed',
      by: 'dev',
    });
    expect(results.stdout.trim().split('\n').toSorted()).toEqual([
      expect.stringMatching(/^book-seat s-1 {2}done {6}cancelled$/),
      expect.stringMatching(/^book-seat s-2 {2}done {6}cancelled$/),
    ]);
    expect(shown.stdout).toMatch(/sends cancel to book-seat s-\d/);
    expect(late).toMatchObject({ code: 1, stderr: expect.stringContaining('CLOSED') });
  });
});
