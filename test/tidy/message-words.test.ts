import { describe, expect, test } from 'vitest';
import { buildersWords } from './message-words.ts';
import { readSource } from './source-text.ts';
import { readTree } from './source-tree.ts';

const shown = [...readTree().values()].filter(({ path }) => /^(?:lib|bin|functions)\//.test(path));

describe('a text that an author or an operator reads', () => {
  test('has no word that only the builders of Tutti know', () => {
    const found = shown.flatMap((file) =>
      buildersWords(file).map(({ line, word, instead }) => `${file.path}:${line} has '${word}': write ${instead}`),
    );
    expect(found, 'Say it in the words of the reader').toEqual([]);
  });

  test('is found in templates and in descriptions of options, and not in names or comments', () => {
    const words = (text: string): readonly string[] => buildersWords({ path: 'lib/x.ts', ...readSource(text) }).map(({ word }) => word);
    expect(words("throw bug(`A tick of ${pid} is lost.`); option('--x', 'the tombstone of it');")).toEqual(['tick', 'tombstone']);
    expect(words("// The carrier settles.\nqueue('hot-lane'); settle(); import './tick.ts';")).toEqual([]);
  });
});
