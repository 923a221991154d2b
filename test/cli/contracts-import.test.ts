import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { expect, test, vi } from 'vitest';
import { inFolder, SEATS, tutti } from './command-line.ts';

// Each test starts programs, on a machine that may be busy.
vi.setConfig({ testTimeout: 120_000 });

const here = fileURLToPath(new URL('.', import.meta.url));
const HOTELS = join(here, '../contract/imported/hotels.yaml');

test('a system whose service was exported and imported has no breaking change against the export', async () => {
  // Inside of this package, so that the written module finds tutti and zod.
  const folder = mkdtempSync(join(here, 'imported-'));
  try {
    const out = join(folder, 'desk.ts');
    await tutti('contracts', 'export', SEATS, '--out', join(folder, 'export'));
    const imported = await tutti('contracts', 'import', join(folder, 'export/asyncapi.json'), '--service', 'desk', '--out', out);
    expect(imported).toMatchObject({ code: 0, stdout: `${out}\n` });
    expect(imported.stderr).toBe('Note: messages that are not of desk were left out: seats.confirmed, seats.seat-wanted.\n');
    const module = readFileSync(SEATS, 'utf8').replace(/^const desk = [\s\S]*?^\}\);$/m, "import { desk } from './desk.ts';");
    expect(module).toContain("from './desk.ts'");
    writeFileSync(join(folder, 'seats.ts'), module);
    const checked = await tutti('contracts', 'check', join(folder, 'seats.ts'), '--against', join(folder, 'export'));
    expect(checked).toEqual({ code: 0, stdout: '', stderr: 'No breaking change.\n' });
  } finally {
    rmSync(folder, { recursive: true });
  }
});

test('contracts import prints the module without --out, and its notes on stderr', async () => {
  const { code, stdout, stderr } = await tutti('contracts', 'import', HOTELS, '--service', 'hotels', '--undo', 'book=cancel');
  expect(code).toBe(0);
  expect(stdout).toContain("export const hotels = service('hotels', {");
  expect(stdout).toContain('undo: { command: cancel, input: (_input, output) => output },');
  expect(stderr).toContain('Note: the format "date" is an annotation and is not checked');
});

test('contracts import replaces a file that an import wrote, and no other', async () => {
  await inFolder(async (folder) => {
    const out = join(folder, 'contracts/hotels.ts');
    const parts = ['contracts', 'import', HOTELS, '--service', 'hotels', '--out', out] as const;
    expect(await tutti(...parts)).toMatchObject({ code: 0 });
    const first = readFileSync(out, 'utf8');
    expect(await tutti(...parts)).toMatchObject({ code: 0 });
    expect(readFileSync(out, 'utf8')).toBe(first);
    writeFileSync(out, '// Written by hand.\n');
    const refused = await tutti(...parts);
    expect(refused).toMatchObject({ code: 2, stdout: '' });
    expect(refused.stderr).toContain('exists and no import wrote it: its first line is "// Written by hand.".');
    expect(readFileSync(out, 'utf8')).toBe('// Written by hand.\n');
  });
});

test('contracts import exits 2 with the file, the place and a remedy, and writes nothing', async () => {
  await inFolder(async (folder) => {
    const file = (name: string, text: string): string => {
      writeFileSync(join(folder, name), text);
      return join(folder, name);
    };
    mkdirSync(join(folder, 'out'));
    const out = join(folder, 'out/desk.ts');
    const message = 'payload: { type: array, uniqueItems: true }';
    const unique = file(
      'unique.yaml',
      `asyncapi: 3.0.0\noperations:\n  act:\n    action: receive\n    messages: [{ $ref: '#/components/messages/act' }]\ncomponents:\n  messages:\n    act: { ${message} }\n`,
    );
    const run = (document: string, ...more: readonly string[]) =>
      tutti('contracts', 'import', document, '--service', 'desk', '--out', out, ...more);
    const [gone, json, yaml, refused, undo, bare] = await Promise.all([
      run(join(folder, 'gone.yaml')),
      run(file('broken.json', '{')),
      run(file('broken.yaml', 'a: b: c')),
      run(unique),
      run(unique, '--undo', 'act'),
      tutti('contracts', 'import', unique),
    ]);
    for (const ended of [gone, json, yaml, refused, undo, bare]) expect(ended).toMatchObject({ code: 2, stdout: '' });
    expect(gone.stderr).toContain('gone.yaml cannot be read: ENOENT');
    expect(json.stderr).toMatch(/broken\.json is malformed: .*: expected JSON; a file in YAML ends with \.yaml or \.yml\./);
    expect(yaml.stderr).toContain('broken.yaml is malformed: ');
    expect(refused.stderr).toContain(
      'unique.yaml#/components/messages/act/payload/uniqueItems is true: zod has no equivalent of uniqueItems.',
    );
    expect(refused.stderr).toContain('import with --unchecked');
    expect(undo.stderr).toContain('Expected two commands, such as book=cancel.');
    expect(bare.stderr).toContain("required option '--service <name>' not specified");
    const accepted = await run(unique, '--unchecked');
    expect(accepted).toMatchObject({ code: 0 });
    expect(readFileSync(out, 'utf8')).toContain('// Note: uniqueItems is not checked (');
  });
});

test('contracts import has a help text with every option', async () => {
  const { code, stdout } = await tutti('contracts', 'import', '--help');
  expect(code).toBe(0);
  for (const part of ['<document>', '--service', '--out', '--undo', '--unchecked']) expect(stdout).toContain(part);
});
