import { execFileSync } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { dirname, join, normalize } from 'node:path';
import { expect, test } from 'vitest';

const root = join(import.meta.dirname, '../..');
const read = (path: string): string => readFileSync(join(root, path), 'utf8');

/** The files that `npm pack` includes, without `dist`, which exists only after a build. */
const packed = (
  JSON.parse(execFileSync('npm', ['pack', '--dry-run', '--json', '--ignore-scripts'], { cwd: root, encoding: 'utf8' })) as readonly [
    { readonly files: readonly { readonly path: string }[] },
  ]
)[0].files
  .map(({ path }) => path)
  .filter((path) => !path.startsWith('dist/'));

test('the package has the pages and the examples with their journals, and no files of a build or a run', () => {
  expect(packed).toEqual(
    expect.arrayContaining([
      'README.md',
      'docs/errors.md',
      'docs/protocol.md',
      'docs/replay.md',
      'docs/wire.md',
      'examples/first-process/carts.jsonl',
      'examples/user-activity/journals/ada.json',
      'examples/python-service/tutti/service.py',
    ]),
  );
  expect(packed.filter((path) => /__pycache__|\.tutti|\.venv|\.pyc$/.test(path))).toEqual([]);
});

/** The page without its code blocks, in which `](` is not a link. */
const withoutCode = (page: string): string => page.replaceAll(/^ *```[^]*?^ *```/gm, '');

test('each link of a packed page leads to a packed file', () => {
  const pages = packed.filter((path) => path.endsWith('.md'));
  const broken = pages.flatMap((page) =>
    [...withoutCode(read(page)).matchAll(/\]\(([^)#\s]+)(?:#[^)]*)?\)/g)]
      .map(([, link = '']) => link)
      .filter((link) => !/^https?:/.test(link))
      .map((link) => normalize(join(dirname(page), link)))
      .filter((target) => !packed.some((path) => path === target || path.startsWith(`${target.replace(/\/$/, '')}/`)))
      .map((target) => `${page} links to ${target}${existsSync(join(root, target)) ? ', which is not packed' : ', which is not there'}`),
  );
  expect(pages.length).toBeGreaterThan(5);
  expect(broken).toEqual([]);
});

test('README.md shows the current text of the first process and its handlers', () => {
  const shown = [...read('README.md').matchAll(/```ts\n([\s\S]*?)```/g)].map(([, code]) => code);
  expect(shown.slice(0, 2)).toEqual([read('examples/first-process/book-seat.ts'), read('examples/first-process/services.ts')]);
});
