import { describe, expect, test } from 'vitest';
import { languageFindings } from './language.ts';
import { readSource } from './source-text.ts';
import { readTree } from './source-tree.ts';

const findingsIn = (text: string): readonly string[] =>
  languageFindings({ text, ...readSource(text) }).map(({ line, text: sentence }) => `${line} ${sentence}`);

describe('language', () => {
  test('comments, messages and titles of every file follow CONTRIBUTING.md#language', () => {
    const faults = [...readTree().values()]
      .filter(({ path }) => !path.startsWith('test/tidy/language'))
      .flatMap((file) => languageFindings(file).map(({ line, text, instead }) => `${file.path}:${line} "${text}": ${instead}`));
    expect(faults).toEqual([]);
  });
});

describe('the check itself', () => {
  test('finds a sentence that does not start with a noun', () => {
    expect(findingsIn('/** Sends. What was sent is kept. */\n// Where none is, it waits.\n// What is kept?')).toEqual([
      '1 What was sent is kept.',
      '2 Where none is, it waits.',
    ]);
  });

  test('reports a sentence of several lines at its first line', () => {
    expect(findingsIn('/**\n * Sends it. Nobody\n * waits for it.\n */')).toEqual(['2 Nobody waits for it.', '2 Nobody waits for it.']);
  });

  test('finds banned words in comments, messages and titles, and none in code', () => {
    expect(findingsIn("// The log is mended.\nconst mended = 'mend';\nthrow new Error('it must be sent for ever');")).toEqual([
      '1 The log is mended.',
      '3 it must be sent for ever',
    ]);
    expect(findingsIn('// The patch `mend()` runs.\nconst anew = `${whoever} runs the job`;')).toEqual([]);
  });

  test('reads the text behind a tag, a rule or a bullet as a sentence', () => {
    expect(findingsIn('/**\n * @default what was given\n * R1 Who asks waits.\n * - Where it ends\n */')).toEqual([
      '2 what was given',
      '3 Who asks waits.',
      '3 Who asks waits.',
      '4 Where it ends',
    ]);
  });
});
