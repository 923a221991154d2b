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

test('README.md has the sums of the pages, in whole dollars', () => {
  const sums = (page: string, row: RegExp): readonly string[] =>
    (row.exec(read(page)) ?? []).slice(1).map((sum) => `$${Math.round(Number(sum))}`);
  const [idle] = sums('docs/deploying.md', /^\| \*\*sum\*\* \| \$([\d.]+)/m);
  const [steps] = sums('docs/cost.md', /^\| Step Functions Standard \| \$([\d.]+)/m);
  const [durable] = sums('docs/cost.md', /^\| Lambda durable functions \| \$([\d.]+)/m);
  const [most] = sums('docs/cost.md', /^\| warm environments[^|]*\| \*\*\$([\d.]+)/m);
  const [least] = sums('docs/cost.md', /^\| cold environments[^|]*\|[^|]*\| \*\*\$([\d.]+)/m);
  const shown = read('README.md').replaceAll(/\s+/g, ' ');
  expect(shown).toContain(`About ${idle} a month when nothing happens`);
  expect(shown).toContain(
    `${least} to ${most} for a million bookings of four steps; the same costs ${steps} in Step Functions, ${durable} in`,
  );
});

test('README.md shows the current text of the first system and its test', () => {
  const shown = [...read('README.md').matchAll(/```ts\n\/\/ (\S+)\n([\s\S]*?)```/g)].map(([, name = '', code]) => [name, code]);
  const first = ['book-seat.ts', 'book-seat.test.ts'];
  expect(shown).toEqual(first.map((name) => [name, read(`examples/first-process/${name}`)]));
});
