import { existsSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { expect, test } from 'vitest';
import { readTree, root } from './source-tree.ts';

/** The paths of the tree in a page: a line is indented below its folder, which ends with a slash. */
function pathsOf(page: string): readonly string[] {
  const tree = /## Code map[^]*?```\n([^]*?)```/.exec(page)?.[1] ?? '';
  const parents: string[] = [];
  return tree
    .split('\n')
    .filter((line) => line.trim() !== '')
    .map((line) => {
      const depth = (line.length - line.trimStart().length) / 2;
      const path = `${parents[depth - 1] ?? ''}${line.trim().split(' ')[0]!}`;
      parents[depth] = path;
      return path;
    });
}

const mapped = pathsOf(readFileSync(join(root, 'ARCHITECTURE.md'), 'utf8'));

test('each file and folder of the code map of ARCHITECTURE.md exists', () => {
  expect(mapped.filter((path) => !existsSync(join(root, path)))).toEqual([]);
});

test('the code map of ARCHITECTURE.md lists each folder of lib', () => {
  const folders = new Set([...readTree().keys()].filter((path) => path.startsWith('lib/')).map((path) => dirname(path)));
  const known = new Set(mapped.flatMap((path) => [path.replace(/\/$/, ''), dirname(path)]));
  expect([...folders].filter((folder) => !known.has(folder))).toEqual([]);
});

test('a line of the code map belongs to the folder under which it is indented', () => {
  expect(pathsOf('## Code map\n```\nlib/  all\n  core/  kernel\n    apply.ts  facts\n  ports/  interfaces\n```')).toEqual([
    'lib/',
    'lib/core/',
    'lib/core/apply.ts',
    'lib/ports/',
  ]);
});
