import { execFile } from 'node:child_process';
import { mkdtemp, readdir, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { delimiter, join, relative } from 'node:path';
import { existsSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';

const here = fileURLToPath(new URL('.', import.meta.url));
const isInstalled = (tool: string): boolean =>
  (process.env['PATH'] ?? '').split(delimiter).some((folder) => existsSync(join(folder, tool)));
const canSearch = isInstalled('spin') && isInstalled('gcc');
const INSTALL = 'On Debian: apt-get install -y spin gcc';

let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'tutti-models-'));
});
afterEach(() => rm(folder, { recursive: true }));

/** Runs all.sh on these rows, with a folder of its own for what it builds. */
const run = async (
  rows: string,
  path = process.env['PATH'],
  more: NodeJS.ProcessEnv = {},
): Promise<{ readonly code: number; readonly output: string }> => {
  const file = join(folder, 'rows.txt');
  await writeFile(file, rows);
  return new Promise((resolve) => {
    execFile('/bin/bash', [join(here, 'all.sh'), file], { env: { PATH: path, TMPDIR: folder, ...more } }, (error, stdout, stderr) => {
      resolve({ code: error ? Number(error.code) : 0, output: stdout + stderr });
    });
  });
};

/** The expected result. Without spin, each test still proves that the script names the missing tool and does not pass. */
const outcome = (code: number, text: string): unknown =>
  canSearch ? { code, output: expect.stringContaining(text) } : { code: 2, output: expect.stringContaining(INSTALL) };

// The compilation of a model takes seconds while other models compile.
describe('the search of all models', { timeout: 120_000 }, () => {
  test('names the packages to install if its tools are missing, and does not pass', async () => {
    const { code, output } = await run('head.pml | recommended | -DF=0 | pass | |\n', '/nowhere');
    expect(code).toBe(2);
    expect(output).toBe(`The models need spin and a C compiler; missing: spin gcc. ${INSTALL}\n`);
  });

  test('passes if a sound protocol is searched to its end and a mutant breaks the assertion of its row', async () => {
    const rows = 'late.pml | sound | -DF=0 | pass | |\nlate.pml | LATE_IS_NOOP | -DF=0 -DLATE_IS_NOOP | fail | effect==settled |\n';
    expect(await run(`# a comment\n${rows}`)).toEqual(outcome(0, '2 of 2 rows as expected, 0 wrong'));
    expect(await readdir(folder)).toEqual(['rows.txt']);
  });

  test('leaves out the rows that exceed the allowed time, and prints their number', async () => {
    const rows = 'late.pml | sound | -DF=0 | pass | | 2\nlate.pml | LATE_IS_NOOP | -DF=0 -DLATE_IS_NOOP | fail | effect==settled | 3\n';
    const text = 'were left out';
    const { code, output } = await run(rows, process.env['PATH'], { ROW_SECONDS_MAX: '2' });
    expect({ code, output }).toEqual(outcome(0, text));
    if (canSearch) expect(output).toMatch(/1 of 1 rows as expected, 0 wrong.*\n1 rows of usually more than 2 CPU s were left out\n$/);
    expect(await run(rows, process.env['PATH'], { ROW_SECONDS_MAX: '2s' })).toEqual(
      canSearch ? { code: 2, output: expect.stringContaining('ROW_SECONDS_MAX is 2s') } : outcome(2, INSTALL),
    );
  });

  test.each([
    ['a mutant that finds no error', 'late.pml | m | -DF=0 | fail | effect==settled |', 'WRONG, must break effect==settled'],
    ['a mutant that breaks another assertion', 'late.pml | m | -DF=0 -DLATE_IS_NOOP | fail | nU== |', 'WRONG, must break nU=='],
    ['a mutant that names no assertion', 'late.pml | m | -DF=0 -DLATE_IS_NOOP | fail | |', 'WRONG, names no assertion'],
    ['a protocol with an error', 'late.pml | p | -DF=0 -DLATE_IS_NOOP | pass | |', 'WRONG, must pass'],
    ['a model that is not Promela', 'all.sh | p | -DF=0 | pass | |', 'spin failed'],
    ['a model that does not exist', 'none.pml | p | -DF=0 | pass | |', 'WRONG, must pass'],
    ['an unknown expectation', 'late.pml | p | -DF=0 | maybe | |', "WRONG, expects 'maybe'"],
  ])('fails on %s', async (_, row, text) => {
    expect(await run(`${row}\n`)).toEqual(outcome(1, text));
  });

  test('fails on a model with an else that waits until no fault is left', async () => {
    const [around, apart] = ['', 'true -> '].map(
      (guard) => `byte faults = 1; active proctype p() { if :: faults > 0 -> faults-- :: ${guard}if :: faults == 9 :: else fi fi }`,
    );
    const row = async (name: string, model = ''): Promise<string> => {
      await writeFile(join(folder, name), `${model}\n`);
      return `${relative(here, join(folder, name))} | m | -DF=0 | pass | |\n`;
    };
    expect(await run(await row('around.pml', around))).toEqual(outcome(1, 'an else waits for faults'));
    expect(await run(await row('apart.pml', apart))).toEqual(outcome(0, '1 of 1 rows as expected'));
  });

  test('does not pass if there is nothing to search', async () => {
    expect(await run('# only a comment\n')).toEqual(outcome(2, 'No rows in'));
  });
});
