import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { pageFindings } from './language-of-pages.ts';
import { filesUnder, root } from './source-tree.ts';

const CHARACTERS_MAX = 120;
const pages = filesUnder('.').filter((path) => path.endsWith('.md'));

/** The lines of a page, without the content of code blocks and tables. Line numbers do not change. */
function proseOf(page: string): readonly string[] {
  let inCode = false;
  return page.split('\n').map((line) => {
    const fence = /^\s*(?:```|~~~)/.test(line);
    if (fence) inCode = !inCode;
    return inCode || fence || /^\s*\|/.test(line) ? '' : line;
  });
}

/** The numbers of the lines that are too long. A line that is one long word, such as a link, cannot be broken. */
function longLinesOf(page: string): readonly number[] {
  return proseOf(page).flatMap((line, index) => (line.length > CHARACTERS_MAX && /\S\s+\S/.test(line) ? [index + 1] : []));
}

describe('pages', () => {
  test('a line of prose has at most 120 characters', () => {
    const faults = pages.flatMap((path) =>
      longLinesOf(readFileSync(join(root, path), 'utf8')).map(
        (line) => `${path}:${line} has more than ${CHARACTERS_MAX} characters: break the line`,
      ),
    );
    expect(faults).toEqual([]);
  });

  test('the prose follows CONTRIBUTING.md#language', () => {
    const faults = pages
      .filter((path) => path !== 'CONTRIBUTING.md')
      .flatMap((path) =>
        pageFindings(readFileSync(join(root, path), 'utf8')).map(({ line, text, instead }) => `${path}:${line} "${text}": ${instead}`),
      );
    expect(faults).toEqual([]);
  });
});

describe('the check itself', () => {
  const long = 'word '.repeat(30);

  test('finds a long line of prose, and none in code or a table', () => {
    expect(longLinesOf(`${long}\n\`\`\`\n${long}\n\`\`\`\n| ${long} |\n- ${long}`)).toEqual([1, 6]);
  });

  test('accepts a line of one long word', () => {
    expect(longLinesOf(`https://example.com/${'x'.repeat(200)}`)).toEqual([]);
  });

  test('finds words and sentence starts in prose, and words alone in headings and tables', () => {
    const found = pageFindings(
      '## What it does\n\n**What we gave up.** Time. What is\nleft waits.\n\n| what | mended |\n\n1. Nobody waits.',
    );
    expect(found.map(({ line, text }) => `${line} ${text}`)).toEqual([
      '3 What is left waits.',
      '6 mended |',
      '8 Nobody waits.',
      '8 Nobody waits.',
    ]);
  });

  test('ignores code and the targets of links', () => {
    expect(pageFindings('See `mend()` in [the page](who/mended.md).\n```\nWhat is mended\n```')).toEqual([]);
  });
});
