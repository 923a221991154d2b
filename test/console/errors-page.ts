import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { root } from '../tidy/source-tree.ts';

/** The remedies of a chapter of docs/errors.md, by code, without marks of code. */
export function chapterOf(title: string): ReadonlyMap<string, string> {
  const chapter = readFileSync(join(root, 'docs/errors.md'), 'utf8')
    .split(/^# /m)
    .find((part) => part.startsWith(`${title}\n`));
  const sections = (chapter ?? '').split(/^### /m).slice(1);
  return new Map(
    sections.map((section) => {
      const [remedy = ''] = (section.split('Remedy: ')[1] ?? '').split('\n\n');
      return [section.split('\n')[0] as string, remedy.trim().replaceAll(/\s+/g, ' ').replaceAll('`', '')];
    }),
  );
}
