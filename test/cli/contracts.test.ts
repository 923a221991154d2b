import { existsSync, lstatSync, mkdirSync, readdirSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { join, relative } from 'node:path';
import { expect, test, vi } from 'vitest';
import { inFolder, SEATS, tutti } from './command-line.ts';

// Each test starts programs, on a machine that may be busy.
vi.setConfig({ testTimeout: 120_000 });

test('contracts export writes the files that it prints, a repeated export writes the same bytes, and --json prints one object per line', async () => {
  await inFolder(async (folder) => {
    const out = join(folder, 'contracts');
    const first = await tutti('contracts', 'export', SEATS, '--out', out);
    expect([first.code, first.stderr]).toEqual([0, expect.stringMatching(/^\d+ files\.\n$/)]);
    const files = first.stdout.trim().split('\n');
    expect(files.map((file) => relative(out, file))).toEqual(
      expect.arrayContaining(['asyncapi.json', 'commands/desk.book.input.v1.json', 'events/seats.seat-wanted.v1.json']),
    );
    const texts = files.map((file) => readFileSync(file, 'utf8'));
    const second = await tutti('contracts', 'export', SEATS, '--out', out, '--json');
    expect(
      second.stdout
        .trim()
        .split('\n')
        .map((line) => (JSON.parse(line) as { readonly file: string }).file),
    ).toEqual(files);
    expect(files.map((file) => readFileSync(file, 'utf8'))).toEqual(texts);
  });
});

test('contracts export replaces a link in place of a file and refuses a link in place of a folder, so it never writes outside', async () => {
  await inFolder(async (folder) => {
    const [out, outside] = [join(folder, 'out'), join(folder, 'outside')];
    mkdirSync(out);
    mkdirSync(outside);
    const kept = join(outside, 'kept');
    writeFileSync(kept, 'mine');
    symlinkSync(kept, join(out, 'asyncapi.json'));
    const replaced = await tutti('contracts', 'export', SEATS, '--out', out);
    expect([replaced.code, readFileSync(kept, 'utf8'), lstatSync(join(out, 'asyncapi.json')).isFile()]).toEqual([0, 'mine', true]);
    expect(readdirSync(out, { recursive: true }).filter((name) => !/\.json$|^[a-z]+$/.test(String(name)))).toEqual([]);
    rmSync(join(out, 'events'), { recursive: true });
    symlinkSync(outside, join(out, 'events'));
    const refused = await tutti('contracts', 'export', SEATS, '--out', out);
    expect([refused.code, refused.stderr, readdirSync(outside)]).toEqual([
      2,
      expect.stringContaining('events is a link to another folder'),
      ['kept'],
    ]);
  });
});

test('contracts export exits 2 and writes nothing without --out, for a module without a system, and into a file', async () => {
  await inFolder(async (folder) => {
    const file = join(folder, 'taken');
    writeFileSync(file, '');
    const ended = await Promise.all([
      tutti('contracts', 'export', SEATS),
      tutti('contracts', 'export', join(folder, 'missing.ts'), '--out', join(folder, 'out')),
      tutti('contracts', 'export', SEATS, '--out', file),
    ]);
    expect(ended.map(({ code, stdout }) => [code, stdout])).toEqual([
      [2, ''],
      [2, ''],
      [2, ''],
    ]);
    expect(existsSync(join(folder, 'out'))).toBe(false);
  });
});

test('contracts check exits 0 without a breaking change, else prints each change and exits 1', async () => {
  await inFolder(async (folder) => {
    await tutti('contracts', 'export', SEATS, '--out', folder);
    const same = await tutti('contracts', 'check', SEATS, '--against', folder);
    expect(same).toEqual({ code: 0, stdout: '', stderr: 'No breaking change.\n' });
    // The earlier export gets a field that the system does not have.
    const file = join(folder, 'commands/desk.book.input.v1.json');
    const before = JSON.parse(readFileSync(file, 'utf8')) as { readonly properties: object };
    writeFileSync(file, JSON.stringify({ ...before, properties: { ...before.properties, row: { type: 'integer' } } }));
    const [changed, lines] = await Promise.all([
      tutti('contracts', 'check', SEATS, '--against', folder),
      tutti('contracts', 'check', SEATS, '--against', folder, '--json'),
    ]);
    expect(changed).toMatchObject({ code: 1, stdout: 'commands/desk.book.input.v1.json /properties/row - it was removed\n' });
    expect(changed.stderr).toContain('versions(old).next(new, upcast)');
    expect([lines.code, JSON.parse(lines.stdout)]).toEqual([
      1,
      { file: 'commands/desk.book.input.v1.json', at: '/properties/row', change: 'it was removed' },
    ]);
  });
});

test('contracts check exits 2 if the folder contains no export', async () => {
  await inFolder(async (folder) => {
    expect(await tutti('contracts', 'check', SEATS, '--against', folder)).toMatchObject({ code: 2, stdout: '' });
  });
});

test('contracts check counts the open runs that replay on this code, and prints the difference and exits 1 if a run does not', async () => {
  await inFolder(async (folder) => {
    const [against, where, runs] = ['contracts', 'state', 'runs'].map((name) => join(folder, name)) as [string, string, string];
    await tutti('contracts', 'export', SEATS, '--out', against);
    const events = join(folder, 'events.jsonl');
    writeFileSync(events, `${JSON.stringify({ type: 'seats.seat-wanted', data: { id: 's-1', seat: 'on hold' } })}\n`);
    await tutti('dev', SEATS, '--local', where, '--once', '--events', events);
    const check = ['contracts', 'check', SEATS, '--against', against];
    expect(await tutti(...check, '--local', where)).toEqual({
      code: 0,
      stdout: '',
      stderr: 'No breaking change.\n1 open run replays on this code.\n',
    });

    const shown = await tutti('show', 'book-seat', 's-1', '--json', '--payloads', '--local', where);
    const entries = shown.stdout
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line, (key, value: unknown) => (key === 'index' ? undefined : value)) as object);
    const other = entries.map((entry) => ('hash' in entry ? { ...entry, hash: '0'.repeat(16) } : entry));
    mkdirSync(runs);
    writeFileSync(join(runs, 'other.json'), JSON.stringify({ process: 'book-seat', id: 's-1', entries: other }));
    writeFileSync(join(runs, 'same.json'), JSON.stringify({ process: 'book-seat', id: 's-1', entries }));
    const [text, lines, both] = await Promise.all([
      tutti(...check, '--runs', runs),
      tutti(...check, '--runs', runs, '--json'),
      tutti(...check, '--runs', runs, '--local', where),
    ]);
    expect(text).toMatchObject({
      code: 1,
      stdout: expect.stringMatching(/^differs {2}other\.json\n +NONDETERMINISM: .*desk\.book:1 is passed {"seat":"on hold"} with hash/),
    });
    expect(text.stderr).toContain('2 open runs, of which 1 does not replay on this code: each becomes stuck at its next event.\n');
    expect([
      lines.code,
      ...lines.stdout
        .trim()
        .split('\n')
        .map((line) => JSON.parse(line) as unknown),
    ]).toEqual([1, { run: 'other.json', differences: [expect.stringContaining('NONDETERMINISM')] }, { runs: 2, differing: 1 }]);
    expect(both.code).toBe(2);
  });
});
