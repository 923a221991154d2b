import { execFileSync } from 'node:child_process';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { beforeAll, expect, test } from 'vitest';
import { root } from '../tidy/source-tree.ts';
import { filesOf, pageOf } from './page.ts';

const page = join(root, 'docs/one-reply.md');
/** Limits for the reader of the path: merge files that do one thing, rather than raise them. */
const FILES_MAX = 40;
const ENTRIES_MAX = 2;

let phases: readonly (readonly string[])[];
let files: readonly string[];
let sent: number;

beforeAll(() => {
  const printed = execFileSync(process.execPath, ['--conditions=source', '--import', 'tsx', 'test/one-reply/measure.ts'], {
    cwd: root,
    encoding: 'utf8',
  });
  const reply = JSON.parse(printed) as { readonly phases: readonly (readonly string[])[]; readonly sent: number };
  sent = reply.sent;
  phases = reply.phases;
  files = [...new Set(phases.flat())].toSorted();
}, 60_000);

test('docs/one-reply.md names each file that a cold reply runs through; WRITE_ONE_REPLY=1 writes it', () => {
  if (process.env['WRITE_ONE_REPLY'] === '1') writeFileSync(page, pageOf(root, files));
  const text = readFileSync(page, 'utf8');
  expect(filesOf(text)).toEqual(files);
  expect(text).toContain(`runs through ${files.length} files`);
});

test(`a cold reply runs through at most ${FILES_MAX} files of lib`, () => {
  expect(sent).toBe(1);
  expect(files.slice(FILES_MAX)).toEqual([]);
});

test(`the path of a reply enters no file more than ${ENTRIES_MAX} times, except the adapters, which each call of a port enters`, () => {
  const entries = (file: string): number =>
    phases.filter((phase, at) => phase.includes(file) && !(phases[at - 1]?.includes(file) ?? false)).length;
  const often = files.filter((file) => !file.startsWith('lib/adapters/') && entries(file) > ENTRIES_MAX);
  expect(often).toEqual([]);
});
