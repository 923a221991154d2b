import { expect, test } from 'vitest';
import { lineAt } from './source-text.ts';
import { readTree, type SourceFile } from './source-tree.ts';

/** The title of a test: the first string behind `test(` or `test.each(…)(`, or the end of a list of cases. */
const TITLE = /(?:\btest(?:\.\w+)*\(|^ *\](?: as const)?\)\()\s*(['"`])((?:\\.|(?!\1)[^\\\n])*)\1\s*,/gm;

/** Words that continue a sentence of another test. A title may continue that of its `describe`. */
const FRAGMENT = /^(?:also|and|but|nor|or|so|then)\b/;

function fragmentsIn({ plain, code }: Pick<SourceFile, 'plain' | 'code'>): readonly { readonly line: number; readonly title: string }[] {
  return [...plain.matchAll(TITLE)]
    .filter((match) => code[match.index] === plain[match.index])
    .map((match) => ({ line: lineAt(plain, match.index), title: match[2]! }))
    .filter(({ title }) => FRAGMENT.test(title));
}

test('no title of a test continues the sentence of another test', () => {
  const faults = [...readTree().values()].flatMap((file) =>
    fragmentsIn(file).map(({ line, title }) => `${file.path}:${line} "${title}": say the whole behaviour, beginning with its subject`),
  );
  expect(faults).toEqual([]);
});
