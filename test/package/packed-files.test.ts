import { execFileSync } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { dirname, join, normalize } from 'node:path';
import { expect, test } from 'vitest';

const root = join(import.meta.dirname, '../..');
const read = (path: string): string => readFileSync(join(root, path), 'utf8');

/** What `npm pack` takes; `dist` is there only after a build. */
const packed = (
  JSON.parse(execFileSync('npm', ['pack', '--dry-run', '--json', '--ignore-scripts'], { cwd: root, encoding: 'utf8' })) as readonly [
    { readonly files: readonly { readonly path: string }[] },
  ]
)[0].files
  .map(({ path }) => path)
  .filter((path) => !path.startsWith('dist/'));

test('the package holds the pages, the examples with their journals, and nothing that was only built or run', () => {
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

/** A page less its blocks of code, in which `](` is no link. */
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

test('README.md shows the first process and its handlers as they stand', () => {
  const shown = [...read('README.md').matchAll(/```ts\n([\s\S]*?)```/g)].map(([, code]) => code);
  expect(shown.slice(0, 2)).toEqual([read('examples/first-process/book-seat.ts'), read('examples/first-process/services.ts')]);
});
