import { lineAt } from './source-text.ts';
import type { SourceFile } from './source-tree.ts';

/** A word of the builders of Tutti in a text that an author or an operator reads. */
export interface BuildersWord {
  readonly line: number;
  readonly word: string;
  readonly instead: string;
}

interface Rule {
  readonly pattern: RegExp;
  readonly instead: string;
  /** Paths whose readers know the word. */
  readonly except?: string;
}

/** Words of the protocol and of the code. A message at night says what they mean. */
const words: readonly Rule[] = [
  // The test kit has a method `settle`.
  { pattern: /\b(?:un)?settl(?:e|es|ed|ing)\b/i, instead: 'ask for the final outcome; all work is done', except: 'lib/testing/' },
  { pattern: /\bticks?\b/i, instead: 'the wake-up of a timer' },
  { pattern: /\btombstones?\b/i, instead: 'a withdrawn command whose late success is undone' },
  { pattern: /\bcarriers?\b/i, instead: 'the event that caused it' },
  { pattern: /\bhot[- ]lane\b(?!\.fifo)/i, instead: 'the queue of contended instances' },
  { pattern: /\bparked? (?:it )?(?:beside|apart)\b/i, instead: 'kept for the resume of the instance; listed by tutti parked' },
  { pattern: /\bmend(?:s|ed|ing)?\b/i, instead: 'fix' },
  { pattern: /\bpoison(?:s|ed|ous)?\b/, instead: 'the cause, such as a bug; POISON is a code' },
  { pattern: /\bearly buffer\b/i, instead: 'the events that wait for the start' },
];

/** Strings of at least two words, in code that prints, throws, logs or describes. */
export function buildersWords({ path, plain, code }: Pick<SourceFile, 'path' | 'plain' | 'code'>): readonly BuildersWord[] {
  return [...plain.matchAll(/(['"`])((?:\\.|(?!\1)[^\\])*)\1/g)].flatMap((match) => {
    const inside = match[2] ?? '';
    const text = inside.replaceAll(/\$\{[^}]*\}/g, (hole) => '#'.repeat(hole.length));
    // The inside of a string is blank in `code`. Names of events, queues and modules have no space.
    const isCode = code.slice(match.index + 1, match.index + 1 + inside.length).trim() === inside.trim();
    if (isCode || !/[a-z#] [a-z#(]/i.test(text)) return [];
    return words
      .filter(({ except }) => except === undefined || !path.startsWith(except))
      .flatMap(({ pattern, instead }) => {
        const word = pattern.exec(text)?.[0];
        return word === undefined ? [] : [{ line: lineAt(plain, match.index), word, instead }];
      });
  });
}
