import { commentsOf } from './citations.ts';
import { lineAt } from './source-text.ts';
import type { SourceFile } from './source-tree.ts';

/** A sentence that breaks a rule of CONTRIBUTING.md#language, and the remedy. */
export interface Finding {
  readonly line: number;
  readonly text: string;
  readonly instead: string;
}

interface Rule {
  readonly pattern: RegExp;
  readonly instead: string;
}

const CONDITION = 'begin with the noun, or with If or When';

/** The subject of a sentence is a noun of the code. A question may begin with any of these words. */
const starts: readonly Rule[] = [
  { pattern: /^(?:What|Whatever|Which|Whichever)\b(?!.*\?$)/i, instead: 'begin with the noun that is meant' },
  { pattern: /^(?:Who|Whoever|Whose|Nobody|Somebody|Anybody|Everybody)\b(?!.*\?$)/i, instead: 'name the component that acts' },
  { pattern: /^Where\b(?!.*\?$)/i, instead: CONDITION },
  { pattern: /^(?:Also|So|But|Not|Not so|Nor|And|Or)\b(?!,)/, instead: CONDITION },
];

/** Words that the field does not use, with those that it uses. */
const words: readonly Rule[] = [
  {
    pattern: /\bwho(?:m|ever|soever)?\b(?! is on call)/i,
    instead: 'the name of the component, or "the caller", "the user", "an operator"',
  },
  { pattern: /\b(?:some|no|any|every)body\b/i, instead: 'the name of the component, or "nothing", "no caller", "an operator"' },
  { pattern: /\bbef[ae]ll?(?:s|en)?\b/i, instead: 'happens to, affects' },
  { pattern: /\bmend(?:s|ed|ing)?\b/i, instead: 'fix' },
  { pattern: /\banew\b/i, instead: 'again' },
  { pattern: /\bfor ever\b/i, instead: 'indefinitely, never ends' },
  { pattern: /\bat the (?:most|least|earliest|latest)\b/i, instead: 'at most, at least' },
  { pattern: /\b(?:is|are|was|were|be|been|being) told\b|\btold (?:of|that|to)\b/i, instead: 'is notified, receives, reports' },
  { pattern: /\b(?:hears?|heard|hearing)\b/i, instead: 'subscribes to, handles, receives' },
  { pattern: /\b(?:bury|buries|buried|entombed)\b/i, instead: 'move to the dead-letter queue, record as cancelled' },
  { pattern: /\blets? go of\b|\bis let go\b/i, instead: 'release, drop' },
  { pattern: /\bin its hands?\b|\bin hand\b/i, instead: 'in flight' },
  { pattern: /\bunder way\b/i, instead: 'in progress, in flight' },
  { pattern: /\bworth a word\b|\bis to blame\b|\bat fault\b/i, instead: 'say what is wrong' },
  { pattern: /\bgives? (?:it|them|back|the message back)\b(?= back)|\bgive-?back\b/i, instead: 'release, return to the queue' },
  { pattern: /\botherwise than\b|\bas it stands\b|\bhow (?:it|they) stands?\b/i, instead: 'differs from, current state' },
];

export function languageFindings(file: Pick<SourceFile, 'text' | 'plain' | 'code'>): readonly Finding[] {
  return [...sentencesOfComments(commentsOf(file.text, file.plain)), ...sentencesOfStrings(file)]
    .flatMap(({ text, line }) => findingsIn(text, line))
    .toSorted((one, other) => one.line - other.line);
}

/** The findings in one sentence. A text that need not start with a noun is not `whole`. */
export function findingsIn(text: string, line: number, { whole = true } = {}): readonly Finding[] {
  return [
    ...(whole ? starts : []).filter(({ pattern }) => pattern.test(text)).map(({ instead }) => ({ line, text, instead })),
    ...words.flatMap(({ pattern, instead }) => {
      const word = pattern.exec(text)?.[0];
      return word === undefined ? [] : [{ line, text, instead: `in place of '${word}' write ${instead}` }];
    }),
  ];
}

interface Sentence {
  readonly text: string;
  readonly line: number;
}

/** Code in backticks or quotes is not language. */
const withoutCode = (text: string): string => text.replaceAll(/`[^`]*`|'[^'\s]*'|"[^"\s]*"/g, 'X');

function sentencesOfComments(comments: string): readonly Sentence[] {
  return [...comments.matchAll(/\/\*\*?([\s\S]*?)\*\/|\/\/(.*)/g)].flatMap((match) => {
    const body = (match[1] ?? match[2] ?? '').replaceAll(/^[ \t]*\*(?!\/)[ \t]?/gm, (star) => ' '.repeat(star.length));
    const start = match.index + match[0].indexOf(match[1] ?? match[2] ?? '');
    return sentencesIn(body).map(({ text, offset }) => ({ text, line: lineAt(comments, start + offset) }));
  });
}

/** Strings with words in them: errors, output, titles. The inside of a string is what `code` has blank and `plain` has not. */
function sentencesOfStrings({ plain, code }: Pick<SourceFile, 'plain' | 'code'>): readonly Sentence[] {
  const found: Sentence[] = [];
  for (const match of plain.matchAll(/(['"`])((?:\\.|(?!\1)[^\\])*)\1/g)) {
    const inside = match[2] ?? '';
    if (code.slice(match.index + 1, match.index + 1 + inside.length).trim() === inside.trim()) continue;
    const text = inside.replaceAll(/\$\{[^}]*\}/g, 'X').replaceAll('\\n', ' ');
    if (!/[a-z]{2,} [a-z]+ [a-z]+/i.test(text) || /^[^a-z]*(?:SELECT|INSERT|UPDATE|DELETE|CREATE|PRAGMA|attribute_)/i.test(text)) continue;
    found.push(...sentencesIn(text).map(({ text: sentence, offset }) => ({ text: sentence, line: lineAt(plain, match.index + offset) })));
  }
  return found;
}

export function sentencesIn(text: string): readonly { readonly text: string; readonly offset: number }[] {
  return [...text.matchAll(/[^.!?\n](?:[^.!?\n]|[.!?](?!\s|$)|\n(?!\s*(?:\n|@|-|[A-Z]\d{1,2}[: ]|\|)))*[.!?]?/g)]
    .map((match) => ({
      text: withoutCode(match[0].replaceAll(/\s+/g, ' ').trim()).replace(/^(?:@\w+ |[A-Z]\d{1,2}[:.]? |- |\d+\. )+/, ''),
      offset: match.index,
    }))
    .filter(({ text: sentence }) => sentence.includes(' '));
}
