import { execFileSync } from 'node:child_process';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { root } from '../tidy/source-tree.ts';
import { filesOf, pageOf } from './page.ts';

const page = join(root, 'docs/one-reply.md');

test('docs/one-reply.md names each file that a cold reply runs through; WRITE_ONE_REPLY=1 writes it', () => {
  const printed = execFileSync(process.execPath, ['--conditions=source', '--import', 'tsx', 'test/one-reply/measure.ts'], {
    cwd: root,
    encoding: 'utf8',
  });
  const { files, sent } = JSON.parse(printed) as { readonly files: readonly string[]; readonly sent: number };
  expect(sent).toBe(1);
  if (process.env['WRITE_ONE_REPLY'] === '1') writeFileSync(page, pageOf(root, files));
  const text = readFileSync(page, 'utf8');
  expect(filesOf(text)).toEqual(files);
  expect(text).toContain(`runs through ${files.length} files`);
});
