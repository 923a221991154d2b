/** A piece of text that names a place of the project, and where it stands. */
export interface Citation {
  readonly text: string;
  readonly offset: number;
}

/** A path from the root of the project, and an anchor of that page. */
export interface Place {
  readonly path: string;
  readonly anchor: string | undefined;
}

const FOLDERS = 'lib|functions|bin|test|bench|examples|docs|\\.ci';

/** Pages, with or without an anchor, and files by their path from the root. */
const CITED = new RegExp(`(?<![\\w./-])(?:(?:[\\w-]+/)*[\\w-]+\\.md(?:#[\\w-]+)?|(?:${FOLDERS})/[\\w./-]*\\w\\.\\w+)(?![\\w/])`, 'g');

export function citationsIn(text: string): readonly Citation[] {
  return [...text.matchAll(CITED)].map((match) => ({ text: match[0], offset: match.index }));
}

export function placeOf({ text }: Citation): Place {
  const [path = '', anchor] = text.split('#');
  return { path, anchor };
}

/** Forms of a citation that no test can follow: a document without its path, a section or row by its number. */
const UNRESOLVABLE = [
  /\b(?:api|authoring|design|protocol|services|security|toolchain|verification)[.:]? (?:section )?\d+(?:\.\d+)*\b/gi,
  /\bdesign: \w+/gi,
  /§ ?\d+|\bsection \d+/gi,
  /\brows? \d+\b/gi,
];

export function unresolvableIn(text: string): readonly Citation[] {
  return UNRESOLVABLE.flatMap((pattern) => [...text.matchAll(pattern)].map((match) => ({ text: match[0], offset: match.index })));
}

/** Invariants by their bare number. */
export function invariantsIn(text: string): readonly Citation[] {
  return [...text.matchAll(/(?<![\w#-])I\d{1,2}(?![\w-])/g)].map((match) => ({ text: match[0], offset: match.index }));
}

/** Rules that are cited in brackets, as `(S2, S8)`. */
export function rulesIn(text: string): readonly Citation[] {
  return [...text.matchAll(/(?<!\w)\(([A-Z]\d{1,2}(?:, [A-Z]\d{1,2})*)\)/g)].flatMap((match) =>
    match[1]!.split(', ').map((rule) => ({ text: rule, offset: match.index })),
  );
}

/** Rules that a comment defines: a line begins with them. */
export function definedRules(comment: string): readonly string[] {
  return [...comment.matchAll(/^[ \t]*(?:\*|\/\/|\/\*\*)?[ \t]*([A-Z]\d{1,2})[: ] *\S/gm)].map((match) => match[1]!);
}

/** What is written where a comment is; all else is blank, so that offsets and lines stay. `plain` is the text without its comments. */
export function commentsOf(text: string, plain: string): string {
  return Array.from(text, (_, at) => (text[at] === plain[at] && text[at] !== '\n' ? ' ' : text[at])).join('');
}

/** The anchors of a Markdown page, as GitHub makes them of headings, and those that it has by `id`. */
export function anchorsOf(page: string): ReadonlySet<string> {
  const anchors = new Set([...page.matchAll(/<a id="([^"]+)"><\/a>/g)].map((match) => match[1]!));
  const counts = new Map<string, number>();
  for (const [, heading = ''] of withoutBlocks(page).matchAll(/^#{1,6} (.+)$/gm)) {
    const slug = slugOf(heading);
    const count = counts.get(slug) ?? 0;
    counts.set(slug, count + 1);
    anchors.add(count === 0 ? slug : `${slug}-${count}`);
  }
  return anchors;
}

function slugOf(heading: string): string {
  return heading
    .replaceAll(/\[([^\]]*)\]\([^)]*\)/g, '$1')
    .toLowerCase()
    .replaceAll(/[^\p{L}\p{N} _-]/gu, '')
    .trim()
    .replaceAll(' ', '-');
}

/** A page with its blocks of code blank. */
export function withoutBlocks(page: string): string {
  return page.replaceAll(/^ *```[^]*?^ *```/gm, (block) => block.replaceAll(/[^\n]/g, ' '));
}

/** Chapters of the same page that a page cites by number, as `section 4`. */
export function sectionsIn(page: string): readonly Citation[] {
  return [...withoutBlocks(page).matchAll(/\bsections? (\d+)\b/g)].map((match) => ({ text: match[1]!, offset: match.index }));
}

/** The links of a page that lead to a place of the project; code is no link. */
export function linksIn(page: string): readonly Citation[] {
  const text = withoutBlocks(page).replaceAll(/`[^`\n]*`/g, (code) => ' '.repeat(code.length));
  return [...text.matchAll(/\]\(([^)\s]+)\)/g)]
    .map((match) => ({ text: match[1]!, offset: match.index }))
    .filter((link) => !/^[a-z]+:/.test(link.text));
}

/** Paths of the project in the code spans of a page. */
export function pathsIn(page: string): readonly Citation[] {
  const whole = new RegExp(`^(?:${FOLDERS})/[\\w./-]*\\w\\.\\w+$`);
  return [...withoutBlocks(page).matchAll(/`([^`\n]+)`/g)]
    .map((match) => ({ text: match[1]!, offset: match.index }))
    .filter((code) => whole.test(code.text));
}
