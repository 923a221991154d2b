import { expect, test } from 'vitest';
import { readSource } from './source-text.ts';
import { readTree } from './source-tree.ts';

/** The call around a line feed that splits a text, writes a file, or hands a text to Commander. */
const TAKES_LINES = /\b(?:split|replaceAll|addHelpText|writeFileSync|write)\((?:[^()]|\([^()]*\))*$/;

/**
 * `Terminal` prints each argument as one line and escapes a line feed in it, because a payload with a line feed could forge a line. A file
 * that prints through it therefore hands over lines, and joins none.
 */
const joinedLines = (path: string, plain: string): string[] =>
  [...plain.matchAll(/\\n/g)]
    .filter(({ index }) => !TAKES_LINES.test(plain.slice(Math.max(0, index - 300), index)))
    .map(({ index }) => `${path}:${plain.slice(0, index).split('\n').length}`);

test('a file that prints through a Terminal hands over lines and joins none', () => {
  const files = [...readTree().values()].filter(
    ({ path, imports }) =>
      /^(?:bin|test\/simulation)\//.test(path) &&
      !path.endsWith('.test.ts') &&
      path !== 'bin/terminal.ts' &&
      imports.some(({ specifier }) => specifier.endsWith('/terminal.ts')),
  );
  expect(files.length).toBeGreaterThan(15);
  expect(files.flatMap(({ path, plain }) => joinedLines(path, plain))).toEqual([]);
});

test('finds a message of two lines, and a table that is joined to one text', () => {
  const text = "terminal.message(`stale.\\n  renew it`);\nreturn lines.join('\\n');\nterminal.print(...text.split('\\n'));";
  expect(joinedLines('a.ts', readSource(text).plain)).toEqual(['a.ts:1', 'a.ts:2']);
});
